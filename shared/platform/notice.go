package platform

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hookwarden/shared/tally"
	"strings"
	"time"
)

// NoticeKind says what an owner is told.
type NoticeKind string

// The kinds of notices.
const (
	AppDisabled NoticeKind = "app.disabled"
	AppEnabled  NoticeKind = "app.enabled"

	AppWarning   NoticeKind = "app.warning"
	AppRecovered NoticeKind = "app.recovered"
)

// Notice is one message of NotificationQueue: one mail to one owner.
type Notice struct {
	ID           string             `json:"id"`
	Kind         NoticeKind         `json:"kind"`
	To           Owner              `json:"to"`
	Organization NoticeOrganization `json:"organization"`
	App          NoticeApp          `json:"app"`
	Reason       string             `json:"reason,omitempty"`      // of a disabling, and of what a warning is of
	DisabledAt   string             `json:"disabled_at,omitempty"` // of a disabling
	Rule         *tally.Rule        `json:"rule,omitempty"`        // of a disabling and a warning: by what is judged
	Evidence     []tally.Day        `json:"evidence,omitempty"`    // of a disabling and a warning, oldest day first
	Actor        *Owner             `json:"actor,omitempty"`       // of an enabling, and a disabling by hand: who did it
	Note         string             `json:"note,omitempty"`        // of a disabling by hand
	EnabledAt    string             `json:"enabled_at,omitempty"`  // of an enabling

	Diagnosis   *Diagnosis `json:"diagnosis,omitempty"`    // of a disabling by the rule, and a warning
	Warning     *Warning   `json:"warning,omitempty"`      // of a warning
	WarnedAt    string     `json:"warned_at,omitempty"`    // of a warning, and a recovery: when the newest warning was
	RecoveredAt string     `json:"recovered_at,omitempty"` // of a recovery
}

// NoticeOrganization is what a mail says of the organization.
type NoticeOrganization struct {
	ID   string `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// NoticeApp is what a mail says of the app.
type NoticeApp struct {
	ID         string `json:"id"`
	Slug       string `json:"slug"`
	Name       string `json:"name"`
	WebhookURL string `json:"webhook_url"`

	Status       Status `json:"status,omitempty"` // empty: internal
	Kind         Kind   `json:"kind,omitempty"`
	SettingsURL  string `json:"settings_url,omitempty"`
	DashboardURL string `json:"dashboard_url,omitempty"`
}

func noticeApp(app App) NoticeApp {
	n := NoticeApp{ID: app.ID, Slug: app.Slug, Name: nameOr(app.Name, app.Slug), WebhookURL: cleanURL(app.WebhookURL),
		Kind: app.Kind, SettingsURL: app.SettingsURL, DashboardURL: app.DashboardURL}
	if app.Status != Internal {
		n.Status = app.Status
	}
	return n
}

// Notices makes one notice per owner about what happened to the app at the
// given time, which is the identity of that disabling or enabling: asked twice,
// it makes the same notices with the same ids. Owners whose addresses differ
// only in case get one. Names and URL are cleaned once more: what was registered
// by an older version may have what no queue takes.
func Notices(kind NoticeKind, app App, org Organization, at time.Time) []Notice {
	notices := make([]Notice, 0, len(org.Owners))
	seen := make(map[string]bool, len(org.Owners))
	for _, owner := range org.Owners {
		id := noticeID(kind, app.ID, at, owner.Email)
		if seen[id] {
			continue
		}
		seen[id] = true
		notices = append(notices, Notice{
			ID:           id,
			Kind:         kind,
			To:           Owner{Email: owner.Email, Name: cleanName(owner.Name)},
			Organization: NoticeOrganization{ID: org.ID, Slug: org.Slug, Name: nameOr(org.Name, org.Slug)},
			App:          noticeApp(app),
		})
	}
	return notices
}

func noticeID(kind NoticeKind, appID string, at time.Time, address string) string {
	return hashOf(string(kind), appID, FormatTime(at), foldAddress(address))
}

func hashOf(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\n")))
	return hex.EncodeToString(sum[:16])
}

// DecodeNotice reads the body of a message of NotificationQueue. The error is an
// *InvalidError.
func DecodeNotice(body []byte) (Notice, error) {
	o := openBody(body)
	to, org, app := o.object("to"), o.object("organization"), o.object("app")
	address, problem := checkAddress(to.optionalText("email"))
	if problem != "" {
		to.wrong("email", problem)
	}
	orgSlug, appSlug := org.text("slug"), app.text("slug")
	n := Notice{
		ID:           o.id("id", 128, "_:-"),
		Kind:         NoticeKind(o.text("kind")),
		To:           Owner{Email: address, Name: to.optionalName("name")},
		Organization: NoticeOrganization{ID: org.text("id"), Slug: orgSlug, Name: org.name("name", orgSlug)},
		App: NoticeApp{ID: app.text("id"), Slug: appSlug, Name: app.name("name", appSlug),
			WebhookURL: app.optionalURL("webhook_url"), Kind: app.kind("kind"),
			Status:      Status(strings.TrimPrefix(app.choice("status", "internal", "published", "unpublished"), "internal")),
			SettingsURL: app.link("settings_url"), DashboardURL: app.link("dashboard_url")},
	}
	switch n.Kind {
	case AppDisabled:
		n.Reason = o.text("reason")
		n.DisabledAt = o.timeText("disabled_at")
		if n.Reason == Manual {
			n.Actor, n.Note = o.person("actor"), o.optionalName("note")
			break
		}
		o.require("evidence")
		n.Evidence, n.Rule, n.Diagnosis = o.evidence("evidence"), o.noticeRule("rule"), o.diagnosis("diagnosis")
	case AppEnabled:
		n.EnabledAt, n.Actor = o.timeText("enabled_at"), o.person("actor")
	case AppWarning:
		n.WarnedAt, n.Warning, n.Reason = o.timeText("warned_at"), o.warning("warning"), o.optional("reason", maxText)
		n.Evidence, n.Rule, n.Diagnosis = o.evidence("evidence"), o.noticeRule("rule"), o.diagnosis("diagnosis")
	case AppRecovered:
		n.RecoveredAt, n.WarnedAt = o.timeText("recovered_at"), o.moment("warned_at")
	default:
		o.wrong("kind", "must be app.disabled, app.enabled, app.warning or app.recovered")
	}
	return n, o.err()
}

// noticeRule reads the rule's numbers, which messages of before did not have.
func (o object) noticeRule(field string) *tally.Rule {
	if !o.has(field) {
		return nil
	}
	rule := new(tally.Rule)
	if err := json.Unmarshal(o.fields.get(field), rule); err != nil {
		o.wrong(field, "must be an object with the rule's numbers")
	}
	return rule
}

// person reads who did something; nil if absent or null.
func (o object) person(field string) *Owner {
	if o.optionalObject(field) == nil {
		return nil
	}
	p := o.object(field)
	return &Owner{Email: p.optionalName("email"), Name: p.optionalName("name")}
}

func (o object) require(field string) {
	if !o.has(field) {
		o.wrong(field, "is required")
	}
}

// evidence reads days with their counts; nil if absent or null.
func (o object) evidence(field string) []tally.Day {
	if !o.has(field) {
		return nil
	}
	var days []tally.Day
	if err := json.Unmarshal(o.fields.get(field), &days); err != nil {
		o.wrong(field, "must be a list of days with their counts")
	}
	if len(days) > maxEvidence {
		o.wrong(field, fmt.Sprintf("must have at most %d days", maxEvidence))
	}
	for i, d := range days {
		if _, err := tally.ParseDate(string(d.Date)); err != nil {
			o.wrong(fmt.Sprintf("%s[%d].day", field, i), "must be a day, as in 2026-11-24")
		}
	}
	return days
}

// SameAddress compares mail addresses as the notices' ids do: without regard to
// case.
func SameAddress(a, b string) bool { return foldAddress(a) == foldAddress(b) }

func foldAddress(address string) string { return strings.ToLower(address) }
