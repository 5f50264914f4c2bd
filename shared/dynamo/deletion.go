package dynamo

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
)

// deleteTries is how often DeleteApp reads an app again that was changed
// meanwhile. Changes of one app are far apart.
const deleteTries = 4

// DeleteApp implements registry.Apps: it leaves a tombstone with the version. The
// URL goes from there to the secrets, since a tombstone stays and they expire. So
// the app is read, and deleted on condition of the version that was read. The next
// PutApp removes all of it.
func (t Apps) DeleteApp(ctx context.Context, id string, version int64, at time.Time) error {
	for range deleteTries {
		was, err := t.get(ctx, id)
		if err != nil {
			return err
		}
		switch {
		case was.number("version") == version && !was.bool("deleted"):
			return registry.ErrConflict
		case was["version"] != nil && was.number("version") >= version:
			return registry.ErrStale
		}
		err = t.entomb(ctx, id, version, at, was)
		if len(refusedAt(err)) == 0 {
			return err
		}
	}
	return fmt.Errorf("app %s was changed %d times while it was deleted", id, deleteTries)
}

// entomb deletes an app if its version still is the one with which it was read;
// was is nil for an app that is not there.
func (t Apps) entomb(ctx context.Context, id string, version int64, at time.Time, was item) error {
	set, secrets := item{"deleted": &types.AttributeValueMemberBOOL{Value: true}}, item{}
	switch deletedAt := was.time("deleted_at"); {
	case !was.bool("deleted"):
		set["deleted_at"] = timestamp(at)
		secrets.setText("webhook_url", was.text("webhook_url"))
	case !deletedAt.IsZero(): // deleted already: the hour is not begun anew
		at = deletedAt
	}
	secrets["expires_at"] = number(at.Add(platform.KeptAfterDeletion).Unix())
	app := t.update(id, version, set, []string{"webhook_url", "webhook_url_error"})
	app.ConditionExpression = aws.String("attribute_not_exists(version)")
	if was["version"] != nil {
		app.ConditionExpression = aws.String("version = :read")
		app.ExpressionAttributeValues[":read"] = was["version"]
	}
	return t.write(ctx, app, t.updateSecrets(id, version, secrets, nil))
}
