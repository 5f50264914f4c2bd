package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

// brakeKey is the partition of the Audit table for the brakes. Each has an item for each
// clock hour, a latch, and an entry for each opening. The items of the brake on
// disablings, which was the first, do not name their brake.
const brakeKey = "#brake"

const eventBrakeOpen = "brake.open"

// ofBrake is the sort key of an item of one brake.
func ofBrake(brake platform.Brake, what string) item {
	if brake == platform.BrakeWarning {
		what = string(brake) + "#" + what
	}
	return item{"pk": text(brakeKey), "sk": text(what)}
}

// counted is the attribute that counts in a clock hour.
func counted(brake platform.Brake) string {
	if brake == platform.BrakeWarning {
		return "warnings"
	}
	return "disablings"
}

// brakeHour counts one more in its clock hour, unless there were maxPerHour
// already.
func brakeHour(table string, brake platform.Brake, at time.Time, maxPerHour int) *types.Update {
	name := counted(brake)
	return &types.Update{
		TableName:           &table,
		Key:                 ofBrake(brake, platform.FormatTime(at.Truncate(time.Hour))),
		UpdateExpression:    aws.String("ADD " + name + " :one"),
		ConditionExpression: aws.String("attribute_not_exists(" + name + ") OR " + name + " < :max"),
		ExpressionAttributeValues: item{
			":one": number(1), ":max": number(int64(maxPerHour))},
	}
}

func latchKey(brake platform.Brake) item { return ofBrake(brake, "latch") }

// unlatched is the condition that a brake is not latched at a time.
func unlatched(table string, brake platform.Brake, at time.Time) *types.ConditionCheck {
	return &types.ConditionCheck{
		TableName:                 &table,
		Key:                       latchKey(brake),
		ConditionExpression:       aws.String(notLatched),
		ExpressionAttributeNames:  map[string]string{"#until": "until"},
		ExpressionAttributeValues: item{":at": timestamp(at)},
	}
}

const notLatched = "(attribute_not_exists(#until) OR #until <= :at)"

type brakeAPI interface {
	transactAPI
	getAPI
	updateAPI
}

// Brake keeps the latches of the brakes, items of the Audit table.
type Brake struct {
	API   brakeAPI
	Table string
}

var (
	_ disabling.Brake = Brake{}
	_ registry.Brake  = Brake{}
)

// ReadLatch implements disabling.Brake.
func (t Brake) ReadLatch(ctx context.Context, brake platform.Brake) (disabling.Latch, error) {
	i, err := get(ctx, t.API, t.Table, latchKey(brake))
	if err != nil {
		return disabling.Latch{}, err
	}
	return disabling.Latch{Since: i.time("since"), Until: i.time("until"), Reason: tally.Reason(i.text("reason")),
		AppID: i.text("app_id"), OpenUntil: i.time("open_until")}, nil
}

// SetLatch implements disabling.Brake.
func (t Brake) SetLatch(ctx context.Context, brake platform.Brake, l disabling.Latch) error {
	u := update(t.Table, latchKey(brake), item{"since": timestamp(l.Since), "until": timestamp(l.Until),
		"reason": text(string(l.Reason)), "app_id": text(l.AppID)}, nil)
	u.ExpressionAttributeValues[":at"] = timestamp(l.Since)
	u.ConditionExpression = aws.String(notLatched + " AND (attribute_not_exists(open_until) OR open_until <= :at)")
	err := updateOne(ctx, t.API, u)
	if conditionFailed(err) {
		return standing.ErrAlready
	}
	return err
}

// OpenBrake implements registry.Brake. It replaces the latch by an item that
// says until when the brake is open.
func (t Brake) OpenBrake(ctx context.Context, o registry.Opening) error {
	open := latchKey(o.Brake)
	open["opened_at"], open["open_until"] = timestamp(o.At), timestamp(o.Until)
	entry := item{"pk": text(brakeKey), "sk": text(platform.FormatTime(o.At) + "#" + eventBrakeOpen),
		"event": text(eventBrakeOpen), "open_until": timestamp(o.Until)}
	if o.Brake == platform.BrakeWarning {
		entry["sk"] = text(platform.FormatTime(o.At) + "#" + eventBrakeOpen + "#" + string(o.Brake))
		entry["brake"] = text(string(o.Brake))
	}
	entry.setActor("actor", o.Actor)
	entry.setSender(o.SenderID)
	err := transact(ctx, t.API, []types.TransactWriteItem{
		{Put: &types.Put{TableName: &t.Table, Item: open,
			ConditionExpression: aws.String("(attribute_not_exists(opened_at) OR opened_at < :opened_at) AND " +
				"(attribute_not_exists(since) OR since < :open_until)"),
			ExpressionAttributeValues: item{":opened_at": open["opened_at"], ":open_until": open["open_until"]}}},
		{Put: &types.Put{TableName: &t.Table, Item: entry}},
	})
	if len(refusedAt(err)) > 0 {
		return registry.ErrStale
	}
	return err
}
