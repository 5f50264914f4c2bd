package platform

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

var (
	validID   = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,64}$`)
	validHook = regexp.MustCompile(`^[A-Za-z0-9_:-]{1,128}$`)
	validWord = regexp.MustCompile(`^[!-~]{1,128}$`)
)

// checkInvalid checks that an error may go into a dead letter: it has only our
// own words.
func checkInvalid(t *testing.T, err error) {
	t.Helper()
	var invalid *InvalidError
	if !errors.As(err, &invalid) {
		t.Errorf("error %v is not an *InvalidError", err)
	}
	if text := err.Error(); !detail.MatchString(text) || len(text) > 512 {
		t.Errorf("error %q does not begin with a field's name", text)
	}
}

func FuzzDecodeWebhook(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		if json.Valid(body) {
			checkSplit(t, body)
		}
		w, err := DecodeWebhook(body)
		if err != nil {
			checkInvalid(t, err)
			return
		}
		if !validHook.MatchString(w.ID) || !validID.MatchString(w.AppID) || !validID.MatchString(w.OrganizationID) || w.InstallationUUID == "" {
			t.Errorf("bad ids in %+v", w)
		}
		if !validWord.MatchString(w.Resource) || !validWord.MatchString(w.Action) {
			t.Errorf("bad event %q", w.EventType())
		}
		for _, raw := range []json.RawMessage{w.Data, w.Actor} {
			if raw == nil {
				continue
			}
			var object map[string]json.RawMessage
			if json.Unmarshal(raw, &object) != nil || object == nil || !bytes.Contains(body, raw) {
				t.Errorf("%q is no object of the message's", raw)
			}
		}
		if w.Data == nil {
			t.Error("no data")
		}
	})
}

func FuzzDecodeRegistry(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		message, err := DecodeRegistry(body)
		if err != nil {
			checkInvalid(t, err)
			return
		}
		switch m := message.(type) {
		case AppPut:
			checkAppPut(t, m)
		case AppDelete:
			if !validID.MatchString(m.AppID) || m.Version < 1 {
				t.Errorf("got %+v", m)
			}
		case AppEnable:
			if !validID.MatchString(m.AppID) || m.At.Nanosecond()%1e6 != 0 {
				t.Errorf("got %+v", m)
			}
		case AppDisable:
			if !validID.MatchString(m.AppID) || m.At.Nanosecond()%1e6 != 0 || len(m.Note) > maxName || refusedBySQS(m.Note) {
				t.Errorf("got %+v", m)
			}
		case AppTest:
			m.OrganizationID = "42"
			if w, err := DecodeWebhook([]byte(m.EncodeTest())); err != nil || !reflect.DeepEqual(w, m.Webhook) {
				t.Errorf("sent as %+v, error %v, want %+v", w, err, m.Webhook)
			}
		case BrakeOpen:
			if m.Hours < 1 || m.Hours > maxOpenHours || m.At.Nanosecond()%1e6 != 0 {
				t.Errorf("got %+v", m)
			}
		case OrganizationDelete:
			if !validID.MatchString(m.OrganizationID) || m.Version < 1 {
				t.Errorf("got %+v", m)
			}
		case OrganizationPut:
			o := m.Organization
			if !validID.MatchString(o.ID) || o.Version < 1 || !validWord.MatchString(o.Slug) || o.Name == "" {
				t.Errorf("got %+v", o)
			}
			for _, owner := range o.Owners {
				if refusedBySQS(owner.Email+owner.Name) || len(owner.Email) > maxAddress || len(owner.Name) > maxName {
					t.Errorf("owner %+v", owner)
				}
				if !strings.Contains(owner.Email, "@") || strings.ContainsAny(owner.Email, "\r\n\x00") {
					t.Errorf("owner %+v", owner)
				}
			}
		default:
			t.Errorf("decoded to %T", m)
		}
	})
}

func checkAppPut(t *testing.T, m AppPut) {
	t.Helper()
	a := m.App
	if !validID.MatchString(a.ID) || !validID.MatchString(a.OrganizationID) || a.Version < 1 || a.UUID == "" || a.Name == "" ||
		!validWord.MatchString(a.Slug) || a.Status != Published && a.Status != Unpublished && a.Status != Internal {
		t.Errorf("got %+v", a)
	}
	if refusedBySQS(a.UUID+a.Name+a.WebhookURL) || len(a.Name) > maxName || strings.TrimFunc(a.Name, invisible) == "" {
		t.Errorf("no queue or no reader takes %+v", a)
	}
	for _, event := range a.Events {
		if !validWord.MatchString(event) {
			t.Errorf("event %q", event)
		}
	}
	if len(m.Secrets) < 1 || len(m.Secrets) > 5 {
		t.Errorf("%d secrets", len(m.Secrets))
	}
	for _, secret := range m.Secrets {
		if secret == "" || secret == Redacted {
			t.Error("a secret that is none")
		}
	}
}
