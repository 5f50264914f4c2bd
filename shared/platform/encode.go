package platform

import (
	"encoding/json"
	"fmt"
	"time"
)

// EncodeRegistry is the body of a message of RegistryQueue that a person may send: an
// AppEnable, AppDisable, AppTest, BrakeOpen or OrganizationDelete. If DecodeRegistry
// would refuse the message, the error is its *InvalidError.
func EncodeRegistry(m RegistryMessage) ([]byte, error) {
	var fields any
	switch m := m.(type) {
	case AppEnable:
		fields = struct {
			Type  string          `json:"type"`
			AppID string          `json:"app_id"`
			At    string          `json:"at,omitempty"`
			Actor json.RawMessage `json:"actor,omitempty"`
		}{typeAppEnable, m.AppID, timeOrNone(m.At), m.Actor.Raw}
	case AppDisable:
		fields = struct {
			Type  string          `json:"type"`
			AppID string          `json:"app_id"`
			At    string          `json:"at,omitempty"`
			Actor json.RawMessage `json:"actor,omitempty"`
			Note  string          `json:"note,omitempty"`
		}{typeAppDisable, m.AppID, timeOrNone(m.At), m.Actor.Raw, m.Note}
	case AppTest:
		fields = struct {
			Type     string          `json:"type"`
			AppID    string          `json:"app_id"`
			ID       string          `json:"id"`
			Resource string          `json:"resource"`
			Action   string          `json:"action"`
			Data     json.RawMessage `json:"data"`
		}{typeAppTest, m.AppID, m.ID, m.Resource, m.Action, m.Data}
	case BrakeOpen:
		fields = struct {
			Type  string          `json:"type"`
			Brake Brake           `json:"brake"`
			At    string          `json:"at,omitempty"`
			Hours int             `json:"hours"`
			Actor json.RawMessage `json:"actor,omitempty"`
		}{typeBrakeOpen, m.Brake, timeOrNone(m.At), m.Hours, m.Actor.Raw}
	case OrganizationDelete:
		fields = struct {
			Type           string `json:"type"`
			OrganizationID string `json:"organization_id"`
			Version        int64  `json:"version"`
		}{typeOrganizationDelete, m.OrganizationID, m.Version}
	default:
		return nil, fmt.Errorf("a %T is not for a person to send", m)
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("encode a %T: %w", m, err)
	}
	if _, err := DecodeRegistry(body); err != nil {
		return nil, err
	}
	return body, nil
}

func timeOrNone(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return FormatTime(t)
}

// NewActor is an actor that no platform names: an operator. Empty fields are left out.
func NewActor(id, name, email string) Actor {
	raw, _ := json.Marshal(struct { // cannot fail
		Type  string `json:"type"`
		ID    string `json:"id,omitempty"`
		Name  string `json:"name,omitempty"`
		Email string `json:"email,omitempty"`
	}{"operator", id, name, email})
	return Actor{Raw: raw, Email: email}
}
