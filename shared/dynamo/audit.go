package dynamo

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/platform"
)

// What the Audit table says was done to an app.
const (
	eventDisable      = "disable"
	eventEnable       = "enable"
	eventWouldDisable = "would-disable"
)

// eventOf is what was done to an app, as the Audit table names it: after what the
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

// auditEntry is what happened to an app at a time that is the identity of that
// disabling or enabling: put twice, it is the same entry.
func auditEntry(done string, app platform.App, at time.Time) item {
	event := eventOf(app, done)
	i := item{
		"pk":     text(app.OrganizationID),
		"sk":     text(platform.FormatTime(at) + "#" + event + "#" + app.ID),
		"event":  text(event),
		"app_id": text(app.ID),
	}
	i.setText("name", platform.Cut(app.Name, maxAuditText))
	return i
}

// What an audit entry keeps at most of what the platform sent: an entry that is too
// large would refuse the disabling or the enabling that it is a part of, for good.
const (
	maxAuditText   = 1024 // bytes
	maxActorFields = 32
)

// actorValue keeps the flat fields of an actor; nil if there are none. Of very many
// it keeps those that say who it is, and the first by name.
func actorValue(actor platform.Actor) types.AttributeValue {
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(actor.Raw))
	decoder.UseNumber()
	if decoder.Decode(&fields) != nil {
		return nil
	}
	m := item{}
	for _, name := range slices.Concat([]string{"type", "id", "name", "email"}, slices.Sorted(maps.Keys(fields))) {
		if name == "" || len(name) > maxAuditText || len(m) == maxActorFields {
			continue
		}
		switch v := fields[name].(type) {
		case string:
			m.setText(name, platform.Cut(v, maxAuditText))
		case json.Number:
			if n, err := v.Int64(); err == nil {
				m[name] = number(n)
			} else {
				m.setText(name, platform.Cut(v.String(), maxAuditText)) // DynamoDB has no 1e400
			}
		case bool:
			m[name] = &types.AttributeValueMemberBOOL{Value: v}
		}
	}
	if len(m) == 0 {
		return nil
	}
	return &types.AttributeValueMemberM{Value: m}
}
