package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
)

// DeleteApp implements registry.Apps. It leaves a tombstone with the version. It moves
// the URL to the Secrets table, since a tombstone stays and secrets expire. So it reads
// the app, and deletes it on condition of the version that was read. The next PutApp
// undoes all of this.
func (t Apps) DeleteApp(ctx context.Context, id string, version int64, at time.Time) error {
	return t.change(ctx, id, func(was item) error { return t.entomb(ctx, id, version, at, was) })
}

// entomb deletes an app that was read; was is nil if the app does not exist.
func (t Apps) entomb(ctx context.Context, id string, version int64, at time.Time, was item) error {
	switch {
	case was.number("version") == version && !was.bool("deleted"):
		return registry.ErrConflict
	case was["version"] != nil && was.number("version") >= version:
		return registry.ErrStale
	}
	return t.write(ctx, t.tombstone(id, version, at, was), t.expiring(id, version, at, was))
}

// tombstone is what a deletion at a time leaves of an app that was read. It also
// removes the attributes in without, and a warning.
func (t Apps) tombstone(id string, version int64, at time.Time, was item, without ...string) *types.Update {
	set := item{"deleted": &types.AttributeValueMemberBOOL{Value: true}}
	if !was.bool("deleted") {
		set["deleted_at"] = timestamp(at)
	}
	app := t.update(id, version, set, append([]string{"webhook_url", "webhook_url_error", "disabled_diagnosis", "disabled_actor", "disabled_note"}, without...))
	asRead(app, was)
	endWarning(app, was)
	return app
}

// expiring makes the app's secrets expire. If the app is already deleted, their hour
// does not start again.
func (t Apps) expiring(id string, version int64, at time.Time, was item) *types.Update {
	set := item{}
	switch deletedAt := was.time("deleted_at"); {
	case !was.bool("deleted"):
		set.setText("webhook_url", was.text("webhook_url"))
	case !deletedAt.IsZero():
		at = deletedAt
	}
	set["expires_at"] = number(at.Add(platform.KeptAfterDeletion).Unix())
	return t.updateSecrets(id, version, set, nil)
}
