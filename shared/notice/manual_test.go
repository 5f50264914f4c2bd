package notice

import (
	"strings"
	"testing"

	"hookwarden/shared/platform"
)

func manual(change ...func(*platform.Notice)) platform.Notice {
	n := disabled(func(n *platform.Notice) {
		n.Reason, n.Evidence, n.Rule = platform.Manual, nil, nil
		n.Actor, n.Note = &platform.Owner{Name: "Grace Hopper", Email: "grace@platform.example"}, "It sends each customer's data to a host that nobody knows."
	})
	for _, c := range change {
		c(&n)
	}
	return n
}

func manualSamples() map[string]sample {
	return map[string]sample{
		"manual":          {config(), manual()},
		"manual_bare":     {ledgerly(), manual(func(n *platform.Notice) { n.Actor, n.Note, n.App.WebhookURL = nil, "", "" })},
		"manual_address":  {ledgerly(), manual(ownLinks, func(n *platform.Notice) { n.Actor.Name = "" })},
		"manual_provider": {config(), manual(ofKind(platform.Integration, "github", "GitHub"))},
		"manual_script": {config(), manual(named(script), func(n *platform.Notice) {
			n.Actor.Name, n.Note = script, script+"\r\nBcc: all@acme.example\n\n"+hebrew
		})},
	}
}

func TestMailsByHandAreAsTheGoldenFilesHaveThem(t *testing.T) {
	for name, s := range manualSamples() {
		t.Run(name, func(t *testing.T) {
			m := s.compose(t)
			golden(t, name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
			golden(t, name+".html", m.HTML)
			checkLines(t, name, m)
			linksOf(t, name, m)
		})
	}
}

func TestMailsByHandSayWhoDidItAndTheNoteAndNothingOfARule(t *testing.T) {
	m := manualSamples()["manual"].compose(t)
	if m.Subject != "Your CI Bot integration was disabled" {
		t.Errorf("subject %q", m.Subject)
	}
	for _, body := range []string{m.Text, m.HTML} {
		for _, want := range []string{"Grace Hopper", "a host that nobody knows", "24 November 2026, at 10:00 UTC"} {
			if !strings.Contains(strings.Join(strings.Fields(body), " "), want) {
				t.Errorf("the mail lacks %q:\n%s", want, body)
			}
		}
		for _, wrong := range []string{"grace@platform.example", "keeps failing", "webhooks failed", "1,000 times"} {
			if strings.Contains(body, wrong) {
				t.Errorf("the mail has %q:\n%s", wrong, body)
			}
		}
	}
	if m := manualSamples()["manual_address"].compose(t); !strings.Contains(m.Text, "grace@platform.example") {
		t.Errorf("one without a name is not known by an address:\n%s", m.Text)
	}
	if m := manualSamples()["manual_bare"].compose(t); strings.Contains(m.Text, "note") || !strings.Contains(m.Text, "Ledgerly has disabled") {
		t.Errorf("of nobody, without a note:\n%s", m.Text)
	}
}
