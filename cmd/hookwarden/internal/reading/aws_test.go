package reading

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/session"
)

// An endpoint is AWS as far as it is no table: what it answers by operation.
type endpoint map[string]reply

type reply struct {
	status int // 0: 200
	body   string
	fault  string // the header with the error's type
	seen   *[]byte
}

// ServeHTTP tells operations apart by their header, or by their path.
func (e endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	operation := r.Method + " " + r.URL.Path
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		operation = target
	}
	answer, ok := e[operation]
	if !ok {
		answer = reply{status: http.StatusForbidden, fault: "AccessDeniedException"}
	}
	if answer.seen != nil {
		*answer.seen = body
	}
	if strings.Contains(operation, "rpc-v2-cbor") || strings.Contains(operation, "/service/") {
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.Header().Set("Content-Type", "application/cbor")
	}
	if answer.fault != "" {
		w.Header().Set("X-Amzn-ErrorType", answer.fault)
	}
	if answer.status != 0 {
		w.WriteHeader(answer.status)
	}
	_, _ = io.WriteString(w, answer.body)
}

func encoded(v cbor.Value) string { return string(cbor.Encode(v)) }

// opened is a source whose stack is at an endpoint. envFile is changed by change.
func opened(t *testing.T, e endpoint, change func(string) string) *source {
	t.Helper()
	t.Setenv("AWS_NEW_RETRIES_2026", "true") // it waits for milliseconds before it tries again
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	content := "AWS_ENDPOINT_URL=" + server.URL + "\nAWS_REGION=us-east-1\nAWS_ACCESS_KEY_ID=test\nAWS_SECRET_ACCESS_KEY=test\n"
	for _, name := range append(queueNames()[:4], letterNames()...) {
		content += name + "=" + server.URL + "/1/hw-" + spoken(name) + "\n"
	}
	for _, name := range []string{"APPS", "ORGANIZATIONS", "BUFFER", "REQUESTS", "AUDIT", "NOTICES"} {
		content += name + "_TABLE=hw-" + name + "\n"
	}
	content += "DISABLE_FUNCTION=disable-1\nDELIVER_FUNCTION=deliver-1\n"
	if change != nil {
		content = change(content)
	}
	file := filepath.Join(t.TempDir(), "stack.env")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	s := session.New(session.World{In: strings.NewReader(""), Out: io.Discard, Err: &errs, Getenv: func(string) string { return "" }, Dir: t.TempDir(),
		Zone: time.UTC, Now: func() time.Time { return now }})
	var from *source
	code := s.Run(t.Context(), s.Root(session.Group{ID: "g", Title: "G:", Commands: []*cobra.Command{{Use: "do", RunE: func(cmd *cobra.Command, _ []string) (err error) {
		from, err = open(cmd.Context(), s)
		return err
	}}}}), []string{"do", "--env", file})
	if code != 0 {
		t.Fatal(errs.String())
	}
	return from
}

const (
	getMetrics = "POST /service/GraniteServiceVersion20100801/operation/GetMetricData"
	getAlarms  = "POST /service/GraniteServiceVersion20100801/operation/DescribeAlarms"
)

func TestOpenNamesATableThatTheStackDoesNot(t *testing.T) {
	var errs bytes.Buffer
	file := filepath.Join(t.TempDir(), "stack.env")
	if err := os.WriteFile(file, []byte("WEBHOOK_QUEUE_URL=http://127.0.0.1:1/1/hw-WebhookQueue\nAWS_ENDPOINT_URL=http://127.0.0.1:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := session.New(session.World{Out: io.Discard, Err: &errs, Getenv: func(string) string { return "" }, Now: func() time.Time { return now }, Zone: time.UTC})
	code := s.Run(t.Context(), s.Root(session.Group{ID: "g", Title: "G:", Commands: Commands(s)}), []string{"status", "--env", file})
	if code != 1 || !strings.Contains(errs.String(), "hw does not name its APPS_TABLE") {
		t.Errorf("exit code %d, %s", code, errs.String())
	}
}

func TestQueuesAreReadByTheNamesOfTheStack(t *testing.T) {
	from := opened(t, endpoint{"AmazonSQS.GetQueueAttributes": {body: `{"Attributes": {"ApproximateNumberOfMessages": "3", "ApproximateNumberOfMessagesDelayed": "2", "ApproximateNumberOfMessagesNotVisible": "1"}}`}}, nil)
	d, ok, err := from.queues.ReadDepth(t.Context(), "RETRY_QUEUE_URL")
	if want := (depth{3, 2, 1}); d != want || !ok || err != nil {
		t.Errorf("got %+v, %t, %v", d, ok, err)
	}
	if _, ok, err := from.queues.ReadDepth(t.Context(), "EVENTS_QUEUE_URL"); ok || err != nil {
		t.Errorf("a queue that this stack has not: %t, %v", ok, err)
	}
}

func TestAgesAreTheNewestThatCloudWatchHas(t *testing.T) {
	var asked []byte
	answer := cbor.Map{"MetricDataResults": cbor.List{
		cbor.Map{"Id": cbor.String("q0"), "Values": cbor.List{cbor.Float64(61), cbor.Float64(1)}},
		cbor.Map{"Id": cbor.String("q1"), "Values": cbor.List{}},
	}}
	from := opened(t, endpoint{getMetrics: {body: encoded(answer), seen: &asked}}, nil)
	ages, err := from.watch.ReadAges(t.Context(), []string{"WEBHOOK_QUEUE_URL", "RETRY_QUEUE_URL", "EVENTS_QUEUE_URL"})
	if diff := cmp.Diff(map[string]time.Duration{"WEBHOOK_QUEUE_URL": 61 * time.Second}, ages); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, want := range []string{"hw-WebhookQueue", "hw-RetryQueue", "ApproximateAgeOfOldestMessage"} {
		if !bytes.Contains(asked, []byte(want)) {
			t.Errorf("did not ask for %s", want)
		}
	}
}

func TestAlarmsAreNamedAsInTheTemplate(t *testing.T) {
	answer := cbor.Map{"MetricAlarms": cbor.List{cbor.Map{"AlarmName": cbor.String("hw-DeliverErrorsAlarm-1ABCDEF"), "AlarmDescription": cbor.String("deliver fails"),
		"StateUpdatedTimestamp": &cbor.Tag{ID: 1, Value: cbor.Float64(now.Unix())}}}}
	from := opened(t, endpoint{getAlarms: {body: encoded(answer)}}, nil)
	alarms, err := from.watch.ReadAlarms(t.Context())
	want := []alarm{{Name: "DeliverErrorsAlarm", Since: now, Why: "deliver fails"}}
	if diff := cmp.Diff(want, alarms); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestCloudWatchThatFailsIsAskedTwiceAtMost(t *testing.T) {
	from := opened(t, endpoint{getMetrics: {status: 500}, getAlarms: {status: 500}}, nil)
	if _, err := from.watch.ReadAges(t.Context(), queueNames()); err == nil || !strings.Contains(err.Error(), "attempts, 2") {
		t.Errorf("ages: %v", err)
	}
	if _, err := from.watch.ReadAlarms(t.Context()); err == nil || !strings.Contains(err.Error(), "attempts, 2") {
		t.Errorf("alarms: %v", err)
	}
	if lines := readAlarms(t.Context(), from); lines != nil {
		t.Errorf("alarms that nobody knows: %v", lines)
	}
}

func TestPausedIsWhatFunctionsDoNotRead(t *testing.T) {
	var asked []byte
	from := opened(t, endpoint{"GET /2015-03-31/event-source-mappings": {body: `{"EventSourceMappings": [
		{"State": "Disabled", "EventSourceArn": "arn:aws:sqs:us-east-1:1:hw-WebhookQueue"},
		{"State": "Enabled", "EventSourceArn": "arn:aws:sqs:us-east-1:1:hw-RetryQueue"},
		{"State": "Disabling", "EventSourceArn": "arn:aws:dynamodb:us-east-1:1:table/hw-BufferTable-1ABC/stream/2026-11-25T10:00:00.000"}]}`},
		"POST /": {body: `<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries><member><LogicalResourceId>SweepFunctionHourly</LogicalResourceId>
			<PhysicalResourceId>rule-1</PhysicalResourceId></member></StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>`},
		"AWSEvents.DescribeRule": {body: `{"Name": "rule-1", "State": "DISABLED"}`, seen: &asked}}, nil)
	off, err := from.settings.ReadPaused(t.Context())
	want := []paused{{"WebhookQueue", "deliveries"}, {"BufferTable", "deliveries"}, {"WebhookQueue", "disablings"}, {"BufferTable", "disablings"}, // both functions get this answer
		{"hourly sweep", "disablings"}}
	if diff := cmp.Diff(want, off); diff != "" || err != nil || !bytes.Contains(asked, []byte("rule-1")) {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestSuppressionIsNotKnownWhereNobodySaysSo(t *testing.T) {
	const path = "GET /v2/email/suppression/addresses/ada@acme.example"
	for name, c := range map[string]struct {
		answer reply
		want   suppression
	}{
		"suppressed": {reply{body: `{"SuppressedDestination": {"EmailAddress": "ada@acme.example", "Reason": "BOUNCE", "LastUpdateTime": 1764072000}}`},
			suppression{Known: true, Suppressed: true, Reason: "BOUNCE", Since: time.Unix(1764072000, 0).UTC()}},
		"not listed by an engine of this machine": {reply{status: 404, fault: "NotFoundException", body: `{}`}, suppression{}},
		"denied":            {reply{status: 403, fault: "AccessDeniedException", body: `{}`}, suppression{}},
		"no such operation": {reply{status: 501, body: `no`}, suppression{}},
	} {
		t.Run(name, func(t *testing.T) {
			from := opened(t, endpoint{path: c.answer}, nil)
			got, err := from.mail.ReadSuppression(t.Context(), "ada@acme.example")
			if got != c.want || err != nil {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}
