package letters

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/show"
)

var aNow = time.Date(2026, 11, 25, 22, 0, 0, 0, time.UTC)

func listAll(t *testing.T, a *account, q Queue) Listing {
	t.Helper()
	l, err := list(t.Context(), a, q, looked(t, a, q), func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func redriveAll(t *testing.T, a *account, q Queue, c Choice) (Redriven, error) {
	t.Helper()
	return newRedrive(a, q, looked(t, a, q), c, func(int) {}).run(t.Context())
}

func TestListSeesAllLettersOldestFirstAndLeavesThemVisible(t *testing.T) {
	const n = 437
	a := newAccount()
	for i := range n {
		m := buried(webhook(fmt.Sprint("evt_", i)), "unknown_app")
		m.Attributes = map[string]string{"SentTimestamp": fmt.Sprint(100_000 - i)}
		a.put(letterURL, m)
	}
	var passed atomic.Int64
	l, err := list(t.Context(), a, webhookDLQ, looked(t, a, webhookDLQ), func(n int) { passed.Add(int64(n)) })
	if err != nil || len(l.Letters) != n || passed.Load() != n {
		t.Fatalf("%d letters, progress of %d, %v", len(l.Letters), passed.Load(), err)
	}
	if !slices.IsSortedFunc(l.Letters, func(a, b Letter) int { return a.SentAt.Compare(b.SentAt.Time) }) {
		t.Error("not the oldest first")
	}
	if a.hidden(letterURL) != 0 || l.StayHidden != 0 {
		t.Errorf("%d stay hidden, %d are told of", a.hidden(letterURL), l.StayHidden)
	}
}

func TestListIsNotDeceivedByAnEmptyAnswer(t *testing.T) {
	a := newAccount(buried("{}", "invalid_message"), buried("{}", "invalid_message"))
	a.shy = 2
	if l := listAll(t, a, webhookDLQ); len(l.Letters) != 2 {
		t.Errorf("%d letters", len(l.Letters))
	}
}

func TestListSaysWhatIsHidden(t *testing.T) {
	t.Run("before, by somebody else", func(t *testing.T) {
		a := newAccount(buried("{}", "invalid_message"), buried("{}", "invalid_message"))
		a.queues[letterURL][0].hidden = true
		if l := listAll(t, a, webhookDLQ); l.HiddenBefore != 1 || len(l.Letters) != 1 {
			t.Errorf("%d hidden, %d letters", l.HiddenBefore, len(l.Letters))
		}
	})
	t.Run("after, since SQS does not answer", func(t *testing.T) {
		a := newAccount(buried("{}", "invalid_message"))
		a.visibilityFault = errLost
		if l := listAll(t, a, webhookDLQ); l.StayHidden != 1 {
			t.Errorf("%d stay hidden", l.StayHidden)
		}
	})
	t.Run("when it is interrupted", func(t *testing.T) {
		a := newAccount(buried("{}", "invalid_message"))
		ctx, cancel := context.WithCancel(t.Context())
		a.onReceive = func() { cancel() }
		if _, err := list(ctx, a, webhookDLQ, looked(t, a, webhookDLQ), func(int) {}); !errors.Is(err, context.Canceled) || a.calls["visibility"] != 0 {
			t.Errorf("%v, %d calls to show letters", err, a.calls["visibility"])
		}
	})
}

func TestListLeavesNothingHiddenWhenItFails(t *testing.T) {
	a := newAccount(buried("{}", "invalid_message"), buried("{}", "invalid_message"))
	state := looked(t, a, webhookDLQ)
	state.waiting = 3 // so that it asks again
	a.onReceive = func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.calls["receive"] > 0 {
			a.receiveFault = errNoLine
		}
	}
	l, err := list(t.Context(), a, webhookDLQ, state, func(int) {})
	if !errors.Is(err, errNoLine) || a.hidden(letterURL) != 0 || l.StayHidden != 0 {
		t.Errorf("%v, %d stay hidden, %d are told of", err, a.hidden(letterURL), l.StayHidden)
	}
}

func TestListFailsIfTheQueueCannotBeRead(t *testing.T) {
	a := newAccount(buried("{}", "invalid_message"))
	a.receiveFault = errNoLine
	if _, err := list(t.Context(), a, webhookDLQ, looked(t, a, webhookDLQ), func(int) {}); !errors.Is(err, errNoLine) {
		t.Errorf("the error is %v", err)
	}
}

func TestDescribeSaysWhyALetterIsOne(t *testing.T) {
	at := state{moved: 20}
	for name, c := range map[string]struct {
		queue          Queue
		letter         types.Message
		reason, detail string
	}{
		"hookwarden sent it": {webhookDLQ, buried(webhook("evt_1"), "unknown_app"), "unknown_app", "says why"},
		"SQS moved it":       {webhookDLQ, moved(webhook("evt_1")), Moved, "received 20 times, and moved by SQS"},
		"SQS moved counts":   {webhookDLQ, moved("{}", "hookwarden.kind", "counts"), Moved, "received 20 times, and moved by SQS: counts of hookwarden's own"},
		"Lambda gave up": {Queue{Name: "stream"}, moved(`{"requestContext":{"condition":"RetryAttemptsExhausted"},"DDBStreamBatchInfo":{"batchSize":12}}`),
			Moved, "12 records given up by Lambda: RetryAttemptsExhausted"},
	} {
		l := c.queue.describe(c.letter, at)
		if l.Reason != c.reason || l.Detail != c.detail {
			t.Errorf("%s: %q, %q", name, l.Reason, l.Detail)
		}
	}
}

func TestDescribeShowsNothingOfARegistryLetterButItsNames(t *testing.T) {
	body := `{"type":"app.put","version":3,"app":{"id":"17","organization_id":"42","secrets":["s3cr3t"],"name":"s3cr3t too"}}`
	l := registryDLQ.describe(moved(body), state{})
	if l.Type != "app.put" || l.AppID != "17" || l.Body != "" || strings.Contains(fmt.Sprintf("%+v", l), "s3cr3t") {
		t.Errorf("it shows %+v", l)
	}
	if l := webhookDLQ.describe(moved(body), state{}); strings.Contains(l.Body, `"secrets":["s3cr3t"]`) {
		t.Errorf("one that strayed shows %s", l.Body)
	}
}

func TestRedriveSendsLettersBackAsTheyCame(t *testing.T) {
	a := newAccount(buried(webhook("evt_1"), "unknown_app"), moved(webhook("evt_2"), "hookwarden.hops", "3", "trace", "t-2"))
	a.queues[letterURL][1].Attributes["MessageGroupId"] = "theirs"
	r, err := redriveAll(t, a, webhookDLQ, Choice{All: true})
	if err != nil || r.Sent != 2 || len(a.queues[letterURL]) != 0 {
		t.Fatalf("%+v, %v, %d letters are left", r, err, len(a.queues[letterURL]))
	}
	for _, m := range a.queues[homeURL] {
		group := map[string]string{webhook("evt_1"): "17", webhook("evt_2"): "theirs"}[*m.Body]
		if aws.ToString(m.group) != group || len(m.MessageAttributes) != 1 || m.MessageAttributes["trace"].StringValue == nil {
			t.Errorf("%s is sent in the group %v with %v", *m.Body, m.group, m.MessageAttributes)
		}
	}
}

func TestRedriveGivesANoticeNoGroup(t *testing.T) {
	a := newAccount(buried(`{"id":"n","kind":"app.disabled","app":{"id":"17"}}`, "mail_ours"))
	r, err := redriveAll(t, a, Queue{Name: "notification", Is: "NotificationDLQ", URL: letterURL, Home: homeURL}, Choice{All: true})
	if err != nil || r.Sent != 1 || a.queues[homeURL][0].group != nil {
		t.Errorf("%+v, %v, in the group %v", r, err, a.queues[homeURL][0].group)
	}
}

func TestRedriveLeavesWhatMustNotGoBack(t *testing.T) {
	put := `{"type":"app.put","version":3,"app":{"secrets":"[redacted]"}}`
	for name, c := range map[string]struct {
		queue  Queue
		letter types.Message
		choice Choice
		goes   bool
	}{
		"a webhook":                     {webhookDLQ, buried(webhook("e"), "unknown_app"), Choice{All: true}, true},
		"an invalid message":            {webhookDLQ, buried("{}", "invalid_message"), Choice{All: true}, false},
		"an invalid message, asked for": {webhookDLQ, buried("{}", "invalid_message"), Choice{Reason: "invalid_message"}, true},
		"counts that were refused":      {webhookDLQ, buried(`{"pk":"17#42#1","day":"2026-11-24","counts":{"error":3},"at":1}`, "refused"), Choice{All: true}, false},
		"counts that SQS moved":         {webhookDLQ, moved(`{"pk":"17#42#1","day":"2026-11-24","counts":{"error":3},"at":1}`, "hookwarden.kind", "counts"), Choice{Reason: Moved}, false},
		"a test":                        {webhookDLQ, moved(`{"type":"test"}`, "hookwarden.kind", "test"), Choice{Reason: Moved}, false},
		"outcomes":                      {webhookDLQ, buried(`{"type":"outcomes","id":"o","app_id":"17"}`, "unknown_app"), Choice{Reason: "unknown_app"}, false},
		"a fingerprint":                 {webhookDLQ, buried("[not JSON: 4 bytes, SHA-256 00]", "invalid_message"), Choice{Reason: "invalid_message"}, false},
		"redacted secrets":              {registryDLQ, buried(put, "invalid_message"), Choice{Reason: "invalid_message"}, false},
		"an enabling without a time":    {registryDLQ, buried(`{"type":"app.enable","app_id":"17"}`, "unknown_app"), Choice{All: true}, false},
		"a disabling, its time null":    {registryDLQ, moved(`{"type":"app.disable","app_id":"17","at":null}`), Choice{All: true}, false},
		"an enabling with a time":       {registryDLQ, buried(`{"type":"app.enable","app_id":"17","at":"2026-11-24T10:00:00Z"}`, "unknown_app"), Choice{All: true}, true},
		"an app that SQS moved":         {registryDLQ, moved(`{"type":"app.put","app":{"secrets":["a"]}}`), Choice{All: true}, true},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(c.letter)
			r, err := redriveAll(t, a, c.queue, c.choice)
			if err != nil || (r.Sent == 1) != c.goes || len(a.queues[homeURL]) != r.Sent || len(a.queues[letterURL]) != 1-r.Sent || a.hidden(letterURL) != 0 {
				t.Errorf("%+v, %v; %d letters, %d hidden, %d at home", r, err, len(a.queues[letterURL]), a.hidden(letterURL), len(a.queues[homeURL]))
			}
		})
	}
}

func TestRedriveOfOneLetter(t *testing.T) {
	three := func() *account {
		a := newAccount()
		for _, id := range []string{"abc-1", "abd-2", "xyz-3"} {
			m := buried(webhook("evt_"+id), "invalid_message")
			m.MessageId = aws.String(id)
			a.put(letterURL, m)
		}
		return a
	}
	for id, want := range map[string]int{"xyz": 1, "ABD-2": 1, "ab": 0, "q": 0} {
		a := three()
		r, err := redriveAll(t, a, webhookDLQ, Choice{Letter: id})
		if r.Sent != want || (err == nil) != (want == 1) || len(a.queues[letterURL]) != 3-want || a.hidden(letterURL) != 0 {
			t.Errorf("%s: %+v, %v, %d hidden", id, r, err, a.hidden(letterURL))
		}
		if id == "q" && fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%s: the code is %d", id, fault.CodeOf(err))
		}
	}
}

func TestRedriveLeavesWhatBecameALetterMeanwhile(t *testing.T) {
	a := newAccount(buried(webhook("old"), "unknown_app"))
	late := buried(webhook("late"), "unknown_app")
	late.Attributes = map[string]string{"SentTimestamp": fmt.Sprint(aNow.Add(2 * time.Second).UnixMilli())}
	a.put(letterURL, late)
	r, err := redriveAll(t, a, webhookDLQ, Choice{All: true})
	if err != nil || r.Sent != 1 || r.Kept[newer] != 1 || a.bodies(letterURL)[0] != webhook("late") {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestRedriveDryRunChangesNothing(t *testing.T) {
	a := newAccount(buried(webhook("a"), "unknown_app"), buried(webhook("b"), "expired"), buried("{}", "invalid_message"))
	r, err := redriveAll(t, a, webhookDLQ, Choice{All: true, DryRun: true})
	if err != nil || r.Sent != 2 || len(r.Kept) != 1 || a.calls["send"]+a.calls["delete"] != 0 || a.hidden(letterURL) != 0 {
		t.Errorf("%+v, %v, %v", r, err, a.calls)
	}
	if diff := cmp.Diff([]string{"expired", "unknown_app"}, keysOf(r.SentByWhy)); diff != "" {
		t.Error(diff)
	}
}

// Whatever fails, in either way, no webhook is lost: each is a letter still, or at home.
func TestRedriveLosesNothingWhateverFails(t *testing.T) {
	for _, applied := range []bool{false, true} {
		for name, spoil := range map[string]func(*account){
			"the send":               func(a *account) { a.sendFault = errLost },
			"the first send":         func(a *account) { a.sendFault, a.failing = errLost, 1 },
			"the connection to send": func(a *account) { a.sendFault, a.applied = errNoLine, false }, // nothing can be done without one
			"the delete":             func(a *account) { a.deleteFault = errLost },
			"the first two deletes":  func(a *account) { a.deleteFault, a.failing = errLost, 2 },
			"all receives but the first": func(a *account) {
				var n atomic.Int64
				a.onReceive = func() {
					if n.Add(1) > 1 {
						a.mu.Lock()
						defer a.mu.Unlock()
						a.receiveFault = errLost
					}
				}
			},
			"one message":    func(a *account) { a.refuse = func(body string) bool { return body == webhook("evt_3") } },
			"the visibility": func(a *account) { a.visibilityFault = errLost },
		} {
			t.Run(fmt.Sprint(name, ", applied ", applied), func(t *testing.T) {
				a := newAccount()
				var want []string
				for i := range 25 {
					want = append(want, webhook(fmt.Sprint("evt_", i)))
					a.put(letterURL, buried(want[i], "unknown_app"))
				}
				a.applied = applied
				spoil(a)
				r, err := redriveAll(t, a, webhookDLQ, Choice{All: true})
				for _, body := range want {
					if !slices.Contains(a.bodies(letterURL), body) && !slices.Contains(a.bodies(homeURL), body) {
						t.Fatalf("%s is lost: %+v, %v", body, r, err)
					}
				}
				whole := len(a.queues[letterURL]) == 0
				if err == nil && !whole {
					t.Errorf("it reports no error, and %d letters are left: %+v", len(a.queues[letterURL]), r)
				}
				if len(a.queues[homeURL]) > len(want) {
					t.Errorf("%d webhooks became %d", len(want), len(a.queues[homeURL]))
				}
			})
		}
	}
}

func TestRedriveNamesWhatMayBeThereTwice(t *testing.T) {
	t.Run("sent, and not deleted", func(t *testing.T) {
		a := newAccount(buried(webhook("a"), "unknown_app"))
		a.deleteFault = errLost
		r, err := redriveAll(t, a, webhookDLQ, Choice{All: true})
		if err == nil || len(r.NotDeleted) != 1 || r.Sent != 0 || a.calls["delete"] != deleteTries || a.hidden(letterURL) != 1 {
			t.Errorf("%+v, %v, %v", r, err, a.calls)
		}
	})
	t.Run("perhaps sent", func(t *testing.T) {
		a := newAccount(buried(webhook("a"), "unknown_app"))
		a.sendFault, a.applied = errLost, true
		r, err := redriveAll(t, a, webhookDLQ, Choice{All: true})
		if err == nil || len(r.MayBeSent) != 1 || len(r.NotSent) != 0 || len(a.queues[letterURL]) != 1 || a.hidden(letterURL) != 0 {
			t.Errorf("%+v, %v", r, err)
		}
	})
	t.Run("surely not sent", func(t *testing.T) {
		a := newAccount(buried(webhook("a"), "unknown_app"))
		a.sendFault = errNoLine
		r, err := redriveAll(t, a, webhookDLQ, Choice{All: true})
		if err == nil || len(r.NotSent) != 1 || len(r.MayBeSent) != 0 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestRedriveGivesUpWhenNothingCanBeSent(t *testing.T) {
	a := newAccount()
	for i := range 1000 {
		a.put(letterURL, buried(webhook(fmt.Sprint(i)), "unknown_app"))
	}
	a.sendFault = errNoLine
	r, err := redriveAll(t, a, webhookDLQ, Choice{All: true})
	if err == nil || len(r.NotSent) > 2*workers*perCall || a.hidden(letterURL) != 0 {
		t.Errorf("%d not sent, %d hidden, %v", len(r.NotSent), a.hidden(letterURL), err)
	}
}

func TestRedriveSeesThroughWhatItBeganWhenItIsInterrupted(t *testing.T) {
	a := newAccount()
	for i := range 100 {
		a.put(letterURL, buried(webhook(fmt.Sprint(i)), "unknown_app"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	a.onSend = cancel
	s := looked(t, a, webhookDLQ)
	r, err := newRedrive(a, webhookDLQ, s, Choice{All: true}, func(int) {}).run(ctx)
	if !errors.Is(err, context.Canceled) || r.Sent == 0 || r.Sent == 100 || len(r.NotDeleted) > 0 || len(a.queues[homeURL])+len(a.queues[letterURL]) != 100 || r.Sent != len(a.queues[homeURL]) || a.hidden(letterURL) != 0 {
		t.Errorf("%+v, %v: %d at home, %d letters, %d hidden", r, err, len(a.queues[homeURL]), len(a.queues[letterURL]), a.hidden(letterURL))
	}
}

func TestReasonThatNoLetterHasIsSaid(t *testing.T) {
	a := newAccount(buried(webhook("a"), "expired"), buried(webhook("b"), "unknown_app"), buried(webhook("c"), "unknown_app"))
	const want = "no letter of WebhookDLQ has the reason bogus; its letters have unknown_app (2), expired (1)"
	for _, dryRun := range []bool{true, false} {
		_, err := redriveAll(t, a, webhookDLQ, Choice{Reason: "bogus", DryRun: dryRun})
		if fault.CodeOf(err) != fault.NotFound || err.Error() != want {
			t.Errorf("redrive, dry run %t: %v", dryRun, err)
		}
		if len(a.queues[letterURL]) != 3 || len(a.queues[homeURL]) != 0 || a.hidden(letterURL) != 0 {
			t.Errorf("%d letters, %d at home, %d hidden", len(a.queues[letterURL]), len(a.queues[homeURL]), a.hidden(letterURL))
		}
	}
	l := listAll(t, a, webhookDLQ)
	l.only("bogus")
	if page := shown(l, 0); !strings.Contains(page, strings.Replace(want, "no letter", "No letter", 1)+".\n") {
		t.Errorf("letters: %s", page)
	}
	empty := newAccount()
	if _, err := redriveAll(t, empty, webhookDLQ, Choice{Reason: "expired"}); fault.CodeOf(err) != fault.NotFound || !strings.HasSuffix(err.Error(), "it has no letters") {
		t.Errorf("redrive of an empty queue: %v", err)
	}
}

func TestListingShowsDetailsWhole(t *testing.T) {
	long := "app.secrets must be a list of objects, each with an id, a secret and the time from which it signs"
	l := Listing{Queue: "RegistryDLQ", Letters: []Letter{{ID: "1f0c2a9b-1", Reason: "invalid_message", Detail: long, Type: "app.upserted", AppID: "17"}}}
	whole := func(l Listing) string { return strings.Join(strings.Fields(shown(l, 80)), " ") }
	if page := whole(l); strings.Count(page, long) != 1 {
		t.Errorf("of one letter: %s", page)
	}
	l.Letters = append(l.Letters, l.Letters[0])
	if page := whole(l); strings.Count(page, long) != 1 {
		t.Errorf("the same twice: %s", page)
	}
	l.Letters[1].Detail = "app.id is missing"
	if page := whole(l); strings.Count(page, long) != 1 || !strings.Contains(page, "app.id is missing") {
		t.Errorf("of two letters: %s", page)
	}
}

// shown is a listing on a page of so many columns; 0: piped.
func shown(l Listing, width int) string {
	var b strings.Builder
	printListing(&show.Page{Out: &b, Width: width, Zone: time.UTC, Now: aNow}, l)
	return b.String()
}
