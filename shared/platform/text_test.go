package platform

import (
	"encoding/json"
	"hookwarden/shared/tally"
	"strings"
	"testing"
	"unicode/utf8"
)

// refusedBySQS reports whether SQS refuses a message's text.
func refusedBySQS(body string) bool {
	return !utf8.ValidString(body) || strings.ContainsFunc(body, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\ufffe' || r == '\uffff'
	})
}

var names = map[string]string{ // JSON as it came: what is kept
	`"CI Bot"`:                            "CI Bot",
	`" CI Bot\n"`:                         "CI Bot",
	`"CI\r\nBot"`:                         "CI  Bot",
	`"CI\u0000\u001b[31mBot\u007f"`:       "CI  [31mBot",
	`"CI\u0085Bot\u2028\u2029"`:           "CI Bot",
	`"C\ufffeI\uffffBot"`:                 "CIBot",
	"\"C\ufffeI\uffffBot\"":               "CIBot",
	`"CI\ud800Bot"`:                       "CI\ufffdBot",
	`"\udc00"`:                            "\ufffd",
	`"\ud83d\ude80"`:                      "🚀",
	`"👩‍👩‍👧"`:                             "👩‍👩‍👧",
	`"ボット"`:                               "ボット",
	`"بوت"`:                               "بوت",
	`"\u200b"`:                            "",
	`""`:                                  "",
	`"  \t"`:                              "",
	`"\u2800\u3164\u115f\u034f\ufe0f"`:    "",
	`"\u202e\u2066\ufeff\u00ad\u2060"`:    "",
	`"\ufffe"`:                            "",
	`"\udb40\udc41"`:                      "", // a tag
	`"\uf8ff"`:                            "\uf8ff",
	`"` + strings.Repeat("é", 300) + `"`:  strings.Repeat("é", 256),
	`"a` + strings.Repeat("é", 300) + `"`: "a" + strings.Repeat("é", 255),
	`"` + strings.Repeat(`\u200b`, 9000) + `x"`: "",
}

func TestNameIsCleanedAndCutAndNeverRefused(t *testing.T) {
	for raw, want := range names {
		for _, name := range []struct{ message, path, fallback string }{
			{appPut, "app.name", "ci-bot"}, {orgPut, "organization.name", "acme"}, {orgPut, "organization.owners[0].name", ""},
		} {
			m, err := DecodeRegistry([]byte(change(t, name.message, name.path, raw)))
			if err != nil {
				t.Errorf("%s = %.60q: %v", name.path, raw, err)
				continue
			}
			var got string
			switch m := m.(type) {
			case AppPut:
				got = m.App.Name
			case OrganizationPut:
				got = m.Organization.Name
				if strings.Contains(name.path, "owners") {
					got = m.Organization.Owners[0].Name
				}
			}
			if expected := orName(want, name.fallback); got != expected {
				t.Errorf("%s = %.60q: %q, want %q", name.path, raw, got, expected)
			}
		}
	}
}

func orName(name, fallback string) string {
	if name == "" {
		return fallback
	}
	return name
}

// Texts in the tables may be older than the code that cleans them.
func TestNoticesOfWhateverIsRegisteredAreWhatSQSTakes(t *testing.T) {
	for name, text := range map[string]string{
		"no characters": "C\ufffeI \uffffBot", "markup": strings.Repeat("<", 200_000), "nothing": "\u200b", "bad UTF-8": "\xff\xfe", "controls": "\x00\x01",
	} {
		app := App{ID: "17", Slug: "ci-bot", Name: text, WebhookURL: "https://receiver.example/" + text}
		org := Organization{ID: "42", Slug: "acme", Name: text, Owners: []Owner{{Email: "ada@acme.example", Name: text}}}
		n := Notices(AppDisabled, app, org, noticed)[0]
		n.Reason, n.DisabledAt, n.Evidence = "error", FormatTime(noticed), []tally.Day{{Date: "2026-11-24", Counts: tally.Counts{Error: 1}}}
		body, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		if refusedBySQS(string(body)) || len(body) > 64<<10 {
			t.Errorf("%s: %d bytes: %.200q", name, len(body), body)
		}
		if n, err := DecodeNotice(body); err != nil || n.App.Name == "" || n.Organization.Name == "" {
			t.Errorf("%s: %v, %q, %q", name, err, n.App.Name, n.Organization.Name)
		}
	}
}

func TestNoticeIsNeverRefusedForItsNames(t *testing.T) {
	for raw, want := range names {
		body := string(encode(t, disabledNotice(t)))
		for _, path := range []string{"app.name", "organization.name", "to.name"} {
			body = change(t, body, path, raw)
		}
		n, err := DecodeNotice([]byte(body))
		if err != nil || n.App.Name != orName(want, "ci-bot") || n.Organization.Name != orName(want, "acme") || n.To.Name != want {
			t.Errorf("%.60q: %v, %q, %q, %q", raw, err, n.App.Name, n.Organization.Name, n.To.Name)
		}
	}
}

func TestURLThatIsTooLongIsKeptSoFarThatItStaysTooLong(t *testing.T) {
	for _, c := range []struct{ typed, want string }{
		{" https://receiver.example/ \n", "https://receiver.example/"},
		{"https://receiver.example/\ufffe?\uffff", "https://receiver.example/%EF%BF%BE?%EF%BF%BF"},
		{strings.Repeat("a", 2048), strings.Repeat("a", 2048)},
		{strings.Repeat("a", 500_000), strings.Repeat("a", 2049)},
		{strings.Repeat("a", 2047) + strings.Repeat("🚀", 9), strings.Repeat("a", 2047) + "🚀"},
		{strings.Repeat("a", 2046) + strings.Repeat("é", 9), strings.Repeat("a", 2046) + "éé"},
	} {
		m, err := DecodeRegistry([]byte(change(t, appPut, "app.webhook_url", string(encode(t, c.typed)))))
		if err != nil {
			t.Fatal(err)
		}
		if got := m.(AppPut).App.WebhookURL; got != c.want {
			t.Errorf("%.40q: %d bytes, %.60q", c.typed, len(got), got)
		}
		n, err := DecodeNotice([]byte(change(t, string(encode(t, disabledNotice(t))), "app.webhook_url", string(encode(t, c.typed)))))
		if err != nil || n.App.WebhookURL != c.want {
			t.Errorf("notice of %.40q: %v, %.60q", c.typed, err, n.App.WebhookURL)
		}
	}
}
