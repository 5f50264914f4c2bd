package notice

import (
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// sample is a mail with golden files, and its settings.
type sample struct {
	config MailConfig
	notice platform.Notice
}

func ofKind(kind platform.Kind, slug, name string) func(*platform.Notice) {
	return func(n *platform.Notice) {
		n.App = platform.NoticeApp{ID: "integration:77", Slug: slug, Name: name, Kind: kind, Status: platform.Published}
	}
}

// ledgerly is a platform other than the model.
func ledgerly() MailConfig {
	return MailConfig{PlatformName: "Ledgerly", LogoURL: "https://ledgerly.example/logo.png", SupportURL: "https://ledgerly.example/help?from=mail&of=hooks",
		Subscribable: platform.Subscribable{"invoice", "payment"}}
}

func ownLinks(n *platform.Notice) {
	n.App.SettingsURL = "https://ledgerly.example/acme/hooks/17"
	n.App.DashboardURL = "https://ledgerly.example/acme/hooks/17/log?days=7&all"
}

// kindSamples is mails about other kinds of apps, and of other platforms.
func kindSamples() map[string]sample {
	github, slack := ofKind(platform.Integration, "github", "GitHub"), ofKind(platform.Plugin, "slack", "Slack")
	fatal := because("fatal", daysOf([]tally.Counts{
		{Success: 120}, {Success: 98}, {Success: 143}, {Success: 20}, {Success: 31}, {Success: 130},
		{Success: 77, Fatal: 2},
	}))
	timeout := because("timeout", daysOf([]tally.Counts{
		{Success: 800}, {Success: 900}, {Success: 850}, {Success: 840, Timeout: 2}, {Success: 990},
		{Success: 400}, {Success: 9, Timeout: 1210},
	}))
	gone := because("gone", daysOf([]tally.Counts{
		{Success: 5}, {Success: 6}, {Success: 2}, {Success: 9}, {}, {Success: 1}, {Error: 4, Gone: 4},
	}))
	dead := because("dead", daysOf([]tally.Counts{
		{Timeout: 31}, {Timeout: 12}, {}, {}, {Timeout: 44}, {Timeout: 51}, {Timeout: 38}, {Timeout: 40},
		{Timeout: 12},
	}))
	all := ledgerly()
	all.Subscribable = platform.Subscribable{platform.AllSubscribable}
	one := ledgerly()
	one.Subscribable, one.LogoURL, one.SupportURL = platform.Subscribable{"invoice"}, "", ""
	return map[string]sample{
		"integration_fatal":       {config(), disabled(github, fatal)},
		"integration_gone":        {config(), disabled(github, gone)},
		"integration_timeout":     {config(), disabled(github, timeout)},
		"integration_error":       {config(), disabled(github)},
		"integration_dead":        {config(), disabled(github, dead)},
		"integration_new_reason":  {config(), disabled(github, because("elsewhere", week(errorsOn)))},
		"integration_script":      {config(), disabled(ofKind(platform.Integration, `"><script>`, script), fatal, func(n *platform.Notice) { n.Organization.Slug = "a/b?c" })},
		"integration_enabled":     {config(), enabled(github)},
		"plugin_error":            {config(), disabled(slack)},
		"plugin_enabled":          {config(), enabled(slack)},
		"platform_error":          {ledgerly(), disabled(ownLinks)},
		"platform_enabled":        {ledgerly(), enabled(ownLinks)},
		"platform_dead_no_links":  {all, disabled(dead)},
		"platform_error_no_links": {one, disabled()},
		"platform_fatal_no_links": {ledgerly(), disabled(fatal)},
		"platform_enabled_bare":   {one, enabled()},
		"platform_provider":       {ledgerly(), disabled(github, fatal, ownLinks)},
		"platform_provider_bare":  {ledgerly(), disabled(github, fatal)},
		"platform_provider_back":  {ledgerly(), enabled(github)},
	}
}

func (s sample) compose(t *testing.T) Mail {
	t.Helper()
	m, err := NewComposer(s.config).Compose(s.notice)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMailsOfOtherKindsAndPlatformsAreAsTheGoldenFilesHaveThem(t *testing.T) {
	for name, s := range kindSamples() {
		t.Run(name, func(t *testing.T) {
			m := s.compose(t)
			golden(t, name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
			golden(t, name+".html", m.HTML)
			checkLines(t, name, m)
		})
	}
}

func TestSubjectSaysWhatAnAppOfItsKindNeeds(t *testing.T) {
	for name, want := range map[string]string{
		"integration_fatal":   "Action required: re-authenticate or fix your GitHub integration",
		"plugin_error":        "Action required: re-authenticate or fix your Slack integration",
		"integration_enabled": "Your GitHub integration is enabled again",
		"platform_error":      "Action required: Fix your CI Bot integration",
		"platform_enabled":    "Webhooks of your CI Bot integration are flowing again",
	} {
		if got := kindSamples()[name].compose(t).Subject; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

var anchor = regexp.MustCompile(`href="([^"]*)"`)

// linksOf is the links of a mail. Its text must have them too.
func linksOf(t *testing.T, name string, m Mail) (links []string) {
	t.Helper()
	for _, found := range anchor.FindAllStringSubmatch(m.HTML, -1) {
		link := html.UnescapeString(found[1])
		links = append(links, link)
		if !strings.Contains(m.Text, link+"\n") {
			t.Errorf("%s: the text has no %s", name, link)
		}
	}
	if n := strings.Count(m.Text, "://") - strings.Count(m.Text, "hooks.acme.example"); n != len(links) {
		t.Errorf("%s: %d links in the text, %d in HTML", name, n, len(links))
	}
	slices.Sort(links)
	return links
}

func TestLinksAreTheAppsOwnOrThoseOfItsKind(t *testing.T) {
	const at, own = "https://platform.example/settings/acme/", "https://ledgerly.example/acme/hooks/17"
	for name, want := range map[string][]string{
		"integration_fatal":       {at + "integrations/github/?referrer=disabled-integration"},
		"integration_enabled":     {at + "integrations/github/?referrer=disabled-integration"},
		"integration_script":      {"https://platform.example/settings/a%2Fb%3Fc/integrations/%22%3E%3Cscript%3E/?referrer=disabled-integration"},
		"plugin_error":            {at + "plugins/slack/?referrer=disabled-integration"},
		"platform_error":          {own, own + "/log?days=7&all", "https://ledgerly.example/help?from=mail&of=hooks"},
		"platform_enabled":        {own, own + "/log?days=7&all", "https://ledgerly.example/help?from=mail&of=hooks"},
		"platform_provider":       {own, own + "/log?days=7&all", "https://ledgerly.example/help?from=mail&of=hooks"},
		"platform_dead_no_links":  {"https://ledgerly.example/help?from=mail&of=hooks"},
		"platform_error_no_links": nil,
		"platform_enabled_bare":   nil,
	} {
		if got := linksOf(t, name, kindSamples()[name].compose(t)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	both := disabled(ownLinks)
	both.App.DashboardURL = ""
	if got := linksOf(t, "settings alone", compose(t, both)); !slices.Equal(got, []string{own, at + "developer-settings/ci-bot/dashboard/?referrer=disabled-sentry-app"}) {
		t.Errorf("settings alone: %q", got)
	}
}

// What a mail must not say if it is not true.
func TestMailsSayOnlyWhatIsTrueOfTheAppAndTheSettings(t *testing.T) {
	for name, s := range kindSamples() {
		m := s.compose(t)
		text, page := fold(m.Text), fold(m.HTML)
		var untrue []string
		if s.notice.App.Kind.CalledByPlatform() {
			untrue = append(untrue, "webhook", "receiver", "same events")
		}
		if links := linksOf(t, name, m); !slices.ContainsFunc(links, func(l string) bool { return strings.Contains(l, "dashboard") || strings.Contains(l, "/log") }) {
			untrue = append(untrue, "dashboard")
		}
		for _, resource := range []string{"issue", "error", "comment"} {
			if !s.config.Subscribable.Has(resource) {
				untrue = append(untrue, "resources "+resource, ", "+resource, "resource "+resource)
			}
		}
		for _, words := range untrue {
			if strings.Contains(text, words) || strings.Contains(page, words) {
				t.Errorf("%s: says %q:\n%s", name, words, m.Text)
			}
		}
	}
}

func TestMailsHoldBackTheResourcesOfTheSettings(t *testing.T) {
	const rest = " they are not sent later. All others, such as those about its installation, are still sent."
	for want, resources := range map[string]platform.Subscribable{
		"Until then no webhooks of the resources issue, error and comment are sent to it, and" + rest:      {"issue", "error", "comment"},
		"Until then no webhooks of the resources invoice and payment are sent to it, and" + rest:           {"invoice", "payment"},
		"Until then no webhooks of the resource invoice are sent to it, and" + rest:                        {"invoice"},
		"Until then no webhooks are sent to it but those about its installation, and none are sent later.": {"*"},
	} {
		s := sample{config(), disabled()}
		s.config.Subscribable = resources
		m := s.compose(t)
		if !strings.Contains(fold(m.Text), strings.ToLower(want)) || !strings.Contains(fold(m.HTML), strings.ToLower(want)) {
			t.Errorf("does not say %q:\n%s", want, m.Text)
		}
	}
}

// Only the model's mails have its name. Its links have it in a parameter.
func TestMailsOfAnotherPlatformDoNotNameTheModel(t *testing.T) {
	for links, word := range map[string]string{"": `(?i)sentry`, "https://ledgerly.example": `Sentry`} {
		c := ledgerly()
		c.PlatformURL = links
		all := samples()
		for _, more := range []map[string]sample{kindSamples(), diagnosedSamples(), warningSamples()} {
			for name, s := range more {
				all[name] = s.notice
			}
		}
		for _, name := range slices.Sorted(maps.Keys(all)) {
			m := sample{c, all[name]}.compose(t)
			if found := regexp.MustCompile(word).FindString(m.Subject + m.Text + m.HTML + m.To.Name); found != "" {
				t.Errorf("%s: %s", name, found)
			}
		}
	}
}

func TestLogoAndSupportAreInEachMailThatHasThem(t *testing.T) {
	for name, n := range samples() {
		m := sample{ledgerly(), n}.compose(t)
		if strings.Count(m.HTML, `<img class="logo" src="https://ledgerly.example/logo.png" alt="Ledgerly" height="32"`) != 1 {
			t.Errorf("%s: no logo", name)
		}
		if !strings.Contains(m.HTML, `href="https://ledgerly.example/help?from=mail&amp;of=hooks"`) ||
			!strings.Contains(m.Text, "Ask the support of Ledgerly:\nhttps://ledgerly.example/help?from=mail&of=hooks\n") {
			t.Errorf("%s: no support", name)
		}
	}
}

func TestPageWithoutALogoIsHeadedByThePlatformsName(t *testing.T) {
	all := warningSamples()
	for name, n := range samples() {
		all[name] = sample{config(), n}
	}
	for name, s := range all {
		s.config.LogoURL, s.config.PlatformName = "", "Ledgerly & Co"
		head, _, _ := strings.Cut(s.compose(t).HTML, "<h1")
		if !strings.Contains(head, ">Ledgerly &amp; Co</p>") {
			t.Errorf("%s: no name above the title", name)
		}
	}
}

func TestMailsSayTheirAppsStatus(t *testing.T) {
	if got := compose(t, disabled()).Status; got != platform.Internal {
		t.Errorf("by default %q", got)
	}
	if got := compose(t, disabled(func(n *platform.Notice) { n.App.Status = platform.Published })).Status; got != platform.Published {
		t.Errorf("published: %q", got)
	}
}
