package steering

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
)

// Tested is how a test ended.
type Tested struct {
	AppID        string    `json:"app_id"`
	TestID       string    `json:"test_id"`
	EventType    string    `json:"event_type"`
	At           show.Time `json:"at"`
	Outcome      string    `json:"outcome"`
	ErrorCode    string    `json:"error_code,omitempty"`
	ResponseCode int       `json:"response_code"`
	DurationMS   int64     `json:"duration_ms"`
	URL          string    `json:"url,omitempty"`
	ResponseBody string    `json:"response_body,omitempty"`
}

// newTest is the order to send an app a test; event is as in "test.ping".
func newTest(app platform.App, id, event, data string) (order, error) {
	resource, action, ok := strings.Cut(event, ".")
	if !ok {
		return order{}, fault.NewUsage("As in test.ping.", "--event %q is not RESOURCE.ACTION", event)
	}
	if !json.Valid([]byte(data)) {
		return order{}, fault.NewUsage("As in '{\"issue\": {\"id\": \"1\"}}'.", "--data is not JSON")
	}
	o := order{message: platform.AppTest{Webhook: platform.Webhook{AppID: app.ID, ID: id, Resource: resource, Action: action, Data: json.RawMessage(data)}},
		group: app.ID, effect: "the test of app " + app.ID + " has not ended",
		look: "Are deliveries paused, or does the app hold up its batches? `hookwarden status` shows how long RetryQueue is."}
	return o, o.encode()
}

// test carries out such an order. What failed on hookwarden's side is tried again, so the
// test has not ended yet.
func (d *desk) test(ctx context.Context, o order, atMost time.Duration) (Tested, error) {
	m := o.message.(platform.AppTest)
	begun := d.now().Add(-time.Minute) // clocks may differ
	var entry delivery.Entry
	err := d.carryOut(ctx, o, atMost, func(ctx context.Context) (bool, error) {
		e, found, err := d.tests.FindTest(ctx, m.AppID, m.ID, begun)
		entry = e
		return found && e.Outcome != "local_error", err
	})
	return Tested{AppID: m.AppID, TestID: m.ID, EventType: m.EventType(), At: show.At(entry.Time), Outcome: entry.Outcome, ErrorCode: entry.Code,
		ResponseCode: entry.ResponseCode, DurationMS: entry.Duration.Milliseconds(), URL: entry.URL, ResponseBody: entry.ResponseBody}, err
}

func printTested(p *show.Page, t Tested) {
	style := show.Bad
	if t.Outcome == "success" {
		style = show.Good
	}
	p.SayIn(style, "The test %s of app %s ended as %s%s.", t.EventType, t.AppID, t.Outcome, inParentheses(t))
	p.Field("URL", show.Text("%s", t.URL))
	p.Field("test", show.Text("%s", t.TestID))
	if t.ResponseBody != "" {
		p.Line(show.Text("The answer:"))
		p.Block(t.ResponseBody)
	}
}

// inParentheses is what is known of how it ended.
func inParentheses(t Tested) string {
	var said []string
	if t.ResponseCode != 0 {
		said = append(said, fmt.Sprint(t.ResponseCode))
	}
	if t.ErrorCode != "" {
		said = append(said, t.ErrorCode)
	}
	if t.DurationMS > 0 {
		said = append(said, fmt.Sprintf("%d ms", t.DurationMS))
	}
	if len(said) == 0 {
		return ""
	}
	return " (" + strings.Join(said, ", ") + ")"
}
