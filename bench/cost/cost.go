// Package cost is the model of what webhooks cost on AWS.
package cost

import (
	"fmt"
	"math"
	"time"
)

// Usage is what a number of webhooks have used.
type Usage struct {
	Webhooks    int
	Invocations int           // one for each batch
	Billed      time.Duration // time of all invocations, each rounded up to a millisecond
	WriteUnits  float64       // DynamoDB's
	ReadUnits   float64
	SQSRequests int // those that the function makes itself
	LogBytes    int // those that the function writes
}

// What the model assumes. Dollars are list prices in us-east-1.
const (
	sqsRequest     = 0.40 / 1e6
	lambdaRequest  = 0.20 / 1e6
	gigabyteSecond = 1.33334e-5 // arm64
	writeUnit      = 0.625 / 1e6
	readUnit       = 0.125 / 1e6
	logByte        = 0.50 / 1e9

	memory = 0.25 // GB
	// For each batch, the mapping receives once and deletes once.
	mappingRequests = 2
	// What Lambda itself logs for an invocation that succeeds, if logs are JSON and SystemLogLevel
	// is INFO. The line platform.runtimeDone has the level DEBUG and is left out.
	startLine  = `{"time":"2026-11-25T16:44:36.123Z","type":"platform.start","record":{"requestId":"79b4f56e-95b1-4643-9700-2807f4e68189","version":"$LATEST"}}`
	reportLine = `{"time":"2026-11-25T16:44:36.345Z","type":"platform.report","record":{"requestId":"79b4f56e-95b1-4643-9700-2807f4e68189",` +
		`"metrics":{"durationMs":220.672,"billedDurationMs":221,"memorySizeMB":256,"maxMemoryUsedMB":24},"status":"success"}}`
	// PlatformLines is the size of these lines in bytes.
	PlatformLines = len(startLine) + len(reportLine)
)

// Line is one line of the bill.
type Line struct {
	What    string
	Dollars float64 // for a million webhooks
}

// Bill is what a million webhooks cost: its lines and their total.
func Bill(u Usage) (lines []Line, total float64) {
	of := func(amount float64) float64 { return amount * 1e6 / float64(u.Webhooks) }
	invocations := float64(u.Invocations)
	lines = []Line{
		{"SQS: a receive and a delete for each batch, and deliver's own", of((mappingRequests*invocations + float64(u.SQSRequests)) * sqsRequest)},
		{"Lambda: invocations", of(invocations * lambdaRequest)},
		{"Lambda: 256 MB for as long as they take", of(u.Billed.Seconds() * memory * gigabyteSecond)},
		{"DynamoDB: write units", of(u.WriteUnits * writeUnit)},
		{"DynamoDB: read units", of(u.ReadUnits * readUnit)},
		{"CloudWatch Logs", of((float64(u.LogBytes) + float64(PlatformLines)*invocations) * logByte)},
	}
	for _, l := range lines {
		total += l.Dollars
	}
	return lines, total
}

// Sends is what the platform pays for sending a million webhooks, ten at a time.
const Sends = 1e6 / 10 * sqsRequest

// Dollars writes an amount to the cent. Half a cent is rounded up, even if its
// binary fraction is just below a half.
func Dollars(d float64) string { return fmt.Sprintf("$%.2f", math.Floor(d*100+0.5+1e-6)/100) }

// Billable is a duration as Lambda bills it.
func Billable(d time.Duration) time.Duration {
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}
