package delivery

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

// What a receiver answers while it is taken down must not disable the app after
// it is installed again. A success may always be counted.
func TestCountsOfADeletedAppAreSuccessesOnly(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(webhook.Request) webhook.Result
		want   tally.Counts
	}{
		"success": {status(http.StatusOK), tally.Counts{Success: 1}},
		"error":   {status(http.StatusBadRequest), tally.Counts{}},
		"gone":    {status(http.StatusGone), tally.Counts{}},
		"timeout": {outcome(webhook.Timeout, webhook.CodeTimeoutResponse), tally.Counts{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			at := time.Now()
			w.register("a", platform.Internal, deletedAt(at))
			w.answer = c.answer
			deliverAll(t, w.job(nil), uninstalled("a", at))
			equal(t, "requests", len(w.sent), 1)
			equal(t, "counts", w.countsOf("a"), c.want)
		})
	}
	t.Run("none of one that was erased with its organization", func(t *testing.T) {
		w := newWorld()
		at := time.Now()
		w.register("a", platform.Internal, func(r *Registered) {
			deletedAt(at)(r)
			r.App.OrganizationID = ""
		})
		w.answer = status(http.StatusOK)
		deliverAll(t, w.job(nil), uninstalled("a", at))
		equal(t, "requests", len(w.sent), 1)
		equal(t, "keys that are counted", len(w.counts), 0) // there is no key for it
	})
	t.Run("gone, deleted meanwhile", func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		w.answer = func(r webhook.Request) webhook.Result {
			w.register("a", platform.Internal, deletedAt(time.Now()))
			return status(http.StatusGone)(r)
		}
		deliverAll(t, w.job(nil), uninstalled("a", time.Now()))
		equal(t, "counts", w.countsOf("a"), tally.Counts{})
	})
}

// An attempt counts for the generation in which it was made, whatever happens to
// its app before that is written.
func TestCountsAreOfTheGenerationThatTheAttemptWasMadeWith(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		change func(*Registered)
		want   map[string]tally.Counts // by key
	}{
		"a failure, enabled since": {400, func(r *Registered) { r.App.EnabledAt, r.App.Generation = time.Now(), 4 },
			map[string]tally.Counts{"a#org#3": {Error: 1}}},
		"a success, of another organization since": {200, func(r *Registered) { r.App.OrganizationID, r.App.Generation = "other", 4 },
			map[string]tally.Counts{"a#org#3": {Success: 1}}},
		"gone, enabled since":     {410, func(r *Registered) { r.App.Generation = 4 }, map[string]tally.Counts{"a#org#3": {Error: 1, Gone: 1}}},
		"gone, another URL since": {410, func(r *Registered) { r.App.WebhookURL, r.App.Generation = "https://new.example/", 4 }, nil},
		"gone, to another URL and back since": {410, func(r *Registered) { r.App.Generation = 5 },
			map[string]tally.Counts{"a#org#3": {Error: 1, Gone: 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.register("a", platform.Internal, func(r *Registered) { r.App.Generation = 3 })
				answer := status(c.status)
				w.answer = func(r webhook.Request) webhook.Result {
					result := answer(r)
					w.mu.Lock()
					defer w.mu.Unlock()
					known := w.apps["a"]
					c.change(&known)
					w.apps["a"] = known
					return result
				}
				equalList(t, "returned", deliverAll(t, w.job(nil), message("a")))
				equal(t, "keys", len(w.counts), len(c.want))
				for key, want := range c.want {
					equal(t, key, w.counts[CounterKey{key, tally.DateOf(time.Now())}], want)
				}
			})
		})
	}
}

// Counts on RetryQueue may outlast an enabling. They still belong to the
// generation before it.
func TestQueuedCountsCarryTheGenerationOfTheirAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, func(r *Registered) { r.App.Generation = 3 })
		w.answer, w.countFault = status(400), always(notAdded)
		j := w.job(nil)
		deliverAll(t, j, message("a"))
		w.countFault = nil
		w.register("a", platform.Internal, func(r *Registered) { r.App.Generation = 4 })
		time.Sleep(firstCountsWait)
		m := w.delayed[0].Message
		m.ID, m.Receives = "c", 1
		deliverAll(t, j, m)
		equal(t, "of the third generation", w.counts[CounterKey{"a#org#3", tally.DateOf(m.SentAt)}], tally.Counts{Error: 1})
		equal(t, "keys", len(w.counts), 1)
	})
}

// A request that ends after midnight counts for the day on which it began.
func TestCountsAreOfTheDayOnWhichTheAttemptBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		time.Sleep(24*time.Hour - 500*time.Millisecond - time.Duration(time.Now().UTC().Hour())*time.Hour)
		began := time.Now()
		w.answer = func(r webhook.Request) webhook.Result {
			result := status(400)(r)
			time.Sleep(900 * time.Millisecond)
			return result
		}
		deliverAll(t, w.job(nil), message("a"))
		equal(t, "the day is over", tally.DateOf(time.Now()), tally.DateOf(began).Plus(1))
		equal(t, "of the day before", w.counts[CounterKey{"a#org#1", tally.DateOf(began)}], tally.Counts{Error: 1})
		equal(t, "keys", len(w.counts), 1)
	})
}

// The time of queued counts says how long they have waited.
func TestQueuedCountsAreAsOldAsTheFirstOfTheirAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		first := time.Now()
		began := map[string]time.Time{"evt_1": first.Add(20 * time.Millisecond), "evt_2": first, "evt_3": first.Add(10 * time.Millisecond)}
		w.answer = func(r webhook.Request) webhook.Result {
			result := status(400)(r)
			result.Started = began[r.ID]
			return result
		}
		w.countFault = always(notAdded)
		var batch []Message
		for _, id := range []string{"evt_1", "evt_2", "evt_3"} {
			m := message("a")
			m.ID, m.Body = id, strings.Replace(m.Body, "evt_aissuecreated", id, 1)
			batch = append(batch, m)
		}
		deliverAll(t, w.job(nil), batch...)
		equal(t, "sent on", len(w.delayed), 1)
		c, err := decodeCounts([]byte(w.delayed[0].Body))
		equal(t, "error", err, nil)
		equal(t, "at", c.At, first.UnixMilli())
		equal(t, "counts", c.Counts, tally.Counts{Error: 3})
	})
}

func TestCountsAreOfGuardedAppsAlone(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(webhook.Request) webhook.Result
		want   tally.Counts
	}{
		"success":                {status(200), tally.Counts{Success: 1}},
		"error":                  {status(400), tally.Counts{Error: 1}},
		"gone":                   {status(410), tally.Counts{Error: 1, Gone: 1}},
		"throttled":              {status(429), tally.Counts{}},
		"redirect":               {status(301), tally.Counts{Other: 1}},
		"server error":           {status(500), tally.Counts{Other: 1}},
		"timeout":                {outcome(webhook.Timeout, webhook.CodeTimeoutResponse), tally.Counts{Timeout: 1}},
		"connection error":       {outcome(webhook.ConnectionError, webhook.CodeRefused), tally.Counts{Timeout: 1}},
		"name server out of use": {outcome(webhook.ConnectionError, webhook.CodeDNSTemporary), tally.Counts{}},
		"blocked":                {outcome(webhook.Blocked, webhook.CodeBlockedAddress), tally.Counts{Other: 1}},
		"local error":            {outcome(webhook.LocalError, ""), tally.Counts{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.answer = c.answer
			w.register("int", platform.Internal, nil)
			w.register("pub", platform.Published, nil)
			w.register("dis", platform.Internal, func(r *Registered) { r.App.DisabledAt = time.Now() })
			deliverAll(t, w.job(nil), message("int"), message("pub"), webhookMessage("dis", "installation", "created", ""))
			equal(t, "internal", w.countsOf("int"), c.want)
			equal(t, "published", w.countsOf("pub"), tally.Counts{})
			equal(t, "disabled", w.countsOf("dis"), tally.Counts{})
		})
	}
	t.Run("a server error counts where CountServerErrors says so", func(t *testing.T) {
		w := newWorld()
		w.answer = status(500)
		w.register("int", platform.Internal, nil)
		deliverAll(t, w.job(func(c *Config) { c.CountServerErrors = true }), message("int"))
		equal(t, "internal", w.countsOf("int"), tally.Counts{Error: 1})
	})
	t.Run("apps of each guarded status are counted", func(t *testing.T) {
		w := newWorld()
		w.register("pub", platform.Published, nil)
		deliverAll(t, w.job(func(c *Config) { c.Guarded = []platform.Status{platform.Published} }), message("pub"))
		equal(t, "published", w.countsOf("pub"), tally.Counts{Success: 1})
	})
	t.Run("an alert rule's webhook that arrives shows that the app is alive", func(t *testing.T) {
		w := newWorld()
		w.register("int", platform.Internal, nil)
		deliverAll(t, w.job(nil), webhookMessage("int", "event_alert", "triggered", ""))
		equal(t, "counts", w.countsOf("int"), tally.Counts{Alive: 1})
	})
	t.Run("an alert rule's webhook is sent and not counted", func(t *testing.T) {
		w := newWorld()
		w.answer = status(400)
		w.register("int", platform.Internal, nil)
		deliverAll(t, w.job(nil), webhookMessage("int", "event_alert", "triggered", ""), webhookMessage("int", "issue", "event.alert", ""),
			webhookMessage("int", "event", "alert", ""))
		equal(t, "requests", len(w.sent), 3)
		equal(t, "log entries", len(w.entries), 3)
		equal(t, "counts", w.countsOf("int"), tally.Counts{})
	})
}

func TestCountsOfABatchAreOneUpdateForEachApp(t *testing.T) {
	w := newWorld()
	updates := 0
	w.countFault = func() (error, bool) { updates++; return nil, false }
	w.register("a", platform.Internal, nil)
	w.register("b", platform.Internal, nil)
	w.answer = errorFor(func(r webhook.Request) bool { return r.Resource != "installation" })
	deliverAll(t, w.job(nil), message("a"), message("b"), webhookMessage("a", "installation", "created", ""), message("a"))
	equal(t, "a", w.countsOf("a"), tally.Counts{Success: 1, Error: 2})
	equal(t, "b", w.countsOf("b"), tally.Counts{Error: 1})
	equal(t, "updates", updates, 2)
}

func TestCountsHaveA410OnlyWhenTheAppsOwnURLAnswered(t *testing.T) {
	gone := func(t *testing.T, extra string, while func(w *world)) *world {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		w.answer = func(r webhook.Request) webhook.Result {
			if while != nil {
				while(w)
			}
			return status(http.StatusGone)(r)
		}
		deliverAll(t, w.job(nil), webhookMessage("a", "issue", "created", extra))
		return w
	}
	t.Run("its own", func(t *testing.T) {
		equal(t, "counts", gone(t, "", nil).countsOf("a"), tally.Counts{Error: 1, Gone: 1})
	})
	t.Run("its own, which is sent in another spelling", func(t *testing.T) {
		const registered = "https://A.example:443/hooks/{prod}/acme%2Fci-bot?team=Jörg"
		w := newWorld()
		w.register("a", platform.Internal, func(r *Registered) { r.App.WebhookURL = registered })
		w.answer = status(http.StatusGone)
		deliverAll(t, w.job(nil), message("a"))
		equal(t, "counts", w.countsOf("a"), tally.Counts{Error: 1, Gone: 1})
		equal(t, "logged URL", w.entries[0].URL, registered)
	})
	t.Run("another", func(t *testing.T) {
		equal(t, "counts", gone(t, `,"url":"https://other.example"`, nil).countsOf("a"), tally.Counts{Error: 1})
	})
	t.Run("cannot be confirmed", func(t *testing.T) {
		w := gone(t, "", func(w *world) { w.readFault = func() error { return errors.New("throttled") } })
		equal(t, "counts", w.countsOf("a"), tally.Counts{Error: 1})
	})
	t.Run("it has moved", func(t *testing.T) {
		w := gone(t, "", func(w *world) {
			w.register("a", platform.Internal, func(r *Registered) { r.App.WebhookURL = "https://new.example" })
		})
		equal(t, "counts", w.countsOf("a"), tally.Counts{})
		equal(t, "attempts", w.delayed[0].Attempts, 0)
		equalList(t, "log", w.outcomes(), "a 1 gone")
	})
}

// always makes a count fault that lasts.
func always(fault func() (error, bool)) func() (error, bool) { return fault }

// firstOnly makes a count fault of the first call only.
func firstOnly(fault func() (error, bool)) func() (error, bool) {
	calls := 0
	return func() (error, bool) {
		if calls++; calls > 1 {
			return nil, false
		}
		return fault()
	}
}

func TestCountsSurviveAFailingTable(t *testing.T) {
	both := errorFor(func(r webhook.Request) bool { return r.Resource != "installation" })
	for name, c := range map[string]struct {
		fault   func() (error, bool)
		counted tally.Counts
		queued  *tally.Counts
	}{
		"refused once":             {firstOnly(notAdded), tally.Counts{Success: 1, Error: 1}, nil},
		"refused for good":         {always(notAdded), tally.Counts{}, &tally.Counts{Success: 1, Error: 1}},
		"lost, and was added":      {firstOnly(lostButAdded), tally.Counts{Success: 2, Error: 1}, nil},
		"lost, and was not added":  {firstOnly(lostNotAdded), tally.Counts{Success: 1}, nil},
		"lost for good, not added": {always(lostNotAdded), tally.Counts{}, &tally.Counts{Success: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.answer, w.countFault = both, c.fault
				w.register("a", platform.Internal, nil)
				start := time.Now()
				equalList(t, "returned", deliverAll(t, w.job(nil), message("a"), webhookMessage("a", "installation", "created", "")))
				equal(t, "counts", w.countsOf("a"), c.counted)
				if c.queued == nil {
					equal(t, "sent on", len(w.delayed), 0)
					return
				}
				equal(t, "sent on", len(w.delayed), 1)
				equal(t, "kind", w.delayed[0].Kind, KindCounts)
				var body map[string]any
				if err := json.Unmarshal([]byte(w.delayed[0].Body), &body); err != nil {
					t.Fatal(err)
				}
				equal(t, "pk", body["pk"].(string), "a#org#1")
				equal(t, "day", body["day"].(string), string(tally.DateOf(start)))
				equal(t, "at", int64(body["at"].(float64)), start.UnixMilli())
				m, err := decodeCounts([]byte(w.delayed[0].Body))
				if err != nil || m.Counts != *c.queued {
					t.Errorf("queued %+v (%v), want %+v", m.Counts, err, *c.queued)
				}
			})
		})
	}
	t.Run("and without a queue the messages of the counts are returned", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.answer, w.countFault = both, always(lostNotAdded)
			w.sendFault = func(string) bool { return true }
			w.register("a", platform.Internal, nil)
			success := webhookMessage("a", "installation", "created", "")
			equalList(t, "returned: the success is not done until it is counted",
				deliverAll(t, w.job(nil), message("a"), success), success.ID)
		})
	})
	t.Run("and if they may be queued, none of a failure is returned: it would be counted twice", func(t *testing.T) {
		for name, c := range map[string]struct {
			fault    func() (error, bool)
			sent     func(w *world)
			returned int // of the success and the failure
		}{
			"not added, may be queued":    {notAdded, func(w *world) { w.sendLost = func(string) bool { return true } }, 1},
			"not added, not sent":         {notAdded, func(w *world) { w.sendFault = func(string) bool { return true } }, 2},
			"may be added, may be queued": {lostNotAdded, func(w *world) { w.sendLost = func(string) bool { return true } }, 1},
		} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.answer, w.countFault = both, always(c.fault)
				c.sent(w)
				w.register("a", platform.Internal, nil)
				success := webhookMessage("a", "installation", "created", "")
				returned := deliverAll(t, w.job(nil), message("a"), success)
				equal(t, name+": returned", len(returned), c.returned)
				equal(t, name+": the success is", slices.Contains(returned, success.ID), true)
			})
		}
	})
	t.Run("so one 410 stays one, whatever becomes of the answers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.answer, w.countFault = status(410), always(notAdded)
			w.sendLost = func(string) bool { return true }
			w.register("a", platform.Internal, nil)
			m := message("a")
			j := w.job(nil)
			equalList(t, "returned", deliverAll(t, j, m))
			w.countFault = nil
			time.Sleep(firstCountsWait)
			for _, l := range w.delayed {
				l.ID, l.Receives = "counts", 1
				equalList(t, "counts returned", deliverAll(t, j, l.Message))
			}
			equal(t, "counts", w.countsOf("a"), tally.Counts{Error: 1, Gone: 1})
		})
	})
}

func TestQueuedCountsAreAddedToTheKeyThatTheyCarry(t *testing.T) {
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	key := CounterKey{"a#org#1", "2026-11-24"}
	both := tally.Counts{Success: 2, Error: 3}
	for name, c := range map[string]struct {
		receives int
		change   func(*Registered)
		want     tally.Counts
	}{
		"first time":                     {1, nil, both},
		"received again":                 {2, nil, both.OnlySuccess()},
		"app disabled":                   {1, func(r *Registered) { r.App.DisabledAt = at }, both},
		"app enabled since":              {1, func(r *Registered) { r.App.EnabledAt, r.App.Generation = at.Add(time.Millisecond), 2 }, both},
		"app of another organization":    {1, func(r *Registered) { r.App.OrganizationID, r.App.Generation = "other", 2 }, both},
		"app unknown to the registry":    {1, func(r *Registered) { r.App.ID = "" }, both},
		"app without usable secrets yet": {1, func(r *Registered) { r.Secrets = nil }, both},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Internal, c.change)
			if w.apps["a"].App.ID == "" {
				delete(w.apps, "a")
			}
			m := countsOn(key.Key, key.Date, both, at)
			m.ID, m.Receives, m.DueAt = "c", c.receives, at
			equalList(t, "returned", deliverAll(t, w.job(nil), m))
			equal(t, "counts", w.counts[key], c.want)
			equal(t, "keys", len(w.counts), 1)
			equal(t, "reads of the registry", w.reads, 0)
			equal(t, "log entries", len(w.entries), 0)
			equal(t, "dead letters", len(w.deadLetters), 0)
		})
	}
	t.Run("those of a version before, which are of no generation, are dropped", func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		m := countsOn("a#org", key.Date, both, at)
		m.ID, m.Receives, m.DueAt = "c", 1, at
		equalList(t, "returned", deliverAll(t, w.job(nil), m))
		equal(t, "keys", len(w.counts), 0)
		equal(t, "sent on", len(w.delayed), 0)
		equal(t, "dead letters", len(w.deadLetters), 0)
		equal(t, "metric", w.figures["counts.dropped ="], 1)
		equal(t, "in the log", strings.Contains(w.lines.String(), "counts of no generation dropped"), true)
	})
	t.Run("they wait for a table that does not answer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Internal, nil)
			w.countFault = always(notAdded)
			m := countsOn(key.Key, key.Date, both, time.Now())
			m.DueAt = time.Now()
			deliverAll(t, w.job(nil), m)
			equal(t, "sent on", len(w.delayed), 1)
			equal(t, "as counts", w.delayed[0].Kind, KindCounts)
			equal(t, "hops", w.delayed[0].Hops, 1)
			equal(t, "wait", w.delayed[0].Wait, 30*time.Second)
			equal(t, "body", w.delayed[0].Body, m.Body)
		})
	})
	t.Run("they are given up, in the log, when they are as old as a webhook may be", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Internal, nil)
			w.countFault = notAdded
			m := countsOn(key.Key, key.Date, both, time.Now())
			m.DueAt, m.Hops = time.Now(), maxHops+1
			equalList(t, "returned", deliverAll(t, w.job(nil), m))
			equal(t, "sent on", len(w.delayed), 0)
			equal(t, "in the log", strings.Contains(w.lines.String(), "counts lost"), true)
		})
	})
	t.Run("a malformed one is a dead letter", func(t *testing.T) {
		for body, detail := range map[string]string{
			`[]`:                             "the message is not a message of counts",
			`{"pk":"a#o","day":"yesterday"}`: "day must be a day, as in 2026-11-24",
			`{"pk":"a","day":"2026-11-24"}`:  "pk must be an app's and an organization's id, and a generation",
			`{"pk":"a#o#x","day":"2026-11-24","counts":{"success":1},"at":1}`: "pk must be an app's and an organization's id, and a generation",
			`{"pk":"a#o","day":"2026-11-24","counts":{"success":-1},"at":1}`:  "counts must not be below zero",
		} {
			w := newWorld()
			deliverAll(t, w.job(nil), Message{ID: "c", Body: body, Kind: KindCounts})
			equal(t, "detail", w.deadLetters[0].Detail, detail)
		}
	})
}

func neverAdded() (error, bool) {
	return fmt.Errorf("%w: %w", ErrNotAdded, platform.ErrRefused), false
}

func TestCountsThatAreRefusedForGoodAreADeadLetterAndHoldUpNoWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		w.countFault = neverAdded
		start := time.Now()
		equalList(t, "returned", deliverAll(t, w.job(nil), message("a")))
		equal(t, "tried once", time.Since(start) < 500*time.Millisecond, true)
		equal(t, "requests", w.requests(), 1)
		equal(t, "sent on as counts", len(w.delayed) == 1 && w.delayed[0].Kind == KindCounts, true)

		counts := w.delayed[0].Message
		counts.ID, counts.Receives, counts.DueAt = "c", 1, time.Now()
		w.delayed = nil
		equalList(t, "returned", deliverAll(t, w.job(nil), counts))
		equal(t, "sent on", len(w.delayed), 0)
		if len(w.deadLetters) != 1 {
			t.Fatalf("%d letters", len(w.deadLetters))
		}
		equal(t, "reason", w.deadLetters[0].Reason, "refused")
		equal(t, "detail", w.deadLetters[0].Detail, "the table permanently refuses these counts")
		equal(t, "body", w.deadLetters[0].Body, counts.Body)
	})
}

func TestQueuedCountsLeaveADeadLetterOfThoseThatAreNotAdded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		tries := 0
		w.countFault = func() (error, bool) {
			if tries++; tries == 1 {
				return errors.New("no answer"), true
			}
			return neverAdded()
		}
		at := time.Now()
		m := countsOn("a#org#1", "2026-11-24", tally.Counts{Success: 2, Error: 1}, at)
		m.ID, m.Receives, m.DueAt = "c", 1, time.Now()
		deliverAll(t, w.job(nil), m)
		if len(w.deadLetters) != 1 {
			t.Fatalf("%d letters", len(w.deadLetters))
		}
		equal(t, "body", w.deadLetters[0].Body, countsOn("a#org#1", "2026-11-24", tally.Counts{Success: 2}, at).Body)
	})
}
