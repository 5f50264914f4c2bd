package platform

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestSecretNeverPrints(t *testing.T) {
	secret := Secret("hunter2")
	put := AppPut{Secrets: []Secret{secret}}
	var printed bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X"} {
		for _, v := range []any{secret, &secret, []Secret{secret}, map[string]Secret{"k": secret}, put, &put} {
			_, _ = fmt.Fprintf(&printed, verb+"\n", v)
		}
	}
	_, _ = fmt.Fprintln(&printed, secret, put)
	for _, handler := range []slog.Handler{slog.NewTextHandler(&printed, nil), slog.NewJSONHandler(&printed, nil)} {
		log := slog.New(handler)
		log.Info("event", "secret", secret, slog.Any("any", secret), slog.Group("group", "secret", secret))
		log.With("secret", secret).Info("event")
	}
	for _, form := range []string{"hunter2", fmt.Sprintf("%x", "hunter2"), fmt.Sprintf("%X", "hunter2")} {
		if strings.Contains(printed.String(), form) {
			t.Errorf("the secret is printed: %s", printed.String())
		}
	}
	if string(secret) != "hunter2" {
		t.Error("a conversion must yield the secret")
	}
}

func TestAppIsSubscribedToResourcesOrToSingleEvents(t *testing.T) {
	app := App{Events: []string{"issue", "error.created"}}
	for event, want := range map[[2]string]bool{
		{"issue", "created"}: true, {"issue", "anything"}: true, {"error", "created"}: true, {"error", "resolved"}: false,
		{"comment", "created"}: false, {"issue.created", "x"}: false,
	} {
		if got := app.Subscribed(event[0], event[1]); got != want {
			t.Errorf("%v: %v", event, got)
		}
	}
}

func TestTimesAreUTCWithMillisecondsAndSortAsText(t *testing.T) {
	at := time.Date(2026, 11, 24, 11, 0, 0, 1_999_999, time.FixedZone("", 3600))
	text := FormatTime(at)
	if text != "2026-11-24T10:00:00.001Z" {
		t.Errorf("got %s", text)
	}
	if later := FormatTime(at.Add(time.Millisecond)); later <= text {
		t.Errorf("%s does not sort after %s", later, text)
	}
	for _, same := range []string{text, "2026-11-24T11:00:00.0019+01:00"} {
		if got, err := ParseTime(same); err != nil || got != at.UTC().Truncate(time.Millisecond) {
			t.Errorf("%s is read as %v (%v)", same, got, err)
		}
	}
}

func TestSlugMakesALinkThatNoBrowserCollapses(t *testing.T) {
	for _, raw := range []string{`"."`, `".."`} {
		for path, message := range map[string]string{"app.slug": appPut, "organization.slug": orgPut} {
			if _, err := DecodeRegistry([]byte(change(t, message, path, raw))); err == nil || err.Error() != path+" must not be . or .." {
				t.Errorf("%s %s: %v", path, raw, err)
			}
		}
	}
	for _, raw := range []string{`"..."`, `".x"`, `"%2e%2e"`, `"a/b"`, `"a?b#c"`} {
		if _, err := DecodeRegistry([]byte(change(t, appPut, "app.slug", raw))); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
}
