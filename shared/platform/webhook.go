package platform

import "encoding/json"

// Webhook is one message of WebhookQueue: an event to tell an app about.
type Webhook struct {
	ID               string // the same on every attempt
	AppID            string
	OrganizationID   string
	InstallationUUID string
	Resource         string
	Action           string
	Data             json.RawMessage // an object, byte for byte as it came
	Actor            json.RawMessage // an object, byte for byte as it came; nil if none was given
	URL              string          // overrides the app's own URL, unless it is empty
}

// EventType is "<resource>.<action>", as in the log.
func (w Webhook) EventType() string { return w.Resource + "." + w.Action }

// AlertRule reports whether an alert rule made the webhook, however the platform
// spells that. Its failures never count against the app.
func (w Webhook) AlertRule() bool {
	event := w.EventType()
	return event == "event_alert.triggered" || event == "event.alert" || w.Action == "event.alert"
}

// DecodeWebhook reads the body of a message that is a webhook. The error is an
// *InvalidError.
func DecodeWebhook(body []byte) (Webhook, error) {
	o := openBody(body)
	w := o.webhook()
	return w, o.err()
}

func (o object) webhook() Webhook {
	w := Webhook{
		ID:               o.webhookID("id"),
		AppID:            o.platformID("app_id"),
		OrganizationID:   o.platformID("organization_id"),
		InstallationUUID: o.object("installation").opaque("uuid"),
	}
	o.readContent(&w)
	w.Actor, w.URL = o.optionalObject("actor"), o.optionalURL("url")
	return w
}

// webhookID reads an id without a dot: Standard Webhooks signs "id.timestamp.body".
func (o object) webhookID(field string) string { return o.id(field, 128, "_:-") }

// readContent reads a webhook's resource, action and data.
func (o object) readContent(w *Webhook) {
	w.Resource, w.Action, w.Data = o.word("resource"), o.word("action"), o.rawObject("data")
	if w.Resource == "installation" && w.Action != "created" && w.Action != "deleted" {
		o.wrong("action", "must be created or deleted for the resource installation")
	}
}
