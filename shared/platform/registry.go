package platform

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// A RegistryMessage is one message of RegistryQueue: AppPut, AppDelete,
// AppEnable, AppDisable, AppTest, BrakeOpen, OrganizationPut or OrganizationDelete.
type RegistryMessage interface {
	// Names is the fields that name the message in a log line: its type, the app or
	// organization, and its version if it has one.
	Names() []any
}

// AppPut registers an app or changes it. It never touches the disabled state.
type AppPut struct {
	App     App // only the fields that the platform sets, Version included
	Secrets []Secret
}

// AppDelete leaves a tombstone of an app. Its URL and secrets are gone after
// KeptAfterDeletion.
type AppDelete struct {
	AppID   string
	Version int64
}

// AppEnable lifts a disabling that is older than At.
type AppEnable struct {
	AppID string
	At    time.Time // zero if the message gave none
	Actor Actor
}

// OrganizationPut registers an organization or changes it.
type OrganizationPut struct{ Organization Organization }

// Actor is the person or program that did something at the platform, for the audit
// entry.
type Actor struct {
	Raw   json.RawMessage // the object as it came; nil if none was given
	Email string          // empty if none was given
}

// Names implements RegistryMessage.
func (m AppPut) Names() []any {
	return []any{"type", typeAppPut, "app_id", m.App.ID, "version", m.App.Version}
}

// Names implements RegistryMessage.
func (m AppDelete) Names() []any {
	return []any{"type", typeAppDelete, "app_id", m.AppID, "version", m.Version}
}

// Names implements RegistryMessage.
func (m AppEnable) Names() []any { return []any{"type", typeAppEnable, "app_id", m.AppID} }

// Names implements RegistryMessage.
func (m OrganizationPut) Names() []any {
	return []any{"type", typeOrganizationPut, "organization_id", m.Organization.ID, "version", m.Organization.Version}
}

const (
	typeAppPut          = "app.put"
	typeAppDelete       = "app.delete"
	typeAppEnable       = "app.enable"
	typeBrakeOpen       = "brake.open"
	typeOrganizationPut = "organization.put"

	typeOrganizationDelete = "organization.delete"
)

// DecodeRegistry reads the body of a message of RegistryQueue. The error is an
// *InvalidError.
func DecodeRegistry(body []byte) (RegistryMessage, error) {
	o := openBody(body)
	switch kind := o.text("type"); kind {
	case typeAppPut:
		m := decodeAppPut(o)
		return m, o.err()
	case typeAppDelete:
		m := AppDelete{AppID: o.platformID("app_id"), Version: o.version("version")}
		return m, o.err()
	case typeAppEnable:
		m := AppEnable{AppID: o.platformID("app_id"), At: o.time("at"), Actor: o.actor("actor")}
		return m, o.err()
	case typeAppDisable:
		m := decodeAppDisable(o)
		return m, o.err()
	case typeAppTest:
		m := decodeAppTest(o)
		return m, o.err()
	case typeBrakeOpen:
		m := decodeBrakeOpen(o)
		return m, o.err()
	case typeOrganizationPut:
		m := decodeOrganizationPut(o)
		return m, o.err()
	case typeOrganizationDelete:
		m := OrganizationDelete{OrganizationID: o.platformID("organization_id"), Version: o.version("version")}
		return m, o.err()
	default:
		o.wrong("type", "must be app.put, app.delete, app.enable, app.disable, app.test, brake.open, organization.put or organization.delete")
		return nil, o.err()
	}
}

func decodeAppPut(o object) AppPut {
	version := o.version("version")
	a := o.object("app")
	slug := a.slug("slug")
	put := AppPut{
		App: App{
			ID:             a.platformID("id"),
			Version:        version,
			UUID:           a.opaque("uuid"),
			Slug:           slug,
			Name:           a.name("name", slug),
			Status:         Status(a.text("status")),
			OrganizationID: a.platformID("organization_id"),
			WebhookURL:     a.optionalURL("webhook_url"),
			Events:         a.texts("events"),
			Kind:           a.kind("kind"),
			Breaker:        a.breaker("breaker"),
			SettingsURL:    a.link("settings_url"),
			DashboardURL:   a.link("dashboard_url"),
		},
	}
	if !put.App.Kind.CalledByPlatform() || put.App.WebhookURL != "" || a.has("secrets") {
		put.Secrets = a.secrets("secrets") // without secrets nothing can be sent
	}
	switch put.App.Status {
	case Published, Unpublished, Internal:
	default:
		a.wrong("status", "must be published, unpublished or internal")
	}
	if len(put.App.Events) > maxEvents {
		a.wrong("events", fmt.Sprintf("must have at most %d entries", maxEvents))
	}
	for i, event := range put.App.Events {
		a.checkWord(fmt.Sprintf("events[%d]", i), event)
	}
	return put
}

func (o object) secrets(field string) []Secret {
	texts := o.texts(field)
	if len(texts) < 1 || len(texts) > 5 {
		o.wrong(field, "must be a list of one to five strings")
	}
	var raws []json.RawMessage
	_ = json.Unmarshal(o.fields.get(field), &raws) // texts has read it without an error, or reported one
	secrets := make([]Secret, 0, len(texts))
	for i, text := range texts {
		switch key, standard := strings.CutPrefix(text, "whsec_"); {
		case len(text) > maxSecret:
			o.wrong(fmt.Sprintf("%s[%d]", field, i), atMost(maxSecret))
		case damaged(raws[i], text):
			o.wrong(fmt.Sprintf("%s[%d]", field, i), "is not valid Unicode, so it cannot be the secret that the app knows")
		case text == Redacted:
			o.wrong(fmt.Sprintf("%s[%d]", field, i), "is a redaction mark, not a secret")
		case standard && !validKey(key):
			o.wrong(fmt.Sprintf("%s[%d]", field, i), "starts with whsec_ but the rest is not base64")
		}
		secrets = append(secrets, Secret(text))
	}
	return secrets
}

// damaged reports whether decoding has lost a part of the text: U+FFFD replaces an
// unpaired surrogate and bytes that are not UTF-8.
func damaged(raw json.RawMessage, text string) bool {
	const mark = "\ufffd"
	meant := bytes.Count(raw, []byte(mark)) + bytes.Count(bytes.ToLower(raw), []byte(`\ufffd`))
	return strings.Count(text, mark) > meant
}

func validKey(key string) bool {
	decoded, err := base64.StdEncoding.DecodeString(key)
	return err == nil && len(decoded) > 0
}

func decodeOrganizationPut(o object) OrganizationPut {
	version := o.version("version")
	org := o.object("organization")
	slug := org.slug("slug")
	put := OrganizationPut{Organization{
		ID:      org.platformID("id"),
		Version: version,
		Slug:    slug,
		Name:    org.name("name", slug),
	}}
	put.Organization.Owners, put.Organization.OwnerErrors = org.owners("owners")
	return put
}

// time reads an RFC 3339 time; zero if absent or null.
func (o object) time(field string) time.Time {
	text := o.optionalText(field)
	if text == "" {
		return time.Time{}
	}
	t, err := ParseTime(text)
	if err != nil || len(text) > maxTime {
		o.wrong(field, "must be an RFC 3339 time, as in 2026-11-24T10:00:00Z")
	}
	return t
}

func (o object) actor(field string) Actor {
	raw := o.optionalObject(field)
	if raw == nil {
		return Actor{}
	}
	if len(raw) > maxActor {
		o.wrong(field, atMost(maxActor))
	}
	email := o.object(field).optionalText("email")
	if address, problem := checkAddress(email); problem == "" {
		email = address // cleaned, as an owner's address is
	}
	return Actor{Raw: raw, Email: email}
}
