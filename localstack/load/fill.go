package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"hookwarden/localstack/stack"
)

type item = map[string]types.AttributeValue

// loader writes items as docs/design.md has them. Loaded again, with more of them, it
// leaves what is there.
type loader struct {
	s             *stack.Stack
	apps, entries int
	now           time.Time
}

const (
	busy        = 10 // a tenth of the entries are of the first app
	failing     = 10 // every tenth app fails today, and succeeded too, so that nobody is disabled
	disabled    = 50 // every fiftieth is disabled
	shards      = 16
	logDays     = 30
	perCall     = 25 // items that BatchWriteItem takes
	atOnce      = 4
	timeFormat  = "2006-01-02T15:04:05.000Z"
	failedEvery = 20 // entries
)

// load writes the tables, several calls at once.
func (l loader) load(ctx context.Context) error {
	if err := l.rest(ctx); err != nil {
		return err
	}
	work := make(chan func() error)
	var group sync.WaitGroup
	var once sync.Once
	var failed error
	for range atOnce {
		group.Go(func() {
			for write := range work {
				if err := write(); err != nil {
					once.Do(func() { failed = err })
				}
			}
		})
	}
	fill := func(table string, n int, item func(i int) item) {
		for from := 0; from < n; from += perCall {
			if from%100_000 == 0 && from > 0 {
				fmt.Fprintf(os.Stderr, "%d of %d items of %s\n", from, n, table)
			}
			work <- func() error { return l.write(ctx, table, from, min(from+perCall, n), item) }
		}
	}
	fill("ORGANIZATIONS_TABLE", l.apps/10+1, l.organization)
	fill("APPS_TABLE", l.apps, l.app)
	fill("BUFFER_TABLE", l.apps*7, l.day)
	fill("REQUESTS_TABLE", l.entries, l.entry)
	close(work)
	group.Wait()
	return failed
}

// rest turns disable's mapping off: what is loaded is for nobody to act on.
func (l loader) rest(ctx context.Context) error {
	out, err := l.s.Lambda.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{FunctionName: aws.String(l.s.Names["DISABLE_FUNCTION"])})
	if err != nil {
		return err
	}
	for _, m := range out.EventSourceMappings {
		if _, err := l.s.Lambda.UpdateEventSourceMapping(ctx, &lambda.UpdateEventSourceMappingInput{UUID: m.UUID, Enabled: aws.Bool(false)}); err != nil {
			return err
		}
	}
	return nil
}

func (l loader) write(ctx context.Context, table string, from, to int, item func(i int) item) error {
	name := l.s.Names[table]
	var writes []types.WriteRequest
	for i := from; i < to; i++ {
		writes = append(writes, types.WriteRequest{PutRequest: &types.PutRequest{Item: item(i)}})
	}
	for range 5 {
		out, err := l.s.DB.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{name: writes}})
		if err != nil {
			return err
		}
		if writes = out.UnprocessedItems[name]; len(writes) == 0 {
			return nil
		}
	}
	return errors.New("items of " + name + " are not taken")
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int) types.AttributeValue { return &types.AttributeValueMemberN{Value: strconv.Itoa(n)} }

func appID(i int) string { return "load-" + strconv.Itoa(i) }

func organizationOf(i int) string { return "load-org-" + strconv.Itoa(i/10) }

func (l loader) organization(i int) item {
	owner := &types.AttributeValueMemberM{Value: item{"email": text(fmt.Sprintf("owner%d@load.example", i)), "name": text("Owner")}}
	return item{"id": text(fmt.Sprintf("load-org-%d", i)), "version": number(1), "slug": text(fmt.Sprintf("org-%d", i)), "name": text("Organization"),
		"owners": &types.AttributeValueMemberL{Value: []types.AttributeValue{owner}}}
}

func (l loader) app(i int) item {
	a := item{"id": text(appID(i)), "version": number(1), "uuid": text("uuid-" + appID(i)), "slug": text("slug-" + appID(i)), "name": text("App " + appID(i)),
		"status": text("internal"), "organization_id": text(organizationOf(i)), "webhook_url": text("https://" + appID(i) + ".example/hook"),
		"events": &types.AttributeValueMemberL{Value: []types.AttributeValue{text("issue")}}, "generation": number(1)}
	if i%disabled == disabled-1 {
		at := text(l.now.AddDate(0, 0, -1).Format(timeFormat))
		a["standing"], a["disabled_at"], a["notified_at"], a["disabled_reason"] = text(fmt.Sprintf("disabled#%d", i%shards)), at, at, text("error")
	}
	return a
}

// day is one of an app's last seven.
func (l loader) day(i int) item {
	app, ago := i/7, i%7
	day := l.now.AddDate(0, 0, -ago)
	d := item{"pk": text(appID(app) + "#" + organizationOf(app) + "#1"), "day": text(day.Format(time.DateOnly)), "success_count": number(90),
		"expires_at": number(int(day.AddDate(0, 0, 40).Unix()))}
	if app%failing == 0 {
		d["error_count"], d["failing_day"] = number(10), text(fmt.Sprintf("%s#%d", day.Format(time.DateOnly), app%shards))
	}
	return d
}

// entry is one attempt. They are spread over the apps and over the log's days.
func (l loader) entry(i int) item {
	app := 0
	if i%busy != 0 {
		app = i % l.apps
	}
	at := l.now.Add(-time.Duration(i) * logDays * 24 * time.Hour / time.Duration(l.entries))
	pk, event := appID(app)+"#"+at.Format(time.DateOnly), fmt.Sprintf("evt_%d", i)
	e := item{"pk": text(pk), "sk": text(at.Format(timeFormat) + "#" + event + "#1#load0000"), "app_id": text(appID(app)), "event_type": text("issue.created"),
		"outcome": text("success"), "attempt": number(1), "response_code": number(200), "duration_ms": number(20), "url": text("https://" + appID(app) + ".example/hook"),
		"expires_at": number(int(at.AddDate(0, 0, logDays).Unix()))}
	if i%failedEvery == 1 || i%(busy*failedEvery) == 0 {
		e["outcome"], e["response_code"], e["failed_app"] = text("error"), number(400), text(pk)
		e["request_body"], e["response_body"] = text(`{"action":"created"}`), text("no")
	}
	return e
}
