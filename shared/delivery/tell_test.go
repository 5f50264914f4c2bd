package delivery

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

// testOf is a test of an app, as register sends it.
func testOf(app, resource string) Message {
	w := platform.Webhook{ID: "tst_" + app, AppID: app, OrganizationID: "org", InstallationUUID: "test", Resource: resource, Action: "created",
		Data: []byte(`{"n":1}`)}
	return Message{ID: "sqs-tst-" + app, Body: w.EncodeTest(), SentAt: time.Now(), DueAt: time.Now(), Receives: 1, FromRetry: true, Kind: KindTest}
}

func disabled(r *Registered) { r.App.DisabledAt = time.Now() }

func TestTestIsSentOnceCountedForNothingAndTold(t *testing.T) {
	ofTimeout := webhook.Result{Outcome: webhook.Timeout, Code: webhook.CodeTimeoutResponse, Duration: 1500 * time.Millisecond}
	for name, c := range map[string]struct {
		answer func(webhook.Request) webhook.Result
		want   platform.TestResult
	}{
		"success": {status(http.StatusOK), platform.TestResult{Outcome: "success", ResponseCode: 200}},
		"error":   {status(http.StatusBadRequest), platform.TestResult{Outcome: "error", ResponseCode: 400}},
		"gone":    {status(http.StatusGone), platform.TestResult{Outcome: "gone", ResponseCode: 410}},
		"what is retried of others": {status(http.StatusServiceUnavailable),
			platform.TestResult{Outcome: "server_error", ResponseCode: 503}},
		"timeout": {func(webhook.Request) webhook.Result { r := ofTimeout; r.Started = time.Now(); return r },
			platform.TestResult{Outcome: "timeout", ErrorCode: "timeout_response", DurationMS: 1500}},
	} {
		for _, registered := range []func(*Registered){nil, disabled} {
			for _, status := range []platform.Status{platform.Internal, platform.Published} {
				t.Run(name, func(t *testing.T) {
					w := newWorld()
					w.register("a", status, registered)
					w.answer = c.answer
					j := w.job(func(config *Config) { config.RetryInternal, config.RequestLog = true, LogOff })
					equalList(t, "returned", deliverAll(t, j, testOf("a", "error"))) // not subscribed
					equal(t, "requests", len(w.sent), 1)
					equal(t, "body", string(w.sent[0].Body), `{"action":"created","installation":{"uuid":"test"},"data":{"n":1},`+
						`"actor":{"type":"application","id":"sentry","name":"Sentry"}}`)
					equal(t, "delayed", len(w.delayed), 0)
					equal(t, "counts", len(w.counts), 0)
					for name := range w.figures {
						t.Errorf("counted %s", name)
					}
					if len(w.entries) != 1 || !w.entries[0].Test || w.entries[0].Outcome != c.want.Outcome {
						t.Fatalf("log %+v", w.entries)
					}
					c.want.ID = "tst_a"
					want := []platform.Event{platform.NewTested(w.apps["a"].App, w.entries[0].Time, c.want)}
					if diff := cmp.Diff(want, w.events); diff != "" {
						t.Errorf("events (-want +got):\n%s", diff)
					}
				})
			}
		}
	}
}

func TestTestOfAnAppThatAnswersDoesNotMakeItAlive(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Internal, nil)
	deliverAll(t, w.job(nil), testOf("a", "event_alert"), webhookMessage("a", "event_alert", "triggered", ""))
	equal(t, "counts", w.countsOf("a"), tally.Counts{Alive: 1})
	equal(t, "told", len(w.events), 1) // of the test only
}

func TestTestThatCannotBeSentIsSkippedAndTold(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*Registered)
		outcome string
		reason  string
		age     time.Duration
	}{
		"no URL":                      {func(r *Registered) { r.App.WebhookURL = "" }, "skipped", "no_url", 0},
		"called by the platform":      {ofProvider, "skipped", "no_url", 0},
		"deleted":                     {deletedAt(time.Now().Add(-time.Minute)), "skipped", "app_deleted", 0},
		"too old, and never signable": {func(r *Registered) { r.Secrets = nil }, "expired", "", 73 * time.Hour},
		"too old":                     {nil, "expired", "", 73 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			w, now := newWorld(), time.Now()
			w.now = func() time.Time { return now }
			w.register("a", platform.Internal, c.change)
			m := testOf("a", "test")
			m.SentAt = m.SentAt.Add(-c.age)
			equalList(t, "returned", deliverAll(t, w.job(func(c *Config) { c.RequestLog = LogOff }), m))
			equal(t, "requests", len(w.sent), 0)
			equal(t, "delayed and dead letters", len(w.delayed)+len(w.deadLetters), 0)
			equal(t, "figures", len(w.figures), 0)
			if len(w.entries) != 1 || !w.entries[0].Test {
				t.Fatalf("log %+v", w.entries)
			}
			want := []platform.Event{platform.NewTested(w.apps["a"].App, w.entries[0].Time,
				platform.TestResult{ID: "tst_a", Outcome: c.outcome, ErrorCode: c.reason})}
			if diff := cmp.Diff(want, w.events); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// A test is asked for after a change, so it does not rely on the cache.
func TestTestReadsItsAppAgain(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Internal, nil)
	j := w.job(nil)
	deliverAll(t, j, message("a"))
	w.register("a", platform.Internal, func(r *Registered) { r.App.WebhookURL = "https://new.example/hook" })
	deliverAll(t, j, testOf("a", "test"))
	equal(t, "URL", w.sent[1].URL, "https://new.example/hook")
}

func TestTestIsPacedAsAnyOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		w.answer = func(webhook.Request) webhook.Result {
			time.Sleep(time.Second)
			return webhook.Result{Outcome: webhook.Timeout, Code: webhook.CodeTimeoutResponse, Started: time.Now(), Duration: time.Second}
		}
		j := w.job(nil)
		var batch []Message
		for i := range 10 {
			m := testOf("a", "test")
			m.ID += fmt.Sprint(i)
			batch = append(batch, m)
		}
		for range 5 {
			deliverAll(t, j, batch...)
		}
		if len(w.sent) > 25 || w.figures["webhook.deferred reason=slow"] == 0 {
			t.Errorf("%d requests to an app that hangs, counted %v", len(w.sent), w.figures)
		}
		equal(t, "told", len(w.events), len(w.sent))
	})
}

func TestTestWaitsForAFaultOfOursAndIsNotToldBefore(t *testing.T) {
	for name, fault := range map[string]func(*world){
		"a local error":     func(w *world) { w.answer = outcome(webhook.LocalError, "") },
		"secrets missing":   func(w *world) { w.register("a", platform.Internal, func(r *Registered) { r.Secrets = nil }) },
		"the app is unread": func(w *world) { w.readFault = func() error { return errLost } },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Internal, nil)
			fault(w)
			equalList(t, "returned", deliverAll(t, w.job(nil), testOf("a", "test")))
			if len(w.delayed) != 1 || w.delayed[0].Kind != KindTest || w.delayed[0].Wait != 30*time.Second || w.delayed[0].Attempts != 0 {
				t.Errorf("delayed %+v", w.delayed)
			}
			equal(t, "told", len(w.events), 0)
		})
	}
}

// Anything may fail between the attempt and the event. The test is then made again,
// and its event has the same id.
func TestTestWhoseEndIsNotToldIsRepeated(t *testing.T) {
	for name, told := range map[string]bool{"not queued": false, "queued, the answer lost": true} {
		for _, withURL := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				w := newWorld()
				w.register("a", platform.Internal, func(r *Registered) {
					if !withURL {
						r.App.WebhookURL = ""
					}
				})
				faults := 1
				w.eventFault = func() (error, bool) {
					if faults--; faults >= 0 {
						return errLost, told
					}
					return nil, true
				}
				equalList(t, "returned", deliverAll(t, w.job(nil), testOf("a", "test")))
				if len(w.delayed) != 1 || w.delayed[0].Kind != KindTest || w.delayed[0].Hops != 1 {
					t.Fatalf("delayed %+v", w.delayed)
				}
				again := w.delayed[0].Message
				again.FromRetry, again.Receives, again.DueAt = true, 1, time.Now()
				equalList(t, "returned", deliverAll(t, w.job(nil), again))
				equal(t, "delayed", len(w.delayed), 1)
				ids := make(map[string]bool)
				for _, e := range w.events {
					ids[e.ID] = true
				}
				equal(t, "events", len(w.events), len(w.entries)-1+map[bool]int{true: 1}[told])
				equal(t, "ids", len(ids), 1)
			})
		}
	}
}

// EventsQueue may be gone for good. Even then every test ends.
func TestTestThatCannotBeToldEndsOnceItIsTooOld(t *testing.T) {
	for name, old := range map[string]func(*Message){
		"by its age":  func(m *Message) { m.SentAt = m.SentAt.Add(-73 * time.Hour) },
		"by its hops": func(m *Message) { m.Hops = maxHops + 1 },
	} {
		for _, deleted := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				w := newWorld()
				w.register("a", platform.Internal, func(r *Registered) {
					if deleted {
						deletedAt(time.Now().Add(-100 * time.Hour))(r)
					}
				})
				w.eventFault = func() (error, bool) { return errLost, false }
				m := testOf("a", "test")
				old(&m)
				equalList(t, "returned", deliverAll(t, w.job(nil), m))
				equal(t, "delayed and dead letters", len(w.delayed)+len(w.deadLetters), 0)
				equal(t, "entries of the log", len(w.entries), 1)
			})
		}
	}
}

func TestTestThatIsReceivedAgainIsToldAgainWithTheSameID(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Internal, nil)
	first, again := testOf("a", "test"), testOf("a", "test")
	again.SentAt, again.Receives = first.SentAt, 2 // the first invocation was cut off before its answer
	deliverAll(t, w.job(nil), first)
	deliverAll(t, w.job(nil), again)
	if len(w.events) != 2 || w.events[0].ID != w.events[1].ID {
		t.Errorf("told %+v", w.events)
	}
}

func TestTestIsMadeWhereThePlatformWantsNoEvents(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Internal, disabled)
	d := w.deps()
	d.Events = nil
	equalList(t, "returned", New(config(), d).Deliver(t.Context(), []Message{testOf("a", "test")}))
	equalList(t, "log", w.outcomes(), "a 1 success")
}

// A message without a kind that deliver believes is not a test, even if its body
// says so.
func TestTestFromAnotherQueueIsInvalid(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Internal, nil)
	m := testOf("a", "test")
	m.Kind, m.FromRetry = KindWebhook, false
	deliverAll(t, w.job(nil), m)
	if len(w.deadLetters) != 1 || w.deadLetters[0].Reason != platform.ReasonInvalid || len(w.sent) > 0 {
		t.Errorf("dead letters %+v", w.deadLetters)
	}
}

func TestTestIsNamedInLinesAboutIt(t *testing.T) {
	it := &item{Message: testOf("a", "test"), appID: "a"}
	if names := it.names(); !slices.Contains(names, any("tst_a")) {
		t.Errorf("named by %v", names)
	}
}
