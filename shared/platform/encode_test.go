package platform_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/platform"
)

func TestEncodeRegistryIsReadAsItWasMeant(t *testing.T) {
	at := time.Date(2026, 11, 25, 22, 0, 0, 123_000_000, time.UTC)
	actor := platform.NewActor("arn:aws:sts::1:assumed-role/Ops/ada@acme.example", `Ada "<&>" Lovelace`, "ada@acme.example")
	for _, m := range []platform.RegistryMessage{
		platform.AppEnable{AppID: "17", At: at, Actor: actor},
		platform.AppEnable{AppID: "17"},
		platform.AppDisable{AppID: "17", At: at, Actor: actor, Note: "It floods a customer."},
		platform.AppTest{Webhook: platform.Webhook{AppID: "17", ID: "tst_1", InstallationUUID: "test", Resource: "test", Action: "ping", Data: []byte(`{}`)}},
		platform.BrakeOpen{Brake: platform.BrakeDisable, At: at, Hours: 48, Actor: actor},
		platform.BrakeOpen{Brake: platform.BrakeWarning, Hours: 1},
		platform.OrganizationDelete{OrganizationID: "42", Version: 7},
	} {
		body, err := platform.EncodeRegistry(m)
		if err != nil {
			t.Errorf("%T: %v", m, err)
			continue
		}
		got, err := platform.DecodeRegistry(body)
		if err != nil {
			t.Errorf("%s: %v", body, err)
		}
		if diff := cmp.Diff(m, got); diff != "" {
			t.Errorf("%s (-sent +read):\n%s", body, diff)
		}
	}
}

func TestEncodeRegistryRefusesWhatIsNotRead(t *testing.T) {
	for field, m := range map[string]platform.RegistryMessage{
		"app_id":          platform.AppEnable{AppID: "no id"},
		"hours":           platform.BrakeOpen{Brake: platform.BrakeDisable, Hours: 49},
		"brake":           platform.BrakeOpen{Brake: "hand", Hours: 4},
		"version":         platform.OrganizationDelete{OrganizationID: "42", Version: -1},
		"organization_id": platform.OrganizationDelete{Version: 3},
		"id":              platform.AppTest{Webhook: platform.Webhook{AppID: "17", ID: "a.b", Resource: "test", Action: "ping", Data: []byte(`{}`)}},
	} {
		body, err := platform.EncodeRegistry(m)
		var invalid *platform.InvalidError
		if !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%T with a wrong %s: %s, %v", m, field, body, err)
		}
	}
}

func TestEncodeRegistryIsNotForWhatOnlyThePlatformSays(t *testing.T) {
	for _, m := range []platform.RegistryMessage{platform.AppPut{}, platform.AppDelete{AppID: "17", Version: 1}, platform.OrganizationPut{}} {
		if body, err := platform.EncodeRegistry(m); err == nil {
			t.Errorf("%T is encoded: %s", m, body)
		}
	}
}

func TestNewActorLeavesOutWhatIsEmpty(t *testing.T) {
	var said map[string]string
	if err := json.Unmarshal(platform.NewActor("arn", "", "").Raw, &said); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"type": "operator", "id": "arn"}, said); diff != "" {
		t.Error(diff)
	}
}
