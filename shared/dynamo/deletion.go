package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
)

// DeleteApp implements registry.Apps: it leaves a tombstone with the version. The
// URL goes from there to the secrets, since a tombstone stays and they expire. So
// the app is read, and deleted on condition of the version that was read. The next
// PutApp removes all of it.
func (t Apps) DeleteApp(ctx context.Context, id string, version int64, at time.Time) error {
	return t.change(ctx, id, func(was item) error { return t.entomb(ctx, id, version, at, was) })
}

// entomb deletes an app that was read; was is nil for one that is not there.
func (t Apps) entomb(ctx context.Context, id string, version int64, at time.Time, was item) error {
	switch {
	case was.number("version") == version && !was.bool("deleted"):
		return registry.ErrConflict
	case was["version"] != nil && was.number("version") >= version:
		return registry.ErrStale
	}
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
	asRead(app, was)
	return t.write(ctx, app, t.updateSecrets(id, version, secrets, nil))
}
