package dynamo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// AuditReader reads the Audit table, newest entry first.
type AuditReader struct {
	API   queryAPI
	Table string
}

// AuditQuery says which entries to read.
type AuditQuery struct {
	OrganizationID string // or BrakeAudit
	AppID          string // empty: of all apps
	Limit          int    // the most entries of a page, at least 1
	MaxRequests    int    // at least 1; each reads some thousands of entries
	After          string // AuditPage.Next of the page before; empty: the newest
}

// BrakeAudit is the OrganizationID of the openings of the brake.
const BrakeAudit = brakeKey

// AuditEntry is one entry.
type AuditEntry struct {
	Time      time.Time
	Event     string
	AppID     string
	Name      string
	Reason    string
	Level     platform.Level      // of a warning
	Diagnosis *platform.Diagnosis // of a disabling by the rule, and a warning; nil: nothing was known
	Evidence  []tally.Day         // oldest day first
	Actor     json.RawMessage     // who did it, as the platform said; nil if no person did
	SenderID  string              // who sent the message, as SQS stamped it; empty if nobody did
	Note      string
	Brake     platform.Brake // of an opening
	OpenUntil time.Time      // of an opening
}

// AuditPage is one page. Next is empty on the last.
type AuditPage struct {
	Entries []AuditEntry
	Next    string
}

// ErrBadAuditPage says that AuditQuery.After is no AuditPage.Next.
var ErrBadAuditPage = errors.New("not the end of a page of audit entries")

// Read reads one page.
func (t AuditReader) Read(ctx context.Context, q AuditQuery) (AuditPage, error) {
	in := &dynamodb.QueryInput{
		TableName:                 &t.Table,
		ScanIndexForward:          aws.Bool(false),
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: item{":pk": text(q.OrganizationID)},
	}
	if q.After != "" {
		if !strings.Contains(q.After, "#") {
			return AuditPage{}, ErrBadAuditPage
		}
		in.ExclusiveStartKey = item{"pk": text(q.OrganizationID), "sk": text(q.After)}
	}
	var page AuditPage
	for range q.MaxRequests {
		out, err := t.API.Query(ctx, in)
		if err != nil {
			return AuditPage{}, err
		}
		for _, i := range out.Items {
			entry := decodeAudit(i)
			if entry.Event == "" || q.AppID != "" && entry.AppID != q.AppID {
				continue // the brake's hours and its latch are not entries
			}
			page.Entries = append(page.Entries, entry)
			if len(page.Entries) == q.Limit {
				page.Next = item(i).text("sk")
				return page, nil
			}
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
		if page.Next = item(out.LastEvaluatedKey).text("sk"); page.Next == "" {
			break
		}
	}
	return page, nil
}

func decodeAudit(i item) AuditEntry {
	e := AuditEntry{Event: i.text("event"), AppID: i.text("app_id"), Name: i.text("name"), Reason: i.text("reason"),
		Level: platform.Level(i.text("level")), Diagnosis: i.diagnosis("diagnosis"),
		Evidence: i.evidence("evidence"), Actor: i.actor("actor").Raw, SenderID: i.text("sender_id"), Note: i.text("note"),
		OpenUntil: i.time("open_until")}
	if e.Event == eventBrakeOpen {
		e.Brake = platform.Brake(cmp.Or(i.text("brake"), string(platform.BrakeDisable)))
	}
	at, _, _ := strings.Cut(i.text("sk"), "#")
	e.Time, _ = platform.ParseTime(at)
	return e
}
