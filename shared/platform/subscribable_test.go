package platform

import "testing"

func TestSubscribableHasWhatItListsOrAllButInstallation(t *testing.T) {
	for name, c := range map[string]struct {
		subscribable Subscribable
		want         map[string]bool
	}{
		"a list": {Subscribable{"issue", "error", "comment"}, map[string]bool{"issue": true, "error": true, "comment": true,
			"installation": false, "event_alert": false, "never_heard_of": false, "": false}},
		"all":     {Subscribable{AllSubscribable}, map[string]bool{"issue": true, "invoice": true, "installation": false}},
		"nothing": {nil, map[string]bool{"issue": false, "installation": false}},
	} {
		for resource, want := range c.want {
			if got := c.subscribable.Has(resource); got != want {
				t.Errorf("%s, %q: %v", name, resource, got)
			}
		}
	}
}

func TestSubscribableKnowsEntriesOfItsResources(t *testing.T) {
	ours := Subscribable{"issue", "error", "comment"}
	for entry, want := range map[string]bool{"issue": true, "error": true, "comment": true, "issue.created": true, "error.a.b": true,
		"isue": false, "Issue": false, "issue.": false, ".created": false, "installation": false, "installation.created": false, "issues": false} {
		if got := ours.Knows(entry); got != want {
			t.Errorf("%q: %v", entry, got)
		}
		if _, err := DecodeRegistry([]byte(change(t, appPut, "app.events", `["`+entry+`"]`))); err != nil {
			t.Errorf("%q is refused: %v", entry, err)
		}
	}
}
