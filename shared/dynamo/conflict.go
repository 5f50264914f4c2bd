package dynamo

import (
	"context"
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"

	"hookwarden/shared/registry"
)

// derived reports whether register makes the attribute itself. Another version of
// hookwarden may word it differently, so it does not count as content.
func derived(name string) bool { return name == "webhook_url_error" || name == "owner_errors" }

func sameVersion(stored, set item) bool { return stored.number("version") == set.number("version") }

// sameContent reports whether setting and removing these attributes would change
// nothing.
func sameContent(stored, set item, remove []string) bool {
	for name, value := range set {
		if !derived(name) && !reflect.DeepEqual(stored[name], value) {
			return false
		}
	}
	return !slices.ContainsFunc(remove, func(name string) bool { return !derived(name) && stored[name] != nil })
}

// refusal says why an app and its secrets are not put: stored has the same version
// or a newer one.
func (t Apps) refusal(ctx context.Context, id string, stored, set item, remove []string, secrets item) error {
	switch {
	case !sameVersion(stored, set), erased(stored):
		return registry.ErrStale
	case !sameContent(stored, set, remove):
		return registry.ErrConflict
	}
	same, err := t.sameSecrets(ctx, id, secrets)
	if err != nil || same {
		return orElse(err, registry.ErrStale)
	}
	stored, err = get(ctx, t.API, t.Table, appKey(id)) // if the app has changed in the meantime, the secrets are a newer version's
	if err != nil || !sameVersion(stored, set) {
		return orElse(err, registry.ErrStale)
	}
	return registry.ErrConflict
}

// erased reports whether an app was erased with its organization, so that the content
// of its version is unknown. A tombstone of an app that was never seen has no status.
func erased(app item) bool {
	return app.bool("deleted") && app["organization_id"] == nil && app["status"] != nil
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// sameSecrets compares secrets without reading them, which register's role does not
// allow: it writes the stored version again, on condition that the secrets are the
// same.
func (t Apps) sameSecrets(ctx context.Context, id string, set item) (bool, error) {
	u := update(t.Secrets, item{"app_id": text(id)}, item{"version": set["version"]}, nil)
	u.ExpressionAttributeNames["#secrets"] = "secrets"
	same := "attribute_not_exists(#secrets)"
	if set["secrets"] != nil {
		u.ExpressionAttributeValues[":secrets"] = set["secrets"]
		same = "#secrets = :secrets"
	}
	u.ConditionExpression = aws.String("#version = :version AND " + same)
	err := updateOne(ctx, t.API, u)
	if conditionFailed(err) {
		return false, nil
	}
	return err == nil, err
}

// refusal says why a change of an organization was refused.
func (t Organizations) refusal(ctx context.Context, id string, set item, remove []string) error {
	stored, err := get(ctx, t.API, t.Table, item{"id": text(id)})
	if err != nil {
		return err
	}
	if sameVersion(stored, set) && !sameContent(stored, set, remove) {
		return registry.ErrConflict
	}
	return registry.ErrStale
}
