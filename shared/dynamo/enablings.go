package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
)

type enablingsAPI interface {
	transactAPI
	UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

// Enablings lifts disablings: in the tables Apps and Audit.
type Enablings struct {
	API   enablingsAPI
	Apps  string
	Audit string
}

var _ registry.Enabler = Enablings{}

// Enable implements registry.Enabler.
func (t Enablings) Enable(ctx context.Context, app platform.App, at time.Time, actor platform.Actor) error {
	u := update(t.Apps, appKey(app.ID), item{"enabled_at": timestamp(at), "steered_at": timestamp(at)},
		[]string{"disabled_at", "disabled_reason", "disabled_evidence", "notified_at", "standing"})
	raiseGeneration(u, 1)
	u.ExpressionAttributeValues[":read_disabled_at"] = timestamp(app.DisabledAt)
	u.ConditionExpression = aws.String("#disabled_at = :read_disabled_at AND " + sameGeneration(u.ExpressionAttributeValues, app))
	writes := []types.TransactWriteItem{{Update: u}}
	if app.OrganizationID != "" { // erased with its organization, of which no more is to be known
		entry := auditEntry(eventEnable, app, at)
		if a := actorValue(actor); a != nil {
			entry["actor"] = a
		}
		writes = append(writes, types.TransactWriteItem{Put: &types.Put{TableName: &t.Audit, Item: entry}})
	}
	err := transact(ctx, t.API, writes)
	if len(refusedAt(err)) > 0 {
		return registry.ErrChanged
	}
	return err
}

// Steer implements registry.Enabler.
func (t Enablings) Steer(ctx context.Context, app platform.App, at time.Time) error {
	u := update(t.Apps, appKey(app.ID), item{"steered_at": timestamp(at)}, nil)
	condition := "attribute_exists(id) AND (attribute_not_exists(#steered_at) OR #steered_at < :steered_at) AND "
	if app.Disabled() {
		condition += "disabled_at = :read_disabled_at"
		u.ExpressionAttributeValues[":read_disabled_at"] = timestamp(app.DisabledAt)
	} else {
		condition += "attribute_not_exists(disabled_at)"
	}
	_, err := t.API.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: u.TableName, Key: u.Key, UpdateExpression: u.UpdateExpression,
		ConditionExpression: &condition, ExpressionAttributeNames: u.ExpressionAttributeNames, ExpressionAttributeValues: u.ExpressionAttributeValues})
	if conditionFailed(err) {
		return registry.ErrChanged
	}
	return err
}
