package notice

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

var update = flag.Bool("update", false, "write the golden files")

func config() MailConfig {
	return MailConfig{
		PlatformName: "Sentry",
		PlatformURL:  "https://platform.example",
		Subscribable: platform.Subscribable{"issue", "error", "comment"},
	}
}

// week is a week that ends on a Tuesday.
func week(counts func(i int) tally.Day) []tally.Day { return days(7, counts) }

func days(n int, counts func(i int) tally.Day) []tally.Day {
	list := make([]tally.Day, n)
	for i := range list {
		list[i] = counts(i)
		list[i].Date = tally.Date("2026-11-24").Plus(i - n + 1)
	}
	return list
}

// daysOf is days with these counts. The last is that Tuesday.
func daysOf(counts []tally.Counts) []tally.Day {
	return days(len(counts), func(i int) tally.Day { return tally.Day{Counts: counts[i]} })
}

func errorsOn(i int) tally.Day {
	errors := []int64{12, 3, 48, 131, 67, 1204, 250}
	return tally.Day{Counts: tally.Counts{Error: errors[i%len(errors)]}}
}

func disabled(change ...func(*platform.Notice)) platform.Notice {
	n := platform.Notice{
		ID:           "0123456789abcdef0123456789abcdef",
		Kind:         platform.AppDisabled,
		To:           platform.Owner{Email: "ada@acme.example", Name: "Ada Lovelace"},
		Organization: platform.NoticeOrganization{ID: "42", Slug: "acme", Name: "Acme"},
		App:          platform.NoticeApp{ID: "17", Slug: "ci-bot", Name: "CI Bot", WebhookURL: "https://hooks.acme.example/ci"},
		Reason:       "error",
		DisabledAt:   "2026-11-24T10:00:00.000Z",
		Evidence:     week(errorsOn),
		Rule:         &tally.Rule{TimeoutThreshold: 1000, TimeoutMinShare: 0.5, GoneThreshold: 3, DeadDays: 5},
	}
	for _, c := range change {
		c(&n)
	}
	return n
}

func enabled(change ...func(*platform.Notice)) platform.Notice {
	n := disabled()
	n.Kind, n.Reason, n.DisabledAt, n.Evidence = platform.AppEnabled, "", "", nil
	n.EnabledAt = "2026-11-25T08:30:00.000Z"
	for _, c := range change {
		c(&n)
	}
	return n
}

func named(name string) func(*platform.Notice) {
	return func(n *platform.Notice) { n.To.Name, n.Organization.Name, n.App.Name = name, name, name }
}

func because(reason string, evidence []tally.Day) func(*platform.Notice) {
	return func(n *platform.Notice) { n.Reason, n.Evidence = reason, evidence }
}

const (
	script  = `<script>alert("x")</script>&amp;{{.App}}`
	hebrew  = "בוט של עדה (v2)"
	emoji   = "🚀 Bötchen 👩🏽‍💻"
	newline = "CI\r\nBcc: all@acme.example\r\n\r\nBot\x00\x1b[31m\u2028\u202e"
)

// samples is the mails with golden files.
func samples() map[string]platform.Notice {
	return map[string]platform.Notice{
		"disabled_error": disabled(),
		"disabled_timeout": disabled(because("timeout", daysOf([]tally.Counts{
			{Success: 4210, Error: 3}, {Success: 3977, Timeout: 2}, {Success: 4120, Error: 7},
			{Success: 1200, Timeout: 14}, {Success: 980, Timeout: 3}, {Success: 2206, Timeout: 880},
			{Success: 41, Timeout: 4388},
		}))),
		"disabled_gone": disabled(because("gone", daysOf([]tally.Counts{
			{Success: 5}, {Success: 6}, {Success: 2, Error: 1}, {Success: 9}, {}, {Success: 1},
			{Error: 4, Gone: 4},
		}))),
		"disabled_fatal": disabled(because("fatal", daysOf([]tally.Counts{
			{Success: 20}, {Success: 20}, {Success: 20}, {Success: 20}, {Success: 20}, {Success: 20},
			{Success: 20, Fatal: 1},
		}))),
		"disabled_all_columns": disabled(because("timeout", week(func(i int) tally.Day {
			return tally.Day{Counts: tally.Counts{Success: 99_999, Error: 1_999_999, Gone: 999_999, Timeout: 12_345_678, Fatal: 99_999}}
		}))),
		"disabled_dead": disabled(because("dead", daysOf([]tally.Counts{
			{Other: 31}, {Other: 12}, {}, {}, {Other: 44, Timeout: 3}, {Other: 51}, {Other: 38}, {Other: 40},
			{Other: 12},
		}))),
		"disabled_one_day":       disabled(because("error", days(1, errorsOn))),
		"disabled_thirty_days":   disabled(because("error", days(30, errorsOn))),
		"disabled_new_reason":    disabled(because("elsewhere", week(errorsOn))),
		"disabled_no_days":       disabled(because("error", nil)),
		"disabled_script":        disabled(named(script), func(n *platform.Notice) { n.App.WebhookURL += "?" + script }),
		"disabled_right_to_left": disabled(named(hebrew)),
		"disabled_emoji":         disabled(named(emoji)),
		"disabled_newlines":      disabled(named(newline)),
		"disabled_long": disabled(named(strings.Repeat("Long", 50)), func(n *platform.Notice) {
			n.App.WebhookURL += "/" + strings.Repeat("x", 2000-len(n.App.WebhookURL)-1)
		}),
		"disabled_nameless": disabled(func(n *platform.Notice) { n.To.Name, n.App.WebhookURL = "", "" }),
		"disabled_slugs":    disabled(func(n *platform.Notice) { n.Organization.Slug, n.App.Slug = "a/b?c", `"><script>` }),
		"enabled":           enabled(),
		"enabled_script":    enabled(named(script)),
		"enabled_nameless":  enabled(func(n *platform.Notice) { n.To.Name, n.App.WebhookURL = "", "" }),
	}
}

func compose(t *testing.T, n platform.Notice) Mail {
	t.Helper()
	m, err := composer().Compose(n)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMailsAreAsTheGoldenFilesHaveThem(t *testing.T) {
	for name, n := range samples() {
		t.Run(name, func(t *testing.T) {
			m := compose(t, n)
			golden(t, name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
			golden(t, name+".html", m.HTML)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestMailsSayWhatTheyMust(t *testing.T) {
	for name, n := range samples() {
		m := compose(t, n)
		url := "https://platform.example/settings/acme/developer-settings/ci-bot/"
		if name == "disabled_slugs" {
			url = "https://platform.example/settings/a%2Fb%3Fc/developer-settings/%22%3E%3Cscript%3E/"
		}
		for _, link := range []string{url + "?referrer=disabled-sentry-app", url + "dashboard/?referrer=disabled-sentry-app"} {
			if !strings.Contains(m.Text, link+"\n") || !strings.Contains(m.HTML, `href="`+link+`"`) {
				t.Errorf("%s: no link %s", name, link)
			}
		}
		for _, words := range []string{"subscriptions", "because you are an owner", "24 November 2026, at 10:00 UTC", "Why", "What to do"} {
			if n.Kind == platform.AppEnabled && (words == "Why" || strings.HasPrefix(words, "24 ")) {
				continue
			}
			if !strings.Contains(fold(m.Text), strings.ToLower(words)) || !strings.Contains(fold(m.HTML), strings.ToLower(words)) {
				t.Errorf("%s: does not say %q", name, words)
			}
		}
	}
}

// fold joins lines that were broken.
func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

func TestSubjectIsOneLineWithTheAppsName(t *testing.T) {
	for _, row := range []struct {
		notice platform.Notice
		want   string
	}{
		{disabled(), "Action required: Fix your CI Bot integration"},
		{enabled(), "Webhooks of your CI Bot integration are flowing again"},
		{disabled(named(newline)), "Action required: Fix your CI Bcc: all@acme.example Bot [31m integration"},
		{disabled(named(emoji)), "Action required: Fix your " + emoji + " integration"},
		{disabled(named(hebrew)), "Action required: Fix your " + hebrew + " integration"},
		{disabled(named(strings.Repeat("é", 200))), "Action required: Fix your " + strings.Repeat("é", 200) + " integration"},
		{disabled(named(strings.Repeat("é", 201))), "Action required: Fix your " + strings.Repeat("é", 199) + "… integration"},
		{disabled(named("\r\n")), "Action required: Fix your ci-bot integration"},
		{disabled(named("a\xffb")), "Action required: Fix your a\ufffdb integration"},
	} {
		if got := compose(t, row.notice).Subject; got != row.want {
			t.Errorf("subject %q, want %q", got, row.want)
		}
	}
}

func TestRecipientHasANameOfOneLineAndTheAddressAsItCame(t *testing.T) {
	n := disabled(named(newline), func(n *platform.Notice) { n.To.Email = "ada+hooks@bücher.example" })
	want := platform.Owner{Email: "ada+hooks@bücher.example", Name: "CI Bcc: all@acme.example Bot [31m"}
	if got := compose(t, n).To; got != want {
		t.Errorf("to %+v", got)
	}
}

func TestMailsHaveNoControlCharactersOrOverlongLines(t *testing.T) {
	for name, n := range samples() {
		checkLines(t, name, compose(t, n))
	}
}

func checkLines(t *testing.T, name string, m Mail) {
	t.Helper()
	if i := strings.IndexFunc(strings.ReplaceAll(m.Text+m.HTML, "\n", "")+m.Subject, unicode.IsControl); i >= 0 {
		t.Errorf("%s: control character at %d", name, i)
	}
	for line := range strings.Lines(m.Text) {
		if words := strings.Fields(line); len(words) > 1 && utf8.RuneCountInString(line) > textWidth+1 {
			t.Errorf("%s: line of %d characters: %s", name, utf8.RuneCountInString(line), line)
		}
	}
}

func TestHTMLHasItsValuesEscaped(t *testing.T) {
	for _, n := range []platform.Notice{disabled(named(script)), enabled(named(script)), samples()["disabled_slugs"]} {
		m := compose(t, n)
		if strings.Contains(m.HTML, "<script") {
			t.Errorf("%s: a script came through", n.Kind)
		}
		if n.App.Name == script && !strings.Contains(m.Text, `alert("x")</script>&amp;{{.App}}`) {
			t.Errorf("%s: the text is not verbatim:\n%s", n.Kind, m.Text)
		}
	}
}

func TestNamesFromRightToLeftDoNotTurnTheWordsAroundThem(t *testing.T) {
	m := compose(t, disabled(named(hebrew)))
	if strings.Count(fold(m.Text), "\u2068"+hebrew+"\u2069") != 4 {
		t.Errorf("text not isolated:\n%s", m.Text)
	}
	if strings.Count(m.HTML, "<bdi>"+hebrew+"</bdi>") != 5 {
		t.Errorf("HTML not isolated:\n%s", m.HTML)
	}
	if plain := compose(t, disabled()); strings.ContainsAny(plain.Text, "\u2068\u2069") {
		t.Error("a plain name is isolated")
	}
}

func TestReasonIsExplainedWithTheRulesOwnNumbers(t *testing.T) {
	rule := &tally.Rule{TimeoutThreshold: 2500, TimeoutMinShare: 0.125, GoneThreshold: 1, DeadDays: 9}
	composer := NewComposer(config())
	for _, row := range []struct {
		reason string
		day    tally.Day
		want   string
	}{
		{"timeout", tally.Day{Counts: tally.Counts{Timeout: 2500}}, "On Tuesday, 24 November 2026, 2,500 webhooks got no complete answer in time or lost the connection. " +
			"Sentry disables an integration when that happens 2,500 times or more in one day and to at least 12.5% of the webhooks of that day and the day before."},
		{"gone", tally.Day{Counts: tally.Counts{Error: 1, Gone: 1}}, "On Tuesday, 24 November 2026, the webhook URL answered once with 410 Gone, " +
			"which says that it is gone for good, and no webhook succeeded. Sentry disables an integration when that happens once or more in one day."},
		{"fatal", tally.Day{Counts: tally.Counts{Fatal: 1}}, "On Tuesday, 24 November 2026, 1 call to the integration ended in a fatal error. " +
			"A single fatal error is enough for Sentry to disable an integration."},
		{"error", tally.Day{Counts: tally.Counts{Error: 1}}, "On each of the 3 days up to Tuesday, 24 November 2026, webhooks were answered with errors, and not a single one succeeded. " +
			"Sentry disables an integration when that happens for 3 days in a row."},
		{"dead", tally.Day{Counts: tally.Counts{Error: 1, Gone: 1, Other: 4}}, "Since Sunday, 22 November 2026, 15 webhooks failed, and not a single one succeeded. " +
			"Sentry disables an integration when nothing but failures came back for at least 9 days."},
	} {
		m, err := composer.Compose(disabled(because(row.reason, days(3, func(int) tally.Day { return row.day })), func(n *platform.Notice) { n.Rule = rule }))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.Join(strings.Fields(m.Text), " "), row.want) {
			t.Errorf("%s: not explained as %q:\n%s", row.reason, row.want, m.Text)
		}
	}
}

func TestReasonIsOfTheNewestDayThatTheRuleFinds(t *testing.T) {
	evidence := daysOf([]tally.Counts{
		{Timeout: 4000}, {}, {}, {Timeout: 1000}, {Timeout: 999}, {}, {Timeout: 1},
	})
	n := disabled(because("timeout", evidence))
	if got := deciding(n); got.Date != "2026-11-21" {
		t.Errorf("decided on %s", got.Date)
	}
	n.Rule.TimeoutThreshold = 5000
	if got := deciding(n); got.Timeout != 4000 {
		t.Errorf("with no day that fits: %+v", got)
	}
	n.Rule = nil // of an older version
	if got := deciding(n); got.Date != "2026-11-21" {
		t.Errorf("without a rule: decided on %s", got.Date)
	}
	gone := daysOf([]tally.Counts{
		{Error: 3, Gone: 3}, {Error: 3, Gone: 3}, {Error: 3, Gone: 3}, {Error: 3, Gone: 3},
		{Error: 3, Gone: 3}, {Error: 3, Gone: 3}, {Success: 1, Error: 3, Gone: 3},
	})
	if got := deciding(disabled(because("gone", gone))); got.Date != "2026-11-23" {
		t.Errorf("gone on %s, a day with a success", got.Date)
	}
}

func TestBarsFillAHundredAndShowWhatIsSmall(t *testing.T) {
	for _, row := range []struct {
		day     tally.Day
		busiest float64
		want    bar
	}{
		{tally.Day{}, 0, bar{Rest: 100}},
		{tally.Day{}, 10, bar{Rest: 100}},
		{tally.Day{Counts: tally.Counts{Error: 10, Gone: 10}}, 10, bar{Failed: 100}},
		{tally.Day{Counts: tally.Counts{Success: 1, Timeout: 1}}, 4, bar{25, 25, 50}},
		{tally.Day{Counts: tally.Counts{Success: 1, Error: 99999}}, 100000, bar{3, 97, 0}},
		{tally.Day{Counts: tally.Counts{Success: 99999, Fatal: 1}}, 100000, bar{97, 3, 0}},
		{tally.Day{Counts: tally.Counts{Error: 1}}, 1e6, bar{0, 3, 97}},
		{tally.Day{Counts: tally.Counts{Success: -5, Error: 1 << 62, Timeout: 1 << 62}}, 1 << 63, bar{0, 100, 0}},
	} {
		if got := barOf(row.day, row.busiest); got != row.want {
			t.Errorf("%+v of %.0f: %+v, want %+v", row.day, row.busiest, got, row.want)
		}
	}
}

func TestCountsAreReadable(t *testing.T) {
	for _, row := range []struct {
		n            int64
		count, short string
	}{
		{-1, "0", "0"}, {0, "0", "0"}, {999, "999", "999"}, {1000, "1,000", "1,000"}, {99_999, "99,999", "99,999"},
		{100_000, "100,000", "100k"}, {999_999, "999,999", "999k"}, {1_289_999, "1,289,999", "1.2M"},
		{12_345_678_901, "12,345,678,901", "12,345M"},
	} {
		if got := count(row.n); got != row.count {
			t.Errorf("count(%d) = %q, want %q", row.n, got, row.count)
		}
		if got := short(row.n); got != row.short {
			t.Errorf("short(%d) = %q, want %q", row.n, got, row.short)
		}
	}
}

func TestHTMLNeedsNoImageAndNothingFromElsewhere(t *testing.T) {
	foreign := regexp.MustCompile(`(?i)<img|<link|src=|url\(|@import|<script`)
	for name, n := range samples() {
		if found := foreign.FindString(strings.ReplaceAll(compose(t, n).HTML, "url=no", "")); found != "" {
			t.Errorf("%s: %s", name, found)
		}
	}
}

func TestMailsAreOfKnownKindsOnly(t *testing.T) {
	if _, err := NewComposer(config()).Compose(platform.Notice{ID: "1", Kind: "app.sold"}); err == nil {
		t.Error("no error")
	}
}

func ExampleComposer_Compose() {
	composer := NewComposer(MailConfig{PlatformName: "Sentry", PlatformURL: "https://platform.example"})
	m, _ := composer.Compose(platform.Notice{
		Kind:         platform.AppEnabled,
		Organization: platform.NoticeOrganization{Slug: "acme", Name: "Acme"},
		App:          platform.NoticeApp{Slug: "ci-bot", Name: "CI Bot", WebhookURL: "https://hooks.acme.example/ci"},
		EnabledAt:    "2026-11-25T08:30:00.000Z",
	})
	fmt.Println(m.Subject)
	// Output: Webhooks of your CI Bot integration are flowing again
}
