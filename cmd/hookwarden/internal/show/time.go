package show

import (
	"encoding/json"
	"fmt"
	"time"

	"hookwarden/shared/platform"
)

// Time is a moment in JSON: RFC 3339, UTC, milliseconds, as the tables have it. With
// omitzero a zero Time is left out.
type Time struct{ time.Time }

// At is a moment as a Time.
func At(t time.Time) Time { return Time{t} }

// MarshalJSON writes it.
func (t Time) MarshalJSON() ([]byte, error) { return json.Marshal(platform.FormatTime(t.Time)) }

// Time is a moment for people, in the page's zone; empty if zero.
func (p *Page) Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(p.Zone).Format("2006-01-02 15:04:05 MST")
}

// Short is Time to the minute, for tables that name their zone.
func (p *Page) Short(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(p.Zone).Format("2006-01-02 15:04:05")
}

// ZoneName is the zone's short name now.
func (p *Page) ZoneName() string { return p.Now.In(p.Zone).Format("MST") }

// When is a moment, and how long ago it was.
func (p *Page) When(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return p.Time(t) + " (" + p.Ago(t) + ")"
}

// Ago is how long ago a moment was.
func (p *Page) Ago(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	age := p.Now.Sub(t)
	if age < 0 {
		return "in " + Span(-age)
	}
	return Span(age) + " ago"
}

// Span is a length of time in its largest unit, as in "3 h".
func Span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 2*day:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/day)
}
