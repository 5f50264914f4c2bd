package dynamo

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/platform"
)

// The events of the Audit table.
const (
	eventDisable      = "internal-integration.disable"
	eventEnable       = "internal-integration.enable"
	eventWouldDisable = "internal-integration.would-disable"
)

// auditEntry is what happened to an app at a time that is the identity of that
// disabling or enabling: put twice, it is the same entry.
func auditEntry(event string, app platform.App, at time.Time) item {
	i := item{
		"pk":     text(app.OrganizationID),
		"sk":     text(platform.FormatTime(at) + "#" + event + "#" + app.ID),
		"event":  text(event),
		"app_id": text(app.ID),
	}
	i.setText("name", app.Name)
	return i
}

// actorValue keeps the flat fields of an actor; nil if there are none.
func actorValue(actor platform.Actor) types.AttributeValue {
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(actor.Raw))
	decoder.UseNumber()
	if decoder.Decode(&fields) != nil {
		return nil
	}
	m := item{}
	for name, value := range fields {
		switch v := value.(type) {
		case string:
			m.setText(name, v)
		case json.Number:
			if n, err := v.Int64(); err == nil {
				m[name] = number(n)
			} else {
				m.setText(name, v.String()) // DynamoDB has no 1e400
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

// brake counts a disabling in its clock hour, unless maxPerHour have been.
func brake(table string, at time.Time, maxPerHour int) *types.Update {
	return &types.Update{
		TableName:           &table,
		Key:                 item{"pk": text("#brake"), "sk": text(platform.FormatTime(at.Truncate(time.Hour)))},
		UpdateExpression:    aws.String("ADD disablings :one"),
		ConditionExpression: aws.String("attribute_not_exists(disablings) OR disablings < :max"),
		ExpressionAttributeValues: item{
			":one": number(1), ":max": number(int64(maxPerHour))},
	}
}
