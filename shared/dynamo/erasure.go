package dynamo

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
)

type erasuresAPI interface {
	transactAPI
	getAPI
	queryAPI
}

// Erasures erases organizations from the tables Organizations, Apps, Secrets and
// Audit. Each write except the first is on condition of the tombstone, so that an
// organization that comes back keeps what it comes back with.
type Erasures struct {
	API           erasuresAPI
	Apps          Apps
	Organizations string
	Audit         string
}

var _ registry.Erasures = Erasures{}

// deletedKey is the partition of the Audit table that says which organizations were
// erased, by their ids and without names.
const deletedKey = "#deleted"

const eventOrganizationDelete = "organization.delete"

// EntombOrganization implements registry.Erasures.
func (t Erasures) EntombOrganization(ctx context.Context, e registry.Erasure, now time.Time) (time.Time, error) {
	now = now.UTC().Truncate(time.Millisecond)
	tombstone := update(t.Organizations, item{"id": text(e.OrganizationID)}, item{"version": number(e.Version),
		"deleted": &types.AttributeValueMemberBOOL{Value: true}, "deleted_at": timestamp(now)},
		[]string{"slug", "name", "owners", "owner_errors"})
	tombstone.ConditionExpression = aws.String(newer)
	entry := item{"pk": text(deletedKey), "sk": text(platform.FormatTime(e.At) + "#" + eventOrganizationDelete + "#" + e.OrganizationID),
		"event": text(eventOrganizationDelete), "organization_id": text(e.OrganizationID)}
	entry.setSender(e.SenderID)
	err := transact(ctx, t.API, []types.TransactWriteItem{
		{Update: tombstone},
		{Put: &types.Put{TableName: &t.Audit, Item: entry}},
	})
	if len(refusedAt(err)) == 0 {
		return now, err
	}
	return t.entombed(ctx, e)
}

// entombed is when the existing tombstone was made.
func (t Erasures) entombed(ctx context.Context, e registry.Erasure) (time.Time, error) {
	i, err := get(ctx, t.API, t.Organizations, item{"id": text(e.OrganizationID)})
	switch {
	case err != nil:
		return time.Time{}, err
	case i.number("version") != e.Version:
		return time.Time{}, registry.ErrStale
	case !i.bool("deleted"):
		return time.Time{}, registry.ErrConflict
	}
	return i.time("deleted_at"), nil
}

// whileDeleted is the condition that the organization has not come back.
func (t Erasures) whileDeleted(e registry.Erasure) types.TransactWriteItem {
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName:           &t.Organizations,
		Key:                 item{"id": text(e.OrganizationID)},
		ConditionExpression: aws.String("version = :version AND deleted = :deleted"),
		ExpressionAttributeValues: item{":version": number(e.Version),
			":deleted": &types.AttributeValueMemberBOOL{Value: true}},
	}}
}

// write makes changes while the organization is deleted.
func (t Erasures) write(ctx context.Context, e registry.Erasure, changes ...types.TransactWriteItem) error {
	err := transact(ctx, t.API, append([]types.TransactWriteItem{t.whileDeleted(e)}, changes...))
	if slices.Contains(refusedAt(err), 0) {
		return registry.ErrStale
	}
	return err
}

// EraseApps implements registry.Erasures. It reads each app, since the index may
// lag behind.
func (t Erasures) EraseApps(ctx context.Context, e registry.Erasure, after string) (last string, err error) {
	query := &dynamodb.QueryInput{
		TableName:                 &t.Apps.Table,
		IndexName:                 aws.String("organization"),
		KeyConditionExpression:    aws.String("organization_id = :organization"),
		ExpressionAttributeValues: item{":organization": text(e.OrganizationID)},
		Limit:                     aws.Int32(registry.EraseStep),
	}
	if after != "" {
		query.KeyConditionExpression = aws.String("organization_id = :organization AND id > :after")
		query.ExpressionAttributeValues[":after"] = text(after)
	}
	out, err := t.API.Query(ctx, query)
	if err != nil {
		return after, err
	}
	for _, i := range out.Items {
		last = item(i).text("id")
		if err := t.eraseApp(ctx, e, last); err != nil {
			return after, err
		}
	}
	return last, nil
}

// eraseApp deletes an app with the version that it has, so that a newer put brings it
// back. It also removes the names and the organization, so that the index no longer
// has the app. What stays is what webhooks need that were queued before.
func (t Erasures) eraseApp(ctx context.Context, e registry.Erasure, id string) error {
	return t.Apps.change(ctx, id, func(was item) error {
		if was.text("organization_id") != e.OrganizationID {
			return nil // it moved, or was erased before
		}
		app := t.Apps.tombstone(id, was.number("version"), e.At, was, "organization_id", "uuid", "slug", "name", "settings_url", "dashboard_url")
		app.ConditionExpression = aws.String(*app.ConditionExpression + " AND #organization_id = :organization")
		app.ExpressionAttributeValues[":organization"] = text(e.OrganizationID)
		return t.write(ctx, e, types.TransactWriteItem{Update: app},
			types.TransactWriteItem{Update: t.Apps.expiring(id, was.number("version"), e.At, was)})
	})
}

// EraseAudit implements registry.Erasures.
func (t Erasures) EraseAudit(ctx context.Context, e registry.Erasure) (int, error) {
	out, err := t.API.Query(ctx, &dynamodb.QueryInput{
		TableName:                 &t.Audit,
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: item{":pk": text(e.OrganizationID)},
		ProjectionExpression:      aws.String("pk, sk"),
		ConsistentRead:            aws.Bool(true),
		Limit:                     aws.Int32(registry.EraseStep),
	})
	if err != nil || len(out.Items) == 0 {
		return 0, err
	}
	var deletes []types.TransactWriteItem
	for _, i := range out.Items {
		deletes = append(deletes, types.TransactWriteItem{Delete: &types.Delete{TableName: &t.Audit, Key: item{"pk": i["pk"], "sk": i["sk"]}}})
	}
	return len(deletes), t.write(ctx, e, deletes...)
}
