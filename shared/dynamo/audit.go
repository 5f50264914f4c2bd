package dynamo

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/platform"
	"hookwarden/shared/standing"
)

// eventOf is the Audit table's name for what was done to an app. It begins with what the
// app is.
func eventOf(app platform.App, done string) string {
	switch {
	case app.Kind.CalledByPlatform():
		return "integration." + done
	case app.Status == platform.Internal:
		return "internal-integration." + done
	}
	return "app." + done
}

// auditEntry is an entry about a transition. Its key has the transition's time, so if it
// is put twice, it is the same entry.
func auditEntry(t standing.Transition) item {
	event := eventOf(t.App, t.Kind.Verb())
	i := item{
		"pk":     text(t.App.OrganizationID),
		"sk":     text(platform.FormatTime(t.At) + "#" + event + "#" + t.App.ID),
		"event":  text(event),
		"app_id": text(t.App.ID),
	}
	i.setText("name", platform.Cut(t.App.Name, maxAuditText))
	i.setText("reason", string(t.Reason))
	i.setText("level", string(t.Warning.Level))
	if len(t.Evidence) > 0 {
		i["evidence"] = evidence(t.Evidence)
	}
	i.setDiagnosis("diagnosis", t.Diagnosis)
	i.setActor("actor", t.Actor)
	i.setSender(t.SenderID)
	i.setText("note", t.Note)
	return i
}

// How much of what the platform sent an audit entry keeps. An entry that is too large
// would block its disabling or enabling for ever.
const (
	maxAuditText   = 1024 // bytes
	maxActorFields = 32
	maxSender      = 128 // bytes
)

// setSender keeps who queued the message that asked for this, as SQS stamped it. The actor
// is only claimed; the sender is a hint, but no proof either: it includes the session name,
// which anyone who assumes the role can choose.
func (i item) setSender(id string) { i.setText("sender_id", platform.Cut(id, maxSender)) }

// setActor keeps the flat fields of an actor, if it has any. If there are too many, it
// keeps those that say who it is, and the first others by name.
func (i item) setActor(name string, actor platform.Actor) {
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(actor.Raw))
	decoder.UseNumber()
	if decoder.Decode(&fields) != nil {
		return
	}
	m := item{}
	for _, field := range slices.Concat([]string{"type", "id", "name", "email"}, slices.Sorted(maps.Keys(fields))) {
		if field == "" || len(field) > maxAuditText || len(m) == maxActorFields {
			continue
		}
		switch v := fields[field].(type) {
		case string:
			m.setText(field, platform.Cut(v, maxAuditText))
		case json.Number:
			if n, err := v.Int64(); err == nil {
				m[field] = number(n)
			} else {
				m.setText(field, platform.Cut(v.String(), maxAuditText)) // DynamoDB has no 1e400
			}
		case bool:
			m[field] = &types.AttributeValueMemberBOOL{Value: v}
		}
	}
	if len(m) > 0 {
		i[name] = &types.AttributeValueMemberM{Value: m}
	}
}

// actor is what setActor kept.
func (i item) actor(name string) platform.Actor {
	m, _ := i[name].(*types.AttributeValueMemberM)
	if m == nil {
		return platform.Actor{}
	}
	fields := make(map[string]any, len(m.Value))
	for field, value := range m.Value {
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			fields[field] = v.Value
		case *types.AttributeValueMemberN:
			fields[field] = json.Number(v.Value)
		case *types.AttributeValueMemberBOOL:
			fields[field] = v.Value
		}
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return platform.Actor{} // somebody wrote a number that is none
	}
	return platform.Actor{Raw: raw, Email: item(m.Value).text("email")}
}
