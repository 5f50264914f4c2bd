package platform

import (
	"encoding/json"
	"time"

	"hookwarden/shared/tally"
)

// Event is one message of EventsQueue: what became of an app, for the platform to hear.
type Event struct {
	ID           string             `json:"id"`
	Type         string             `json:"type"`
	At           string             `json:"at"` // the identity of what happened; of a test when it ended
	App          EventApp           `json:"app"`
	Organization NoticeOrganization `json:"organization"`
	Reason       string             `json:"reason,omitempty"`    // of a disabling
	Evidence     []tally.Day        `json:"evidence,omitempty"`  // of a disabling, oldest day first
	Diagnosis    *Diagnosis         `json:"diagnosis,omitempty"` // of a disabling by the rule, and a warning
	Warning      *Warning           `json:"warning,omitempty"`   // of a warning
	Actor        json.RawMessage    `json:"actor,omitempty"`     // who did it, if a person did
	Test         *TestResult        `json:"test,omitempty"`      // of a test
}

// EventApp is what an event says of the app.
type EventApp struct {
	ID   string `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
	Kind string `json:"kind"`
}

// NewEvent is about what happened to the app at the given time: made twice, it has one
// id. Of an organization that is not known there is no more than the app says.
func NewEvent(kind string, app App, org Organization, at time.Time) Event {
	return Event{
		ID: hashOf(kind, app.ID, FormatTime(at)), Type: kind, At: FormatTime(at),
		App:          EventApp{ID: app.ID, Slug: app.Slug, Name: nameOr(app.Name, app.Slug), Kind: app.Kind.String()},
		Organization: NoticeOrganization{ID: app.OrganizationID, Slug: org.Slug, Name: nameOr(org.Name, org.Slug)},
	}
}
