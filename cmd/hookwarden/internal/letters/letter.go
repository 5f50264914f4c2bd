package letters

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
	"hookwarden/shared/queue"
)

// Moved is the reason that stands for none: SQS, or Lambda, moved the letter.
const Moved = "moved"

// Letter is a dead letter as it is shown.
type Letter struct {
	ID             string    `json:"id"` // SQS's
	Reason         string    `json:"reason"`
	Detail         string    `json:"detail,omitempty"`
	SentAt         show.Time `json:"sent_at"`
	Type           string    `json:"type,omitempty"`
	AppID          string    `json:"app_id,omitempty"`
	OrganizationID string    `json:"organization_id,omitempty"`
	MessageID      string    `json:"message_id,omitempty"` // the webhook's or the notice's own
	Body           string    `json:"body,omitempty"`       // its beginning, without secrets; of a registry message nothing
}

const shownBody = 200 // bytes

// describe is what may be shown of a letter of the queue.
func (q Queue) describe(m types.Message, s state) Letter {
	raw := queue.Letter{Message: m}
	l := Letter{ID: idOf(m), Reason: string(raw.Reason()), Detail: raw.Detail(), SentAt: show.At(sentAt(m).UTC())}
	if l.Reason == "" {
		l.Reason, l.Detail = Moved, q.whyMoved(m, s)
	}
	l.name(aws.ToString(m.Body))
	if q.Name != "registry" { // its letters that SQS moved are unchanged, and hold secrets
		l.Body = strings.Clone(platform.Cut(raw.Shown(), shownBody)) // so that the rest is forgotten
	}
	return l
}

// whyMoved says why a letter without a reason is here.
func (q Queue) whyMoved(m types.Message, s state) string {
	if q.Home == "" {
		return streamDetail(aws.ToString(m.Body))
	}
	times := "as often as its queue allows"
	if s.moved > 0 {
		times = fmt.Sprintf("%d times", s.moved)
	}
	detail := "received " + times + ", and moved by SQS"
	if kind := (queue.Letter{Message: m}).Kind(); kind != delivery.KindWebhook {
		detail += ": " + string(kind) + " of hookwarden's own"
	}
	return detail
}

// streamDetail is what Lambda says of records of the stream that it gave up.
func streamDetail(body string) string {
	var report struct {
		RequestContext struct {
			Condition string `json:"condition"`
		} `json:"requestContext"`
		Batch struct {
			Size int `json:"batchSize"`
		} `json:"DDBStreamBatchInfo"`
	}
	if json.Unmarshal([]byte(body), &report) != nil || report.RequestContext.Condition == "" {
		return "moved by Lambda"
	}
	return fmt.Sprintf("%d records given up by Lambda: %s", report.Batch.Size, report.RequestContext.Condition)
}

// name takes the names out of a body, valid or not.
func (l *Letter) name(body string) {
	names := platform.NamesIn([]byte(body))
	for i := 0; i+1 < len(names); i += 2 {
		value, _ := names[i+1].(string)
		switch names[i] {
		case "type":
			l.Type = value
		case "app_id":
			l.AppID = value
		case "organization_id":
			l.OrganizationID = value
		case "webhook_id", "notice_id", "id":
			l.MessageID = value
		}
	}
}

// about is what a table says of a letter besides its app and its detail.
func (l Letter) about() string {
	var parts []string
	for _, part := range []string{l.Type, l.MessageID} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if l.Body != "" && l.MessageID == "" {
		parts = append(parts, l.Body)
	}
	return strings.Join(parts, "  ")
}

// keep says why a letter is not sent back; empty if it may be.
func (q Queue) keep(m types.Message) string {
	raw := queue.Letter{Message: m}
	body := []byte(aws.ToString(m.Body))
	var said struct {
		Type   string          `json:"type"`
		At     json.RawMessage `json:"at"`
		Key    *string         `json:"pk"`
		Counts json.RawMessage `json:"counts"`
	}
	_ = json.Unmarshal(body, &said) // of what is not JSON nothing is known
	switch {
	case raw.Incomplete():
		return "its body was not kept whole: let the platform send it again"
	case q.Name == "webhook" && (raw.Kind() == delivery.KindCounts || said.Key != nil && said.Counts != nil):
		return "counts of hookwarden's own: their failures could be added twice; report the successes by hand"
	case q.Name == "webhook" && said.Type == "outcomes":
		return "outcomes are of their time: let the platform report again what still matters"
	case q.Name == "webhook" && raw.Kind() != delivery.KindWebhook:
		return "a " + string(raw.Kind()) + " of hookwarden's own: send it again"
	case q.Name == "registry" && isSteering(said.Type) && (said.At == nil || string(said.At) == "null"):
		return "it has no time of its own, and would count as newer than what was said since: say it again"
	}
	return ""
}

// isSteering reports whether a message counts as of the time that it names or, without
// one, as of when it was queued.
func isSteering(kind string) bool {
	return kind == "app.enable" || kind == "app.disable" || kind == "brake.open"
}

// group is the MessageGroupId of a message that hookwarden buried, as its producer set it:
// the app's id. Notices have none.
func (q Queue) group(l Letter) string {
	if q.Name == "notification" {
		return ""
	}
	return l.AppID
}
