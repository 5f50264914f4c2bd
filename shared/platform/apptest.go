package platform

import (
	"encoding/json"
	"time"
)

// AppTest asks for one webhook to an app, disabled or not, whose outcome is not counted.
// The message has everything except the organization, which is the app's.
type AppTest struct{ Webhook }

// Names implements RegistryMessage.
func (m AppTest) Names() []any { return []any{"type", typeAppTest, "id", m.ID, "app_id", m.AppID} }

const (
	typeAppTest = "app.test"
	typeTest    = "test"

	testInstallation = "test" // the uuid, since no installation sends it
)

func decodeAppTest(o object) AppTest {
	w := Webhook{InstallationUUID: testInstallation, AppID: o.platformID("app_id"), ID: o.webhookID("id")}
	o.readContent(&w)
	return AppTest{w}
}

// EncodeTest is the body of a message of ours that sends the webhook as a test, its data
// byte for byte. It has a type, so that DecodeDelivery does not take it for a webhook of
// the platform's.
func (w Webhook) EncodeTest() string {
	frame, _ := json.Marshal(map[string]any{"type": typeTest, "id": w.ID, "app_id": w.AppID, "organization_id": w.OrganizationID, // cannot fail
		"installation": map[string]string{"uuid": w.InstallationUUID}, "resource": w.Resource, "action": w.Action})
	return string(frame[:len(frame)-1]) + `,"data":` + string(w.Data) + "}"
}

// EventTested is the type of an Event about how a test ended.
const EventTested = "app.tested"

// TestResult is how a test ended, as in the request log.
type TestResult struct {
	ID           string `json:"id"` // of the AppTest
	Outcome      string `json:"outcome"`
	ResponseCode int    `json:"response_code"`        // 0 without a complete answer
	ErrorCode    string `json:"error_code,omitempty"` // or the reason of a skip
	DurationMS   int64  `json:"duration_ms"`
}

// NewTested is an event about a test of the app that ended at the given time. If the
// test is repeated, its event has the same id.
func NewTested(app App, at time.Time, result TestResult) Event {
	e := NewEvent(EventTested, app, Organization{}, at)
	e.ID, e.Test = hashOf(EventTested, app.ID, result.ID), &result
	return e
}
