package dynamo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"hookwarden/shared/delivery"
	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

type failuresAPI interface {
	queryAPI
	getAPI
}

// Failures reads from the request log how an app's attempts failed.
type Failures struct {
	API   failuresAPI
	Table string
}

var _ disabling.Failures = Failures{}

// How much of the log is read for one app.
const (
	failuresRead    = 1000 // entries
	failuresQueries = 8
	failuresBudget  = 1500 * time.Millisecond
)

// Diagnose implements disabling.Failures from the index failures, and one entry of the table.
func (t Failures) Diagnose(ctx context.Context, appID string, days []tally.Date, since time.Time) (platform.Diagnosis, error) {
	ctx, cancel := context.WithTimeout(ctx, failuresBudget)
	defer cancel()
	divided := newAnswers()
	more, err := t.read(ctx, appID, days, since, divided.add)
	d := platform.Diagnosis{Answers: divided.commonest(), Read: divided.read, More: more && divided.read > 0}
	if len(d.Answers) == 0 {
		return d, err
	}
	newest := divided.newest[withoutCount(d.Answers[0])]
	d.Example = example(newest)
	if err == nil {
		err = t.complete(ctx, newest, d.Example)
	}
	return d.Bounded(), err
}

// read hands over entries of the index, newest first, and reports whether the index has
// older ones.
func (t Failures) read(ctx context.Context, appID string, days []tally.Date, since time.Time, add func(item)) (more bool, err error) {
	left, queries := failuresRead, failuresQueries
	for _, date := range slices.Backward(slices.Sorted(slices.Values(days))) {
		query := &dynamodb.QueryInput{
			TableName:                 &t.Table,
			IndexName:                 aws.String("failures"),
			ScanIndexForward:          aws.Bool(false),
			KeyConditionExpression:    aws.String("failed_app = :pk AND sk >= :since"),
			ExpressionAttributeValues: item{":pk": text(appID + "#" + string(date)), ":since": timestamp(since)},
		}
		for {
			if left == 0 || queries == 0 {
				return true, nil
			}
			query.Limit = aws.Int32(int32(left)) //nolint:gosec // at most failuresRead
			out, err := t.API.Query(ctx, query)
			if err != nil {
				return true, fmt.Errorf("read the failures of app %s on %s: %w", appID, date, err)
			}
			queries--
			left -= len(out.Items)
			for _, i := range out.Items {
				add(i)
			}
			if query.ExclusiveStartKey = out.LastEvaluatedKey; len(out.LastEvaluatedKey) == 0 {
				break
			}
		}
	}
	return false, nil
}

// complete adds to an example what only the table has. It reads what was logged about the
// answer, and never what was sent.
func (t Failures) complete(ctx context.Context, entry item, e *platform.FailedRequest) error {
	out, err := t.API.GetItem(ctx, &dynamodb.GetItemInput{TableName: &t.Table, Key: item{"pk": entry["failed_app"], "sk": entry["sk"]},
		ProjectionExpression: aws.String("duration_ms, detail, response_body")})
	if err != nil {
		return fmt.Errorf("read a failure of %s: %w", entry.text("failed_app"), err)
	}
	i := item(out.Item)
	e.DurationMS, e.Detail = i.number("duration_ms"), i.text("detail")
	if body := i.text("response_body"); !strings.HasPrefix(body, delivery.NotText) {
		e.Body = body
	}
	return nil
}

func example(i item) *platform.FailedRequest {
	e := decodeEntry(i)
	return &platform.FailedRequest{At: platform.FormatTime(e.Time), WebhookID: e.WebhookID, EventType: e.EventType,
		Outcome: e.Outcome, Code: e.Code, Status: e.ResponseCode}
}

// answers is failures, grouped by how they ended.
type answers struct {
	counts map[platform.Answer]int64 // by an answer without its count
	newest map[platform.Answer]item
	read   int64
}

func newAnswers() *answers {
	return &answers{counts: make(map[platform.Answer]int64), newest: make(map[platform.Answer]item)}
}

// add adds an entry of the index; entries come newest first. It ignores expired webhooks,
// which are not attempts, and what may be a fault of ours, which is not an answer.
func (a *answers) add(i item) {
	e := decodeEntry(i)
	if !e.Sent || webhook.Code(e.Code).MayBeOurs() {
		return
	}
	of := platform.Answer{Outcome: e.Outcome, Code: e.Code, Status: e.ResponseCode}
	if a.counts[of] == 0 {
		a.newest[of] = i
	}
	a.counts[of]++
	a.read++
}

// commonest is the answers, the most frequent first, and by name if equally frequent.
func (a *answers) commonest() []platform.Answer {
	var all []platform.Answer
	for of, n := range a.counts {
		of.Count = n
		all = append(all, of)
	}
	slices.SortFunc(all, func(a, b platform.Answer) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Status, b.Status))
	})
	return all[:min(len(all), platform.MaxAnswers)]
}

func withoutCount(a platform.Answer) platform.Answer {
	a.Count = 0
	return a
}
