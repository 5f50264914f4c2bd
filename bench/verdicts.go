package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"hookwarden/bench/report"
)

const (
	streamApps    = 50
	streamRecords = 100 // two days of each app
)

func (b *bench) measureVerdicts(ctx context.Context) (report.Section, error) {
	s := report.Section{Title: "Verdicts", Notes: []string{fmt.Sprintf("One event of Buffer's stream with %d records, of today and of yesterday for each of %d apps, "+
		"handed to the warm disable function. A window has seven days of errors with a success two days ago, so nobody is disabled. "+
		"The stand-in answers at once: on AWS each read takes some milliseconds more, one after another.", streamRecords, streamApps)}}
	for _, c := range []struct {
		name    string
		success int // count in the records' images
	}{
		{"the windows healthy", 0},
		{"ruled out by a success in each image", 1},
	} {
		took, reads, err := b.verdicts(ctx, c.success)
		if err != nil {
			return s, err
		}
		f := report.Figure{Name: "100 stream records of 50 apps, " + c.name + ", ms", Format: "%.1f"}
		for _, t := range took {
			f.Add(t, 0)
		}
		queries := report.Figure{Name: "100 stream records of 50 apps, " + c.name + ", queries for each app", Format: "%g", Goal: report.Goal{Value: 1}}
		queries.Add(float64(reads["Query"])/streamApps, 0)
		s.Figures = append(s.Figures, f, queries)
		s.Tables = append(s.Tables, readsOf(c.name, reads))
	}
	return s, nil
}

func readsOf(name string, reads map[string]int) report.Table {
	t := report.Table{Title: "Reads for 100 records of 50 apps, " + name, Head: []string{"operation", "reads"}}
	for _, operation := range slices.Sorted(maps.Keys(reads)) {
		t.Rows = append(t.Rows, []string{operation, fmt.Sprint(reads[operation])})
	}
	if len(t.Rows) == 0 {
		t.Rows = [][]string{{"none", "0"}}
	}
	return t
}

// verdicts hands the event over once to warm up and then once for each run. took
// is in milliseconds; reads are those of one event.
func (b *bench) verdicts(ctx context.Context, success int) (took []float64, reads map[string]int, err error) {
	now := time.Now().UTC()
	l, err := openLoopback(answersAtOnce, nil)
	if err != nil {
		return nil, nil, err
	}
	defer l.close()
	l.aws.days = func(key string) []any { return window(key, now) }
	e, err := startEnvironment(ctx, b.now.program("disable"), settings{endpoint: l.aws.url})
	if err != nil {
		return nil, nil, err
	}
	d := &deliver{environment: e}
	defer d.stop()
	event, err := streamEvent(now, success)
	if err != nil {
		return nil, nil, err
	}
	if _, err := d.hand(event); err != nil {
		return nil, nil, err
	}
	reads = l.aws.counted()
	for range b.runs {
		t, err := d.hand(event)
		if err != nil {
			return nil, nil, err
		}
		took = append(took, milliseconds(t))
	}
	for operation, n := range l.aws.counted() {
		if n != reads[operation]*(b.runs+1) {
			return nil, nil, fmt.Errorf("not every event took the same requests: %d of %s", n, operation)
		}
	}
	return took, reads, nil
}

// window is seven days of an app: errors on each, and a success two days ago.
func window(key string, now time.Time) (items []any) {
	for ago := 6; ago >= 0; ago-- {
		day := object{"pk": text(key), "day": text(now.AddDate(0, 0, -ago).Format(time.DateOnly)), "error_count": object{"N": "2"}}
		if ago == 2 {
			day["success_count"] = object{"N": "1"}
		}
		items = append(items, day)
	}
	return items
}

func streamEvent(now time.Time, success int) ([]byte, error) {
	var e events.DynamoDBEvent
	for i := range streamRecords {
		pk := events.NewStringAttribute(fmt.Sprintf("app-%d#42#1", i%streamApps))
		day := events.NewStringAttribute(now.AddDate(0, 0, -(i / streamApps)).Format(time.DateOnly))
		image := map[string]events.DynamoDBAttributeValue{"pk": pk, "day": day, "error_count": events.NewNumberAttribute("2")}
		if success > 0 {
			image["success_count"] = events.NewNumberAttribute(fmt.Sprint(success))
		}
		e.Records = append(e.Records, events.DynamoDBEventRecord{
			EventID: fmt.Sprint(i), EventName: "MODIFY", EventSource: "aws:dynamodb", EventVersion: "1.1", AWSRegion: "us-east-1",
			EventSourceArn: "arn:aws:dynamodb:us-east-1:" + account + ":table/" + bufferTable + "/stream/2026-11-24T00:00:00.000",
			Change: events.DynamoDBStreamRecord{SequenceNumber: strings.Repeat("0", 20) + fmt.Sprint(i), StreamViewType: "NEW_IMAGE",
				Keys: map[string]events.DynamoDBAttributeValue{"pk": pk, "day": day}, NewImage: image},
		})
	}
	return json.Marshal(e)
}
