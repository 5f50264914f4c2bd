package delivery

import (
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

// The types of a webhook, phase by phase. Each type is made by one phase, which
// sets all fields except those marked with another phase.

// decoded is a webhook whose body was read. Open makes it.
type decoded struct {
	*item
	webhook platform.Webhook
}

// known is a webhook whose app was looked up. Lookup makes it.
type known struct {
	decoded
	presence   presence
	Registered // zero unless the app is present
}

// presence is what the registry says about an app.
type presence int

const (
	unread  presence = iota // the app could not be read
	absent                  // the app was never registered
	present                 // the app is registered, or was deleted
)

// sendable is a webhook that is to be sent now. Decide makes it.
type sendable struct {
	*known
	url string // the webhook's own URL, or the app's
}

// attempted is a webhook that was sent. Attempt makes it.
type attempted struct {
	sendable
	request webhook.Request
	result  webhook.Result
	counts  tally.Counts // counts: what the result adds to the app's day
}
