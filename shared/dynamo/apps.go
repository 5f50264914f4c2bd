package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
)

type appsAPI interface {
	transactAPI
	updateAPI
	getAPI
	batchGetAPI
}

// Apps is the Apps table with the Secrets table: an app and its secrets always
// change in one transaction.
type Apps struct {
	API     appsAPI
	Table   string
	Secrets string // name of the Secrets table; unused by ReadApp
}

var _ delivery.Registry = Apps{}

func appKey(id string) item { return item{"id": text(id)} }

// PutApp implements registry.Apps. It never touches the disabled state.
func (t Apps) PutApp(ctx context.Context, app platform.App, secrets []platform.Secret) error {
	return t.change(ctx, app.ID, func(was item) error { return t.put(ctx, app, secrets, was) })
}

// changeTries is how often a change of an app is tried, if others change the app
// in the meantime. Changes of one app are far apart.
const changeTries = 4

// change reads an app and calls make, whose write must be refused if the app has
// changed since it was read. was is nil if the app does not exist.
func (t Apps) change(ctx context.Context, id string, make func(was item) error) error {
	for range changeTries {
		was, err := get(ctx, t.API, t.Table, appKey(id))
		if err != nil {
			return err
		}
		if err = make(was); len(refusedAt(err)) == 0 {
			return err
		}
	}
	return fmt.Errorf("app %s was changed %d times in between", id, changeTries)
}

// asRead adds the condition that the app still has the version with which it was
// read.
func asRead(u *types.Update, was item) {
	u.ConditionExpression = aws.String("attribute_not_exists(version)")
	if was["version"] != nil {
		u.ConditionExpression = aws.String("version = :read")
		u.ExpressionAttributeValues[":read"] = was["version"]
	}
}

func (t Apps) put(ctx context.Context, app platform.App, secrets []platform.Secret, was item) error {
	set := item{"status": text(string(app.Status)), "organization_id": text(app.OrganizationID)}
	set.setText("uuid", app.UUID)
	set.setText("slug", app.Slug)
	set.setText("name", app.Name)
	set.setText("webhook_url", app.WebhookURL)
	set.setText("webhook_url_error", app.WebhookURLError)
	set.setText("kind", string(app.Kind))
	set.setText("breaker", string(app.Breaker))
	set.setText("settings_url", app.SettingsURL)
	set.setText("dashboard_url", app.DashboardURL)
	if len(app.Events) > 0 {
		set["events"] = texts(app.Events)
	}
	remove := []string{"deleted", "deleted_at"}
	for _, name := range []string{"webhook_url", "webhook_url_error", "events", "kind", "breaker", "settings_url", "dashboard_url"} {
		if set[name] == nil {
			remove = append(remove, name)
		}
	}
	change := t.update(app.ID, app.Version, set, remove)
	signing, over := item{}, []string{"expires_at", "webhook_url"} // set by a deletion
	if len(secrets) > 0 {
		signing["secrets"] = texts(secrets)
	} else {
		over = append(over, "secrets")
	}
	changeSecrets := t.updateSecrets(app.ID, app.Version, signing, over)
	if was["version"] != nil && was.number("version") >= app.Version {
		return t.refusal(ctx, app.ID, was, set, remove, signing)
	}
	if another(was, app) {
		raiseGeneration(change, 1)
		renew(change, app.RenewedAt)
	} else {
		raiseGeneration(change, 0)
	}
	asRead(change, was)
	if another(was, app) {
		endWarning(change, was)
	}
	return t.write(ctx, change, changeSecrets)
}

// another reports whether a put changes an app's receiver, its kind or its
// organization, or brings it back after a deletion.
func another(was item, app platform.App) bool {
	return was != nil && (was.bool("deleted") || was.text("webhook_url") != app.WebhookURL ||
		was.text("kind") != string(app.Kind) || was.text("organization_id") != app.OrganizationID)
}

func (t Apps) update(id string, version int64, set item, remove []string) *types.Update {
	set["version"] = number(version)
	return update(t.Table, appKey(id), set, remove)
}

func (t Apps) updateSecrets(id string, version int64, set item, remove []string) *types.Update {
	set["version"] = number(version)
	return update(t.Secrets, item{"app_id": text(id)}, set, remove)
}

func (t Apps) write(ctx context.Context, app, secrets *types.Update) error {
	return transact(ctx, t.API, []types.TransactWriteItem{{Update: app}, {Update: secrets}})
}

// ReadApp reads one app, consistently.
func (t Apps) ReadApp(ctx context.Context, id string) (platform.App, bool, error) {
	i, err := get(ctx, t.API, t.Table, appKey(id))
	if err != nil || i == nil {
		return platform.App{}, false, err
	}
	return decodeApp(i), true, nil
}

func decodeApp(i item) platform.App {
	return platform.App{
		ID:               i.text("id"),
		Version:          i.number("version"),
		UUID:             i.text("uuid"),
		Slug:             i.text("slug"),
		Name:             i.text("name"),
		Status:           platform.Status(i.text("status")),
		OrganizationID:   i.text("organization_id"),
		WebhookURL:       i.text("webhook_url"),
		WebhookURLError:  i.text("webhook_url_error"),
		Events:           i.texts("events"),
		Kind:             platform.Kind(i.text("kind")),
		Breaker:          platform.Breaker(i.text("breaker")),
		SettingsURL:      i.text("settings_url"),
		DashboardURL:     i.text("dashboard_url"),
		Deleted:          i.bool("deleted"),
		DeletedAt:        i.time("deleted_at"),
		Generation:       max(1, i.number("generation")),
		DisabledAt:       i.time("disabled_at"),
		DisabledReason:   i.text("disabled_reason"),
		DisabledEvidence: i.evidence("disabled_evidence"),
		DisabledBy:       i.actor("disabled_actor"),
		DisabledNote:     i.text("disabled_note"),
		PlatformToldAt:   i.time("platform_told_at"),
		NotifiedAt:       i.time("notified_at"),
		EnabledAt:        i.time("enabled_at"),
		SteeredAt:        i.time("steered_at"),
		RenewedAt:        i.time("renewed_at"),

		DisabledDiagnosis: i.diagnosis("disabled_diagnosis"),
		Warned:            i.warned(),
	}
}

const appsPerRead = 50 // two keys each, a hundred in a call

// ReadApps implements delivery.Registry.
func (t Apps) ReadApps(ctx context.Context, ids []string) (map[string]delivery.Registered, []string, error) {
	known := make(map[string]delivery.Registered, len(ids))
	var unread []string
	var faults []error
	for start := 0; start < len(ids); start += appsPerRead {
		left, err := t.readSome(ctx, ids[start:min(start+appsPerRead, len(ids))], known)
		unread = append(unread, left...)
		faults = append(faults, err)
	}
	return known, unread, errors.Join(faults...)
}

// readSome reads the apps of one call into known and returns the ids that could
// not be read.
func (t Apps) readSome(ctx context.Context, ids []string, known map[string]delivery.Registered) ([]string, error) {
	var appKeys, secretKeys []map[string]types.AttributeValue
	for _, id := range ids {
		appKeys = append(appKeys, appKey(id))
		secretKeys = append(secretKeys, item{"app_id": text(id)})
	}
	found, keys, err := getMany(ctx, t.API, map[string]types.KeysAndAttributes{
		t.Table:   {Keys: appKeys, ConsistentRead: aws.Bool(true)},
		t.Secrets: {Keys: secretKeys, ConsistentRead: aws.Bool(true)},
	})
	if err != nil {
		return ids, err
	}
	apps, secrets, unread := make(map[string]item), make(map[string]item), make(map[string]bool)
	for _, i := range found[t.Table] {
		apps[item(i).text("id")] = i
	}
	for _, i := range found[t.Secrets] {
		secrets[item(i).text("app_id")] = i
	}
	for _, key := range keys[t.Table].Keys {
		unread[item(key).text("id")] = true
	}
	for _, key := range keys[t.Secrets].Keys {
		unread[item(key).text("app_id")] = true
	}
	var left []string
	for _, id := range ids {
		switch app, ok := apps[id]; {
		case unread[id]:
			left = append(left, id)
		case ok:
			known[id] = registered(app, secrets[id])
		}
	}
	return left, nil
}

func registered(app, secrets item) delivery.Registered {
	r := delivery.Registered{App: decodeApp(app), SecretsVersion: secrets.number("version"), SecretsExpire: secrets.unix("expires_at")}
	if r.App.Deleted && r.App.WebhookURL == "" {
		r.App.WebhookURL = secrets.text("webhook_url")
	}
	for _, s := range secrets.texts("secrets") {
		r.Secrets = append(r.Secrets, platform.Secret(s))
	}
	return r
}
