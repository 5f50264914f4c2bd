package notice

import (
	"slices"
	"strings"
	"testing"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

func warning(w platform.Warning, change ...func(*platform.Notice)) platform.Notice {
	n := disabled()
	n.Kind, n.Reason, n.DisabledAt = platform.AppWarning, "", ""
	n.WarnedAt, n.Warning, n.Evidence = "2026-11-24T10:00:00.000Z", &w, days(3, errorsOn)
	for _, c := range change {
		c(&n)
	}
	return n
}

func thirdDay() platform.Warning {
	return platform.Warning{Level: platform.DaysLevel(3), Day: 3, CutOn: "2026-11-28"}
}

func of(reason tally.Reason) func(*platform.Notice) {
	return func(n *platform.Notice) { n.Reason = string(reason) }
}

func recovered(change ...func(*platform.Notice)) platform.Notice {
	n := disabled()
	n.Kind, n.Reason, n.DisabledAt, n.Evidence, n.Rule = platform.AppRecovered, "", "", nil, nil
	n.WarnedAt, n.RecoveredAt = "2026-11-24T10:00:00.000Z", "2026-11-25T08:30:00.000Z"
	for _, c := range change {
		c(&n)
	}
	return n
}

func warningSamples() map[string]sample {
	github, slack := ofKind(platform.Integration, "github", "GitHub"), ofKind(platform.Plugin, "slack", "Slack")
	timeouts := func(n *platform.Notice) {
		n.Evidence = daysOf([]tally.Counts{{Success: 4210, Error: 3}, {Success: 3977, Timeout: 2}, {Success: 310, Timeout: 512}})
	}
	gone := func(n *platform.Notice) {
		n.Evidence = daysOf([]tally.Counts{{Success: 5}, {Success: 2}, {Error: 1, Gone: 1}})
	}
	certificate := diagnosed(platform.Answer{Outcome: "connection_error", Code: "tls"}, saying("The certificate expired on 2026-11-24.", ""), reading(31), func(d *platform.Diagnosis) {
		d.FailingSince, d.LastSuccess = "2026-11-24T00:00:07.000Z", "2026-11-23T23:58:10.000Z"
	})
	slow := diagnosed(platform.Answer{Outcome: "timeout", Code: "timeout_response"}, reading(512), func(d *platform.Diagnosis) {
		d.FailingSince, d.LastSuccess, d.Example.DurationMS = "2026-11-24T09:57:44.000Z", "2026-11-24T09:57:43.000Z", 1000
	})
	permanent := platform.Warning{Level: platform.LevelPermanent, CutOn: "2026-11-29"}
	return map[string]sample{
		"warning_days":          {config(), warning(thirdDay(), of(tally.Error), diagnosed(forbidden(), saying("", "Forbidden"), reading(63), since22))},
		"warning_days_bare":     {ledgerly(), warning(platform.Warning{Level: platform.DaysLevel(5)}, func(n *platform.Notice) { n.Evidence = nil })},
		"warning_timeouts":      {config(), warning(platform.Warning{Level: platform.LevelTimeouts}, of(tally.Timeout), timeouts, slow)},
		"warning_timeouts_bare": {ledgerly(), warning(platform.Warning{Level: platform.LevelTimeouts}, func(n *platform.Notice) { n.Evidence, n.Rule = nil, nil })},
		"warning_certificate": {config(), warning(permanent, of(tally.Dead), certificate, func(n *platform.Notice) {
			n.Evidence = daysOf([]tally.Counts{{Success: 5}, {Success: 2}, {Timeout: 31}})
		})},
		"warning_gone":           {ledgerly(), warning(platform.Warning{Level: platform.LevelPermanent}, of(tally.Gone), gone, ownLinks, diagnosed(platform.Answer{Outcome: "gone", Status: 410}, reading(1), since24))},
		"warning_blocked":        {config(), warning(platform.Warning{Level: platform.LevelPermanent, CutOn: "2026-11-27"}, of(tally.Dead), diagnosed(platform.Answer{Outcome: "blocked", Code: "blocked_scheme"}, reading(7), since22), func(n *platform.Notice) { n.Evidence = daysOf([]tally.Counts{{Other: 3}, {Other: 2}, {Other: 2}}) })},
		"warning_script":         {config(), warning(thirdDay(), named(script), hostile, func(n *platform.Notice) { since22(n.Diagnosis); reading(63)(n.Diagnosis) })},
		"warning_integration":    {config(), warning(thirdDay(), github)},
		"warning_plugin":         {config(), warning(platform.Warning{Level: platform.LevelTimeouts}, slack, timeouts)},
		"recovered":              {config(), recovered()},
		"recovered_bare":         {ledgerly(), recovered(func(n *platform.Notice) { n.WarnedAt, n.To.Name, n.App.WebhookURL = "", "", "" })},
		"recovered_integration":  {config(), recovered(github)},
		"recovered_script":       {config(), recovered(named(script))},
		"enabled_by":             {config(), enabled(func(n *platform.Notice) { n.Actor = &platform.Owner{Name: "Grace Hopper", Email: "grace@acme.example"} })},
		"enabled_by_address":     {ledgerly(), enabled(ownLinks, func(n *platform.Notice) { n.Actor = &platform.Owner{Email: "grace@acme.example"} })},
		"enabled_by_script":      {config(), enabled(func(n *platform.Notice) { n.Actor = &platform.Owner{Name: script + newline} })},
		"integration_enabled_by": {config(), enabled(github, func(n *platform.Notice) { n.Actor = &platform.Owner{Name: "Grace Hopper"} })},
	}
}

func TestWarningMailsAreAsTheGoldenFilesHaveThem(t *testing.T) {
	for name, s := range warningSamples() {
		t.Run(name, func(t *testing.T) {
			m := s.compose(t)
			golden(t, name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
			golden(t, name+".html", m.HTML)
			checkLines(t, name, m)
			if !strings.HasPrefix(name, "warning_script") {
				linksOf(t, name, m)
			}
		})
	}
}

func TestWarningSaysWhatFailsAndWhatWillHappenWhen(t *testing.T) {
	for name, want := range map[string][]string{
		"warning_days": {"Sentry will disable the integration on Saturday, 28 November 2026.", "Since Sunday, 22 November 2026, webhooks have been failing, and not a single one has succeeded.",
			"Your server answered 403 Forbidden to all 63 webhooks.", "It has been failing since Sunday, 22 November 2026", "is its secret the one in the settings?"},
		"warning_days_bare":     {"For 5 days,", "If this goes on, Ledgerly will disable the integration.", "Check the webhook URL"},
		"warning_timeouts":      {"On Tuesday, 24 November 2026, 512 webhooks got no complete answer", "Sentry will disable the integration once 1,000 webhooks of one day time out or lose the connection, if they are at least 50% of the webhooks of that day and the day before."},
		"warning_timeouts_bare": {"Many webhooks get no complete answer", "once 1,000 webhooks of one day time out or lose the connection."},
		"warning_certificate": {"This does not pass by itself: webhooks will fail until something changes.", "The certificate expired on 24 November 2026.", "Renew your server's certificate",
			"Sentry will disable the integration on Sunday, 29 November 2026."},
		"warning_gone":           {"Ledgerly will disable the integration once 3 webhooks of one day are answered with 410 Gone and none succeeds."},
		"warning_integration":    {"Calls to", "Since Sunday, 22 November 2026, calls have been failing", "The count of days starts again as soon as one succeeds."},
		"recovered":              {"By Wednesday, 25 November 2026, at 08:30 UTC, none had failed for an hour.", "The warning of Tuesday, 24 November 2026, at 10:00 UTC no longer applies.", "Nothing."},
		"recovered_bare":         {"The warning that you got no longer applies."},
		"recovered_integration":  {"Calls to"},
		"integration_enabled_by": {"Grace Hopper"},
		"enabled_by":             {"Grace Hopper", "has enabled your"},
		"enabled_by_address":     {"grace@acme.example"},
	} {
		m := warningSamples()[name].compose(t)
		for _, words := range want {
			says(t, m, words)
		}
	}
	if m := warningSamples()["enabled_by"].compose(t); strings.Contains(m.Text, "grace@") {
		t.Errorf("one with a name is known by an address too:\n%s", m.Text)
	}
}

func TestWarningAndRecoveryHaveSubjectsThatSayIt(t *testing.T) {
	for name, want := range map[string]string{
		"warning_days": "Your CI Bot integration is failing", "warning_plugin": "Your Slack integration is failing",
		"recovered": "Your CI Bot integration works again", "recovered_integration": "Your GitHub integration works again",
	} {
		if got := warningSamples()[name].compose(t).Subject; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestWarningAndRecoveryLeadWhereOtherMailsDo(t *testing.T) {
	const at = "https://platform.example/settings/acme/"
	both := []string{at + "developer-settings/ci-bot/?referrer=disabled-sentry-app", at + "developer-settings/ci-bot/dashboard/?referrer=disabled-sentry-app"}
	for name, want := range map[string][]string{
		"warning_days": both, "recovered": both, "enabled_by": both,
		"warning_integration": {at + "integrations/github/?referrer=disabled-integration"},
		"warning_plugin":      {at + "plugins/slack/?referrer=disabled-integration"},
		"warning_gone":        {"https://ledgerly.example/acme/hooks/17", "https://ledgerly.example/acme/hooks/17/log?days=7&all", "https://ledgerly.example/help?from=mail&of=hooks"},
		"warning_days_bare":   {"https://ledgerly.example/help?from=mail&of=hooks"},
	} {
		if got := linksOf(t, name, warningSamples()[name].compose(t)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestWarningAndRecoveryPutNothingIntoAHeaderButOneLine(t *testing.T) {
	for want, n := range map[string]platform.Notice{
		"Your CI Bcc: all@acme.example Bot [31m integration is failing":  warning(thirdDay(), named(newline), hostile),
		"Your CI Bcc: all@acme.example Bot [31m integration works again": recovered(named(newline)),
	} {
		m := compose(t, n)
		if m.Subject != want || m.To.Name != "CI Bcc: all@acme.example Bot [31m" || m.To.Email != n.To.Email || m.Kind != n.Kind {
			t.Errorf("subject %q to %+v", m.Subject, m.To)
		}
		checkLines(t, want, m)
		if strings.Contains(m.Text, "\nBcc:") || strings.Contains(m.HTML, "<script") {
			t.Errorf("not inert:\n%s", m.Text)
		}
	}
}

func TestWarningOfACalledAppSpeaksOfCalls(t *testing.T) {
	for _, name := range []string{"warning_integration", "warning_plugin", "recovered_integration"} {
		m := warningSamples()[name].compose(t)
		for _, word := range []string{"webhook", "receiver", "dashboard"} {
			if strings.Contains(fold(m.Text), word) || strings.Contains(fold(m.HTML), word) {
				t.Errorf("%s says %q:\n%s", name, word, m.Text)
			}
		}
	}
}
