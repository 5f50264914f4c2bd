package dynamo

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
	"hookwarden/shared/standing"
)

type standingAPI interface {
	transactAPI
	updateAPI
	getAPI
	Query(ctx context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	batchGetAPI
}

// Standing changes whether apps are disabled, or their owners warned, in the tables Apps and
// Audit.
type Standing struct {
	API   standingAPI
	Apps  string
	Audit string
}

var (
	_ standing.Transitions = Standing{}
	_ registry.Steering    = Standing{}
)

// Apply implements standing.Transitions.
func (t Standing) Apply(ctx context.Context, c standing.Transition) error {
	entry := &types.Put{TableName: &t.Audit, Item: auditEntry(c)}
	writes := []types.TransactWriteItem{t.app(c), {Put: entry}}
	if c.App.OrganizationID == "" {
		writes = writes[:1] // no audit entry: the app was erased with its organization
	}
	if brake, is := c.Brake(); is {
		writes = append(writes, types.TransactWriteItem{Update: brakeHour(t.Audit, brake, c.At, c.MaxPerHour)},
			types.TransactWriteItem{ConditionCheck: unlatched(t.Audit, brake, c.At)})
	}
	if c.Kind.Foretells() {
		entry.ConditionExpression = aws.String("attribute_not_exists(pk)")
	}
	err := transact(ctx, t.API, writes)
	switch refused := refusedAt(err); {
	case slices.Contains(refused, 1):
		return standing.ErrAlready
	case slices.Contains(refused, 0):
		return standing.ErrChanged
	case slices.Contains(refused, 3):
		return standing.ErrLatched
	case slices.Contains(refused, 2):
		return standing.ErrHeld
	}
	return err
}

// app is the update of a transition, on condition that the app still is as it was read.
func (t Standing) app(c standing.Transition) types.TransactWriteItem {
	switch c.Kind {
	case standing.Disabled:
		return types.TransactWriteItem{Update: t.disable(c)}
	case standing.Warned:
		return types.TransactWriteItem{Update: t.warn(c)}
	case standing.Recovered:
		return types.TransactWriteItem{Update: t.recover(c)}
	case standing.WouldDisable, standing.WouldWarn:
		check := &types.ConditionCheck{TableName: &t.Apps, Key: appKey(c.App.ID),
			ExpressionAttributeNames: map[string]string{"#status": "status"}, ExpressionAttributeValues: item{}}
		check.ConditionExpression = aws.String(asJudged(check.ExpressionAttributeValues, c.App))
		return types.TransactWriteItem{ConditionCheck: check}
	}
	u := update(t.Apps, appKey(c.App.ID), item{"enabled_at": timestamp(c.At), "steered_at": timestamp(c.At)},
		slices.Concat(ofDisabling(), ofWarning(), []string{"disabled_at", "disabled_reason", "standing"}))
	raiseGeneration(u, 1)
	u.ExpressionAttributeValues[":read_disabled_at"] = timestamp(c.App.DisabledAt)
	u.ConditionExpression = aws.String("#disabled_at = :read_disabled_at AND " + notSteered + " AND " +
		sameGeneration(u.ExpressionAttributeValues, c.App))
	return types.TransactWriteItem{Update: u}
}

// ofDisabling is the attributes that not every disabling has, or not from the beginning.
func ofDisabling() []string {
	return []string{"disabled_evidence", "disabled_diagnosis", "disabled_actor", "disabled_note", "platform_told_at", "notified_at"}
}

// disable is the update of a disabling. It removes everything of an earlier disabling and
// of a warning.
func (t Standing) disable(c standing.Transition) *types.Update {
	set := item{"disabled_at": timestamp(c.At), "disabled_reason": text(string(c.Reason)), "standing": text(disabledStanding(c.App.ID))}
	if len(c.Evidence) > 0 {
		set["disabled_evidence"] = evidence(c.Evidence)
	}
	set.setDiagnosis("disabled_diagnosis", c.Diagnosis)
	set.setActor("disabled_actor", c.Actor)
	set.setText("disabled_note", c.Note)
	if c.Steered() {
		set["steered_at"] = timestamp(c.At)
	}
	u := update(t.Apps, appKey(c.App.ID), set, slices.DeleteFunc(append(ofDisabling(), ofWarning()...), func(name string) bool { return set[name] != nil }))
	u.ExpressionAttributeNames["#status"] = "status"
	u.ConditionExpression = aws.String(asJudged(u.ExpressionAttributeValues, c.App))
	if c.Steered() {
		u.ConditionExpression = aws.String(*u.ConditionExpression + " AND " + notSteered)
	}
	return u
}

// notSteered is the condition that the app was not steered at the update's time of
// steering or later.
const notSteered = "(attribute_not_exists(#steered_at) OR #steered_at < :steered_at)"

// asJudged is the condition that an app still is as it was judged. The caller defines the
// name #status. It adds the values that it needs.
func asJudged(values item, app platform.App) string {
	values[":read_status"] = text(string(app.Status))
	return strings.Join([]string{"#status = :read_status", sameText(values, "kind", string(app.Kind)),
		sameText(values, "breaker", string(app.Breaker)), sameGeneration(values, app),
		"attribute_not_exists(deleted)", "attribute_not_exists(disabled_at)"}, " AND ")
}

// sameText is the condition that a text is still the one that was read, or still absent
// if that was empty. It adds the values that it needs.
func sameText(values item, name, read string) string {
	if read == "" {
		return "attribute_not_exists(" + name + ")"
	}
	values[":read_"+name] = text(read)
	return name + " = :read_" + name
}

// Made implements standing.Transitions.
func (t Standing) Made(ctx context.Context, c standing.Transition) (bool, error) {
	entry := auditEntry(c)
	there, err := get(ctx, t.API, t.Audit, item{"pk": entry["pk"], "sk": entry["sk"]})
	return there != nil, err
}

// Mark implements standing.Transitions.
func (t Standing) Mark(ctx context.Context, mark standing.Mark, c standing.Transition, now time.Time) error {
	if c.Kind == standing.Warned || c.Kind == standing.Recovered {
		return t.markWarned(ctx, mark, c, now)
	}
	u := update(t.Apps, appKey(c.App.ID), item{string(mark): timestamp(now)}, nil)
	u.ExpressionAttributeValues[":disabled_at"] = timestamp(c.At)
	u.ConditionExpression = aws.String("disabled_at = :disabled_at")
	return changed(updateOne(ctx, t.API, u))
}

// Steer implements registry.Steering.
func (t Standing) Steer(ctx context.Context, app platform.App, at time.Time) error {
	u := update(t.Apps, appKey(app.ID), item{"steered_at": timestamp(at)}, nil)
	condition := "attribute_exists(id) AND " + notSteered + " AND "
	if app.Disabled() {
		condition += "disabled_at = :read_disabled_at"
		u.ExpressionAttributeValues[":read_disabled_at"] = timestamp(app.DisabledAt)
	} else {
		condition += "attribute_not_exists(disabled_at)"
	}
	u.ConditionExpression = &condition
	return changed(updateOne(ctx, t.API, u))
}

// changed turns a failed condition into ErrChanged: the app is not as it was read.
func changed(err error) error {
	if conditionFailed(err) {
		return standing.ErrChanged
	}
	return err
}
