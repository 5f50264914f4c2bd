package dynamo

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/platform"
)

// setDiagnosis keeps what is known about an app's failures, with a notice's field names. It
// sets nothing if nothing is known.
func (i item) setDiagnosis(name string, d *platform.Diagnosis) {
	if d == nil || d.IsZero() {
		return
	}
	known := d.Bounded()
	m := item{}
	m.setText("failing_since", known.FailingSince)
	m.setText("last_success_at", known.LastSuccess)
	m.setCount("read", known.Read)
	if known.More {
		m["more"] = &types.AttributeValueMemberBOOL{Value: true}
	}
	var answers []types.AttributeValue
	for _, a := range known.Answers {
		one := item{"outcome": text(a.Outcome), "count": number(a.Count)}
		one.setText("error_code", a.Code)
		one.setCount("status", int64(a.Status))
		answers = append(answers, &types.AttributeValueMemberM{Value: one})
	}
	if len(answers) > 0 {
		m["answers"] = &types.AttributeValueMemberL{Value: answers}
	}
	if e := known.Example; e != nil {
		one := item{"at": text(e.At), "outcome": text(e.Outcome)}
		one.setText("webhook_id", e.WebhookID)
		one.setText("event_type", e.EventType)
		one.setText("error_code", e.Code)
		one.setCount("status", int64(e.Status))
		one.setCount("duration_ms", e.DurationMS)
		one.setText("detail", e.Detail)
		one.setText("body", e.Body)
		m["example"] = &types.AttributeValueMemberM{Value: one}
	}
	i[name] = &types.AttributeValueMemberM{Value: m}
}

// diagnosis is what setDiagnosis kept; nil if nothing.
func (i item) diagnosis(name string) *platform.Diagnosis {
	m := i.fields(name)
	if m == nil {
		return nil
	}
	d := platform.Diagnosis{FailingSince: m.text("failing_since"), LastSuccess: m.text("last_success_at"),
		Read: m.number("read"), More: m.bool("more")}
	for _, v := range m.list("answers") {
		if one, ok := v.(*types.AttributeValueMemberM); ok {
			a := item(one.Value)
			d.Answers = append(d.Answers, platform.Answer{Outcome: a.text("outcome"), Code: a.text("error_code"),
				Status: int(a.number("status")), Count: a.number("count")})
		}
	}
	if e := m.fields("example"); e != nil {
		d.Example = &platform.FailedRequest{At: e.text("at"), WebhookID: e.text("webhook_id"), EventType: e.text("event_type"),
			Outcome: e.text("outcome"), Code: e.text("error_code"), Status: int(e.number("status")), DurationMS: e.number("duration_ms"),
			Detail: e.text("detail"), Body: e.text("body")}
	}
	d = d.Bounded() // it may have been written by hand
	return &d
}

// fields is a map; nil if there is none.
func (i item) fields(name string) item {
	m, ok := i[name].(*types.AttributeValueMemberM)
	if !ok {
		return nil
	}
	return m.Value
}

// setCount sets a count, but not a zero.
func (i item) setCount(name string, n int64) {
	if n != 0 {
		i[name] = number(n)
	}
}
