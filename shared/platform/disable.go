package platform

import (
	"encoding/json"
	"time"
)

// AppDisable disables an app because a person says so. An app that was enabled or
// disabled by hand at At or later stays as it is.
type AppDisable struct {
	AppID string
	At    time.Time // zero if the message gave none
	Actor Actor
	Note  string // one line, for the owners; empty if none was given
}

// Names implements RegistryMessage.
func (m AppDisable) Names() []any { return []any{"type", typeAppDisable, "app_id", m.AppID} }

// Manual is the reason of a disabling by a person.
const Manual = "manual"

const typeAppDisable = "app.disable"

func decodeAppDisable(o object) AppDisable {
	return AppDisable{AppID: o.platformID("app_id"), At: o.time("at"), Actor: o.actor("actor"), Note: o.optionalName("note")}
}

// Person is the name or the address of an actor, or both, for a mail; nil if it has
// neither.
func (a Actor) Person() *Owner {
	var said struct{ Name, Email any }
	_ = json.Unmarshal(a.Raw, &said) // nil is no JSON, and leaves said empty
	name, _ := said.Name.(string)
	email, _ := said.Email.(string)
	p := Owner{Email: cleanName(email), Name: cleanName(name)}
	if p == (Owner{}) {
		return nil
	}
	return &p
}
