package delivery

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// outcomesOf is a report of calls to an app a minute ago, as WebhookQueue hands it out.
func outcomesOf(app, id string, c tally.Counts) Message {
	now := time.Now()
	body := platform.Outcomes{ID: id, AppID: app, OrganizationID: "org", At: now.Add(-time.Minute).Truncate(time.Millisecond), Counts: c}.Encode()
	return Message{ID: "sqs-" + id, SentAt: now, Receives: 1, Body: body}
}

func TestOutcomesAreAddedToTheDayAndGenerationOfTheApp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, func(r *Registered) { r.App.Generation, r.App.OrganizationID = 3, "other" })
		m := outcomesOf("a", "out_1", tally.Counts{Success: 120, Error: 3, Fatal: 1})
		time.Sleep(30 * time.Hour) // it waited; the day is still that of the calls
		equalList(t, "returned", deliverAll(t, w.job(nil), m))
		want := CounterKey{tally.Key("a", "other", 3), tally.DateOf(m.SentAt.Add(-time.Minute))}
		equal(t, "counts", w.counts[want], tally.Counts{Success: 120, Error: 3, Fatal: 1})
		equal(t, "days", len(w.counts), 1)
		equal(t, "entries of the log", len(w.entries), 0)
		equal(t, "requests", w.requests(), 0)
	})
}

// Even if an app's breaker is off, its outcomes can be seen.
func TestOutcomesOfEveryKindAndBreakerAreAdded(t *testing.T) {
	for _, change := range []func(*Registered){
		func(r *Registered) { r.App.Kind = platform.Integration },
		func(r *Registered) { r.App.Kind = platform.Plugin },
		func(r *Registered) { r.App.Kind, r.App.Breaker = platform.Integration, platform.BreakOff },
		func(r *Registered) { r.App.Status, r.App.Breaker = platform.Internal, platform.BreakFatal },
	} {
		w := newWorld()
		w.register("a", platform.Published, change)
		deliverAll(t, w.job(nil), outcomesOf("a", "out_1", tally.Counts{Error: 1}), message("a")) // as a webhook to it is counted
		equal(t, "counts", w.countsOf("a"), tally.Counts{Success: 1, Error: 1})
	}
}

func TestOutcomesOfOneIDAreAddedOnce(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Internal, nil)
	first := outcomesOf("a", "out_1", tally.Counts{Fatal: 1})
	twice := first
	twice.ID = "sqs-again"
	other := outcomesOf("a", "out_1", tally.Counts{Fatal: 2})
	equalList(t, "returned", deliverAll(t, w.job(nil), first, twice))
	deliverAll(t, w.job(nil), other)
	equal(t, "counts", w.countsOf("a"), tally.Counts{Fatal: 1})
	equal(t, "dropped", w.figures["outcomes.dropped reason=other_content"], 1)
}

// A failure from before an enabling says nothing about the repaired app.
func TestOutcomesOfBeforeAnEnablingAddNoFailure(t *testing.T) {
	for _, c := range []struct {
		name    string
		enabled time.Duration // after the earliest of the calls
		want    tally.Counts
	}{
		{"enabled before", -time.Millisecond, tally.Counts{Success: 1, Fatal: 1}},
		{"enabled at the same moment", 0, tally.Counts{Success: 1}},
		{"enabled after", time.Second, tally.Counts{Success: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			m := outcomesOf("a", "out_1", tally.Counts{Success: 1, Fatal: 1})
			_, of, err := platform.DecodeDelivery([]byte(m.Body), m.SentAt)
			if err != nil {
				t.Fatal(err)
			}
			w.register("a", platform.Internal, func(r *Registered) { r.App.EnabledAt = of.At.Add(c.enabled) })
			deliverAll(t, w.job(nil), m)
			equal(t, "counts", w.countsOf("a"), c.want)
			equal(t, "dropped", w.figures["outcomes.dropped reason=before_enabling"], int(1-c.want.Fatal))
		})
	}
}

// A person enabled an app that was not disabled. Reports that come late must not disable
// it.
func TestOutcomesOfBeforeAnEnablingWithoutEffectAddNoFailure(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Internal, func(r *Registered) { r.App.SteeredAt = time.Now() })
	deliverAll(t, w.job(nil), outcomesOf("a", "out_1", tally.Counts{Success: 1, Fatal: 1}))
	equal(t, "counts", w.countsOf("a"), tally.Counts{Success: 1})
	equal(t, "dropped", w.figures["outcomes.dropped reason=before_enabling"], 1)
}

// Failed calls for one organization are no reason to disable another organization's app.
func TestOutcomesOfBeforeAMoveAddNoFailure(t *testing.T) {
	for organization, want := range map[string]tally.Counts{"org": {Success: 1, Fatal: 1}, "other": {Success: 1}} {
		w := newWorld()
		w.register("a", platform.Published, func(r *Registered) { ofProvider(r); r.App.OrganizationID = organization })
		deliverAll(t, w.job(nil), outcomesOf("a", "out_1", tally.Counts{Success: 1, Fatal: 1}))
		equal(t, "counts", w.counts[CounterKey{tally.Key("a", organization, 1), tally.DateOf(time.Now().Add(-time.Minute))}], want)
		equal(t, "dropped", w.figures["outcomes.dropped reason=moved"], int(1-want.Fatal))
	}
}

// An integration was removed, which revoked its token, and then installed again.
func TestOutcomesOfBeforeAReturnAddNoFailure(t *testing.T) {
	for after, want := range map[time.Duration]tally.Counts{-2 * time.Minute: {Success: 1, Fatal: 1}, 0: {Success: 1}} {
		w := newWorld()
		w.register("a", platform.Published, func(r *Registered) { ofProvider(r); r.App.Generation, r.App.RenewedAt = 2, time.Now().Add(after) })
		deliverAll(t, w.job(nil), outcomesOf("a", "out_1", tally.Counts{Success: 1, Fatal: 1}))
		equal(t, "counts", w.counts[CounterKey{tally.Key("a", "org", 2), tally.DateOf(time.Now().Add(-time.Minute))}], want)
		equal(t, "dropped", w.figures["outcomes.dropped reason=moved"], int(1-want.Fatal))
	}
}

// The cache remembers apps for half a minute, but a report does not rely on it.
func TestOutcomesAreAddedToTheAppAsItIsNow(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Internal, nil)
	j := w.job(nil)
	deliverAll(t, j, message("a"))
	m := outcomesOf("a", "out_1", tally.Counts{Fatal: 1})
	w.register("a", platform.Internal, func(r *Registered) { r.App.Generation, r.App.EnabledAt = 2, time.Now() })
	deliverAll(t, j, m)
	equal(t, "counts", w.countsOf("a"), tally.Counts{Success: 1})
	equal(t, "days", len(w.counts), 1)
}

func TestOutcomesThatNobodyMayJudgeAreDropped(t *testing.T) {
	for _, c := range []struct {
		name, reason string
		status       platform.Status
		change       func(*Registered)
	}{
		{"disabled", "app_disabled", platform.Internal, func(r *Registered) { r.App.DisabledAt = time.Now() }},
		{"deleted", "app_deleted", platform.Internal, deletedAt(time.Now())},
		{"published", "not_counted", platform.Published, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			w.register("a", c.status, c.change)
			equalList(t, "returned", deliverAll(t, w.job(nil), outcomesOf("a", "out_1", tally.Counts{Success: 1, Fatal: 1})))
			equal(t, "days", len(w.counts), 0)
			equal(t, "dropped", w.figures["outcomes.dropped reason="+c.reason], 1)
		})
	}
}

func TestOutcomesWaitForAnAppThatIsNotRegisteredYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		m := outcomesOf("a", "out_1", tally.Counts{Fatal: 1})
		for hop := 1; hop <= 3; hop++ {
			w.delayed = nil
			equalList(t, "returned", deliverAll(t, w.job(nil), m))
			if len(w.delayed) != 1 || w.delayed[0].Wait != 15*time.Second || w.delayed[0].Body != m.Body || w.delayed[0].GroupID != "a" {
				t.Fatalf("hop %d: sent on %+v", hop, w.delayed)
			}
			m = w.delayed[0].Message
			m.ID, m.FromRetry = fmt.Sprint("hop-", hop), true
			time.Sleep(w.delayed[0].Wait)
		}
		time.Sleep(5 * time.Minute)
		deliverAll(t, w.job(nil), m)
		if len(w.deadLetters) != 1 || w.deadLetters[0].Reason != platform.ReasonUnknownApp {
			t.Fatalf("dead letters %+v", w.deadLetters)
		}
		w.register("a", platform.Internal, nil)
		deliverAll(t, w.job(nil), m)
		equal(t, "counts", w.total("a"), tally.Counts{Fatal: 1})
	})
}

func TestOutcomesThatCannotBeAddedWaitAndInTheEndAreADeadLetter(t *testing.T) {
	for name, fault := range map[string]func(*world){
		"unread":    func(w *world) { w.readFault = func() error { return errLost } },
		"not added": func(w *world) { w.countFault = notAdded },
		"lost":      func(w *world) { w.countFault = lostNotAdded },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.register("a", platform.Internal, nil)
				fault(w)
				m := outcomesOf("a", "out_1", tally.Counts{Fatal: 1})
				equalList(t, "returned", deliverAll(t, w.job(nil), m))
				if len(w.delayed) != 1 || w.delayed[0].Wait != 30*time.Second || w.delayed[0].Body != m.Body {
					t.Fatalf("sent on %+v", w.delayed)
				}
				time.Sleep(73 * time.Hour)
				deliverAll(t, w.job(nil), m)
				if len(w.deadLetters) != 1 || w.deadLetters[0].Reason != platform.ReasonExpired || !strings.Contains(w.deadLetters[0].Detail, "do not redrive") {
					t.Fatalf("dead letters %+v", w.deadLetters)
				}
			})
		})
	}
}

// busyTable, like DynamoDB, refuses a transaction while another changes the same item.
type busyTable struct {
	*world
	busy      map[CounterKey]bool
	conflicts int
}

func (b *busyTable) AddOutcomes(ctx context.Context, key CounterKey, counts tally.Counts, of platform.Outcomes) error {
	b.mu.Lock()
	conflict := b.busy[key]
	if conflict {
		b.conflicts++
	}
	b.busy[key] = true
	b.mu.Unlock()
	if conflict {
		return ErrNotAdded
	}
	time.Sleep(10 * time.Millisecond)
	b.mu.Lock()
	delete(b.busy, key)
	b.mu.Unlock()
	return b.world.AddOutcomes(ctx, key, counts, of)
}

func TestOutcomesOfOneAppDoNotRefuseEachOtherNorHoldUpAnotherApp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var batch []Message
		for i := range 8 {
			w.register("a", platform.Internal, nil)
			batch = append(batch, outcomesOf("a", fmt.Sprint("out_", i), tally.Counts{Error: 1}))
		}
		for _, app := range []string{"b", "c"} {
			w.register(app, platform.Internal, nil)
			batch = append(batch, outcomesOf(app, "out_"+app, tally.Counts{Error: 1}))
		}
		table, d, began := &busyTable{world: w, busy: make(map[CounterKey]bool)}, w.deps(), time.Now()
		d.Outcomes = table
		equalList(t, "returned", New(config(), d).Deliver(t.Context(), batch))
		equal(t, "conflicts", table.conflicts, 0)
		equal(t, "counts of a", w.total("a"), tally.Counts{Error: 8})
		equal(t, "counts of b and c", w.total("b").Plus(w.total("c")), tally.Counts{Error: 2})
		if took := time.Since(began); took >= 90*time.Millisecond {
			t.Errorf("one app after another: %s", took)
		}
	})
}

// However many there are, they take a limited part of the invocation's time.
func TestOutcomesOfABatchHaveOneBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.register("a", platform.Internal, nil)
		w.countFault = notAdded
		var batch []Message
		for i := range 10 {
			batch = append(batch, outcomesOf("a", fmt.Sprint("out_", i), tally.Counts{Error: 1}))
		}
		began := time.Now()
		equalList(t, "returned", deliverAll(t, w.job(nil), batch...))
		equal(t, "delayed", len(w.delayed), 10)
		if took := time.Since(began); took > countBudget {
			t.Errorf("took %s", took)
		}
	})
}

func TestOutcomesThatTheTableRefusesAreADeadLetterAtOnce(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Internal, nil)
	w.countFault = func() (error, bool) { return fmt.Errorf("%w: %w", ErrNotAdded, platform.ErrRefused), false }
	deliverAll(t, w.job(nil), outcomesOf("a", "out_1", tally.Counts{Fatal: 1}))
	if len(w.deadLetters) != 1 || w.deadLetters[0].Reason != platform.ReasonRefused {
		t.Fatalf("dead letters %+v", w.deadLetters)
	}
}

func TestOutcomesOfBadFormAreADeadLetterAndTheOthersOfTheBatchAreAdded(t *testing.T) {
	w := newWorld()
	w.register("a", platform.Internal, nil)
	bad := outcomesOf("a", "out_1", tally.Counts{Fatal: 1})
	bad.Body = strings.Replace(bad.Body, `"fatal":1`, `"fatal":-1`, 1)
	deliverAll(t, w.job(nil), bad, outcomesOf("a", "out_2", tally.Counts{Success: 1}), message("a"))
	if len(w.deadLetters) != 1 || w.deadLetters[0].Detail != "counts.fatal must be a whole number from 0 to 1000000" {
		t.Fatalf("dead letters %+v", w.deadLetters)
	}
	equal(t, "counts", w.countsOf("a"), tally.Counts{Success: 2})
}

// The producer repeats messages, answers of the table and of the queue are lost, records
// come again, and the app is enabled in between. Each report adds its successes at least
// once and its failures at most once. A failure from before the enabling is never
// counted in the generation after it.
func TestOutcomesAreNeverAddedTwiceNorAgainstAnEnabling(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.register("a", platform.Internal, nil)
			var messages []Message
			want := tally.Counts{}
			for i := range rapid.IntRange(1, 4).Draw(r, "reports") {
				counts := tally.Counts{Success: int64(rapid.IntRange(0, 1).Draw(r, "success")), Fatal: 1}
				m := outcomesOf("a", fmt.Sprint("out_", i), counts)
				want = want.Plus(counts)
				for copies := range rapid.IntRange(1, 3).Draw(r, "copies") {
					m.ID = fmt.Sprint("sqs-", i, "-", copies)
					messages = append(messages, m)
				}
			}
			enableAt := rapid.IntRange(0, 12).Draw(r, "enabled in round")
			faults := []func() (error, bool){nil, notAdded, lostButAdded, lostNotAdded}
			for round := 0; len(messages) > 0 && round < 40; round++ {
				if round == enableAt {
					w.register("a", platform.Internal, func(r *Registered) { r.App.Generation, r.App.EnabledAt = 2, time.Now() })
				}
				w.countFault = faults[rapid.IntRange(0, len(faults)-1).Draw(r, "fault")]
				lost := rapid.Bool().Draw(r, "answer of the queue lost")
				w.sendLost = func(string) bool { return lost }
				if round > 20 { // it ends
					w.countFault, w.sendLost = nil, nil
				}
				m := messages[0]
				messages = messages[1:]
				w.delayed = nil
				returned := deliverAll(t, w.job(nil), m)
				crashed := round < 20 && rapid.IntRange(0, 4).Draw(r, "crashed before the answer") == 0
				if len(returned) > 0 || crashed {
					m.Receives++
					messages = append(messages, m)
				}
				for i, d := range w.delayed {
					d.ID, d.Receives, d.FromRetry = fmt.Sprintf("hop-%d-%d", round, i), 1, true
					messages = append(messages, d.Message)
				}
				time.Sleep(20 * time.Minute)
			}
			before, after := w.total("a"), tally.Counts{}
			for key, counts := range w.counts {
				if key.Key == tally.Key("a", "org", 2) {
					after = after.Plus(counts)
				}
			}
			if after.Fatal > 0 {
				r.Fatalf("failures from before the enabling in the generation after it: %+v", after)
			}
			if got := before.Plus(after); got.Fatal > want.Fatal || got.Success != want.Success {
				r.Fatalf("counted %+v of %+v", got, want)
			}
		})
	})
}
