package dynamo_test

import (
	"strings"
	"testing"
	"time"

	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
	"hookwarden/shared/registry"
)

func TestAuditKeepsWhoSentAMessageNextToTheActor(t *testing.T) {
	const sender = "AROAX:ada"
	long := sender + strings.Repeat("é", 100)
	for name, c := range map[string]struct{ sent, want string }{
		"as SQS stamped it":        {sender, sender},
		"cut, and not in a rune":   {long, long[:127]},
		"absent, if it is unknown": {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine()
			e.put("17", "42")
			d := e.byHand(t, "17")
			d.SenderID = c.sent
			must(t, e.standing().Apply(t.Context(), d))
			app, _, err := e.apps().ReadApp(t.Context(), "17")
			must(t, err)
			enable := enabling(app, noon.Add(time.Second), platform.Actor{})
			enable.SenderID = c.sent
			must(t, e.standing().Apply(t.Context(), enable))
			must(t, e.brake().OpenBrake(t.Context(), registry.Opening{At: noon, Until: noon.Add(time.Hour), SenderID: c.sent}))
			_, err = dynamo.Erasures{API: &erasing{engine: e}, Apps: appsOf(e), Organizations: "organizations", Audit: "audit"}.EntombOrganization(
				t.Context(), registry.Erasure{OrganizationID: "42", Version: 4, At: noon, SenderID: c.sent}, noon)
			must(t, err)

			audited := 0
			for key, entry := range e.tables["audit"] {
				if strings.HasSuffix(key, " latch") {
					continue
				}
				audited++
				if got := textOf(entry["sender_id"]); got != c.want || (entry["sender_id"] == nil) != (c.want == "") {
					t.Errorf("%s: sender_id %q, want %q", key, got, c.want)
				}
			}
			if audited != 4 {
				t.Errorf("%d entries, want 4: %v", audited, e.tables["audit"])
			}
			if e.tables["apps"]["17"]["sender_id"] != nil || e.tables["organizations"]["42"]["sender_id"] != nil {
				t.Error("it is kept outside the audit too")
			}
		})
	}
}
