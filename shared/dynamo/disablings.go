package dynamo

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/disabling"
	"hookwarden/shared/platform"
)

type disablingsAPI interface {
	transactAPI
	UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

// Disablings changes the disabled state of apps: in the tables Apps and Audit.
type Disablings struct {
	API   disablingsAPI
	Apps  string
	Audit string
}

var (
	_ disabling.State        = Disablings{}
	_ disabling.Observations = Disablings{}
)

// asJudged is the condition that an app still is what was judged. It wants the
// name #status, and adds what it needs to the expression's values.
func asJudged(values item, app platform.App) string {
	values[":read_status"] = text(string(app.Status))
	return strings.Join([]string{"#status = :read_status", sameText(values, "kind", string(app.Kind)),
		sameText(values, "breaker", string(app.Breaker)), sameGeneration(values, app),
		"attribute_not_exists(deleted)", "attribute_not_exists(disabled_at)"}, " AND ")
}

// sameText is the condition that a text is the one that was read, which is empty if
// there was none. It adds what it needs to the expression's values.
func sameText(values item, name, read string) string {
	if read == "" {
		return "attribute_not_exists(" + name + ")"
	}
	values[":read_"+name] = text(read)
	return name + " = :read_" + name
}

// Disable implements disabling.State.
func (t Disablings) Disable(ctx context.Context, d disabling.Disabling, maxPerHour int) error {
	app := update(t.Apps, appKey(d.App.ID), item{
		"disabled_at":       timestamp(d.At),
		"disabled_reason":   text(string(d.Reason)),
		"disabled_evidence": evidence(d.Evidence),
		"standing":          text(disabledStanding(d.App.ID)),
	}, []string{"notified_at"})
	app.ExpressionAttributeNames["#status"] = "status"
	app.ConditionExpression = aws.String(asJudged(app.ExpressionAttributeValues, d.App))
	entry := auditEntry(eventDisable, d.App, d.At)
	entry["reason"], entry["evidence"] = text(string(d.Reason)), evidence(d.Evidence)
	err := transact(ctx, t.API, []types.TransactWriteItem{
		{Update: app},
		{Put: &types.Put{TableName: &t.Audit, Item: entry}},
		{Update: brake(t.Audit, d.At, maxPerHour)},
		{ConditionCheck: unlatched(t.Audit, d.At)},
	})
	switch refused := refusedAt(err); {
	case slices.Contains(refused, 0):
		return disabling.ErrChanged
	case slices.Contains(refused, 3):
		return disabling.ErrLatched
	case slices.Contains(refused, 2):
		return disabling.ErrHeld
	}
	return err
}

// WouldDisable implements disabling.Observations.
func (t Disablings) WouldDisable(ctx context.Context, d disabling.Disabling) error {
	entry := auditEntry(eventWouldDisable, d.App, d.At)
	entry["reason"], entry["evidence"] = text(string(d.Reason)), evidence(d.Evidence)
	app := &types.ConditionCheck{TableName: &t.Apps, Key: appKey(d.App.ID), ExpressionAttributeNames: map[string]string{"#status": "status"},
		ExpressionAttributeValues: item{}}
	app.ConditionExpression = aws.String(asJudged(app.ExpressionAttributeValues, d.App))
	err := transact(ctx, t.API, []types.TransactWriteItem{
		{ConditionCheck: app},
		{Put: &types.Put{TableName: &t.Audit, Item: entry, ConditionExpression: aws.String("attribute_not_exists(pk)")}},
	})
	switch refused := refusedAt(err); {
	case slices.Contains(refused, 1):
		return disabling.ErrAlready
	case slices.Contains(refused, 0):
		return disabling.ErrChanged
	}
	return err
}

// MarkNotified implements disabling.State.
func (t Disablings) MarkNotified(ctx context.Context, appID string, disabledAt, now time.Time) error {
	_, err := t.API.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:           &t.Apps,
		Key:                 appKey(appID),
		UpdateExpression:    aws.String("SET notified_at = :now"),
		ConditionExpression: aws.String("disabled_at = :disabled_at"),
		ExpressionAttributeValues: item{
			":now": timestamp(now), ":disabled_at": timestamp(disabledAt)},
	})
	if conditionFailed(err) {
		return disabling.ErrChanged
	}
	return err
}
