package platform

import (
	"errors"
	"strings"
	"testing"
)

// ofLength is a JSON string with n bytes of text.
func ofLength(n int) string { return `"` + strings.Repeat("h", n) + `"` }

// listOf is a JSON list with n times the same element.
func listOf(n int, raw string) string {
	return "[" + strings.TrimSuffix(strings.Repeat(raw+",", n), ",") + "]"
}

// sized is a JSON object of n bytes.
func sized(n int) string { return `{"k":"` + strings.Repeat("h", n-len(`{"k":""}`)) + `"}` }

// Every field that is not cut has a bound.
func TestFieldsHaveABoundThatTheErrorNames(t *testing.T) {
	notice, enabled := string(encode(t, disabledNotice(t))), string(encode(t, enabledNotice(t)))
	webhook := func(b []byte) error { _, err := DecodeWebhook(b); return err }
	registry := func(b []byte) error { _, err := DecodeRegistry(b); return err }
	notices := func(b []byte) error { _, err := DecodeNotice(b); return err }
	fine := `"2026-11-24T10:00:00.` + strings.Repeat("0", 43) + `Z"` // 64 characters
	tooFine := `"2026-11-24T10:00:00.` + strings.Repeat("0", 44) + `Z"`
	for _, c := range []struct {
		decode        func([]byte) error
		message, path string
		at, over      string // raw values at the bound, and one over it
		field         string // the field that the error names; empty: path
	}{
		{webhook, webhookMessage, "id", ofLength(128), ofLength(129), ""},
		{webhook, webhookMessage, "app_id", ofLength(64), ofLength(65), ""},
		{webhook, webhookMessage, "organization_id", ofLength(64), ofLength(65), ""},
		{webhook, webhookMessage, "installation.uuid", ofLength(256), ofLength(257), ""},
		{webhook, webhookMessage, "resource", ofLength(128), ofLength(129), ""},
		{webhook, webhookMessage, "action", ofLength(128), ofLength(129), ""},
		{registry, appPut, "type", `"app.put"`, ofLength(500_000), ""},
		{registry, appPut, "version", "9223372036854775807", "9223372036854775808", ""},
		{registry, appPut, "app.id", ofLength(64), ofLength(65), ""},
		{registry, appPut, "app.uuid", ofLength(256), ofLength(257), ""},
		{registry, appPut, "app.slug", ofLength(128), ofLength(129), ""},
		{registry, appPut, "app.status", `"internal"`, ofLength(500_000), ""},
		{registry, appPut, "app.organization_id", ofLength(64), ofLength(65), ""},
		{registry, appPut, "app.events", listOf(500, `"issue"`), listOf(501, `"issue"`), ""},
		{registry, appPut, "app.events[1]", ofLength(128), ofLength(129), ""},
		{registry, appPut, "app.secrets", listOf(5, `"s"`), listOf(6, `"s"`), ""},
		{registry, appPut, "app.secrets[1]", ofLength(4096), ofLength(4097), ""},
		{registry, appDelete, "app_id", ofLength(64), ofLength(65), ""},
		{registry, appEnable, "app_id", ofLength(64), ofLength(65), ""},
		{registry, appEnable, "at", fine, tooFine, ""},
		{registry, appEnable, "actor", sized(8192), sized(8193), ""},
		{registry, appEnable, "actor", sized(8192), sized(450_000), ""},
		{registry, orgPut, "organization.id", ofLength(64), ofLength(65), ""},
		{registry, orgPut, "organization.slug", ofLength(128), ofLength(129), ""},
		{notices, notice, "id", ofLength(128), ofLength(129), ""},
		{notices, notice, "organization.id", ofLength(256), ofLength(257), ""},
		{notices, notice, "organization.slug", ofLength(256), ofLength(257), ""},
		{notices, notice, "app.id", ofLength(256), ofLength(257), ""},
		{notices, notice, "app.slug", ofLength(256), ofLength(257), ""},
		{notices, notice, "reason", ofLength(256), ofLength(257), ""},
		{notices, notice, "disabled_at", fine, tooFine, ""},
		{notices, notice, "evidence", listOf(64, `{"day":"2026-11-24"}`), listOf(65, `{"day":"2026-11-24"}`), ""},
		{notices, enabled, "enabled_at", fine, tooFine, ""},
	} {
		field := c.field
		if field == "" {
			field = c.path
		}
		if err := c.decode([]byte(change(t, c.message, c.path, c.at))); err != nil {
			t.Errorf("%s at its bound: %v", c.path, err)
		}
		err := c.decode([]byte(change(t, c.message, c.path, c.over)))
		var invalid *InvalidError
		if !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s over its bound: %v", c.path, err)
			continue
		}
		checkDetail(t, err)
	}
}

func TestOpaqueIDHasNothingThatNoQueueCarries(t *testing.T) {
	for _, raw := range []string{`"u\ufffe"`, `"u\uffff"`, `"u\n"`, `"u\u0000"`, `"u\u007f"`, `"u\u0085"`} {
		if _, err := DecodeRegistry([]byte(change(t, appPut, "app.uuid", raw))); err == nil || !strings.HasPrefix(err.Error(), "app.uuid ") {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestSecretThatWasDamagedOnItsWayIsRefused(t *testing.T) {
	for raw, valid := range map[string]bool{`"hunter2\ud800"`: false, `"\udc00hunter2"`: false, "\"hunter2\xff\"": false,
		`"hunter2\ud83d\ude80"`: true, `"hunter2\ufffd"`: true, `"hunter2\uFFFD"`: true, "\"hunter2\ufffd\"": true} {
		body := strings.Replace(appPut, `"newest"`, raw, 1)
		_, err := DecodeRegistry([]byte(body))
		if valid != (err == nil) || err != nil && !strings.HasPrefix(err.Error(), "app.secrets[0] ") {
			t.Errorf("%q: %v", raw, err)
		}
		if err != nil {
			checkDetail(t, err)
		}
	}
}
