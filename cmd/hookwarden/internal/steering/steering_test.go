package steering

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
)

func enable17(opts options) func(context.Context, *session.Session, *desk) error {
	return func(ctx context.Context, s *session.Session, d *desk) error { return enable(ctx, s, d, "17", opts) }
}

func disable17(opts options) func(context.Context, *session.Session, *desk) error {
	return func(ctx context.Context, s *session.Session, d *desk) error {
		return disable(ctx, s, d, "17", "It floods a customer.", opts)
	}
}

func test17(event, data string, opts options) func(context.Context, *session.Session, *desk) error {
	return func(ctx context.Context, s *session.Session, d *desk) error {
		return test(ctx, s, d, "17", "tst_1", event, data, opts)
	}
}

func open4(opts options) func(context.Context, *session.Session, *desk) error {
	return func(ctx context.Context, s *session.Session, d *desk) error {
		return openBrake(ctx, s, d, "disable", 4, opts)
	}
}

func erase42(version int64, opts options) func(context.Context, *session.Session, *desk) error {
	return func(ctx context.Context, s *session.Session, d *desk) error {
		return erase(ctx, s, d, "42", version, opts)
	}
}

// in runs a test in virtual time, which begins at midnight of 2000-01-01.
func in(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newWorld()) })
}

func TestEnableWaitsUntilTheAppIsEnabled(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		disabledSince(w, time.Hour, "timeout")
		r := w.do(t, enable17(yes()))
		if a := w.apps["17"]; a.Disabled() || w.groups[0] != "17" {
			t.Errorf("%v", w)
		}
		r.golden(t, "enable")
	})
}

func TestEnableSendsNothingForAnAppThatIsNotDisabled(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		r := w.do(t, enable17(yes()))
		if len(w.sent) != 0 {
			t.Errorf("sent %v", w.sent)
		}
		r.golden(t, "enable_nothing")
	})
}

// A clock that is behind would name a time before the disabling, and change nothing.
func TestEnableIsNewerThanWhatItLiftsWhateverTheClockSays(t *testing.T) {
	for name, c := range map[string]struct{ behind, aws time.Duration }{
		"the clock is right": {0, 0}, "it is an hour behind": {time.Hour, 0}, "and AWS says so": {time.Hour, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				disabledSince(w, 0, "timeout")
				w.now = func() time.Time { return time.Now().Add(-c.behind) }
				if c.aws != 0 {
					w.aws = time.Now().Add(c.aws)
				}
				if r := w.do(t, enable17(yes())); r.err != nil || w.apps["17"].Disabled() {
					t.Errorf("%v: %v", r.err, w)
				}
				if c.aws != 0 && !strings.Contains(w.sent[0], `"at":"2000-01-01T00:01:00.000Z"`) {
					t.Errorf("sent %s", w.sent[0])
				}
			})
		})
	}
}

func TestDisableShowsWhetherTheOwnersAreTold(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		r := w.do(t, disable17(yes()))
		if a := w.apps["17"]; a.DisabledReason != platform.Manual {
			t.Errorf("%v", w)
		}
		r.golden(t, "disable")
	})
	in(t, func(t *testing.T, w *world) {
		w.tellNone = true
		w.do(t, disable17(yes())).golden(t, "disable_untold")
	})
	in(t, func(t *testing.T, w *world) {
		disabledSince(w, time.Hour, "error")
		w.do(t, disable17(yes())).golden(t, "disable_nothing")
	})
}

func TestDisableIsOvertakenBySomethingNewer(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		newer := platform.AppEnable{AppID: "17", At: w.now().Add(time.Second)}
		w.due = append(w.due, handled{at: w.now().Add(500 * time.Millisecond), m: newer})
		w.do(t, disable17(yes())).golden(t, "disable_overtaken")
	})
	in(t, func(t *testing.T, w *world) { // by the rule
		w.due = append(w.due, handled{at: w.now().Add(500 * time.Millisecond), do: func() { disabledSince(w, 0, "timeout") }})
		w.do(t, disable17(yes())).golden(t, "disable_overtaken_by_the_rule")
	})
}

func TestDestructiveCommandsAskBeforeTheySend(t *testing.T) {
	asking := options{wait: time.Minute}
	for name, command := range map[string]func(context.Context, *session.Session, *desk) error{
		"disable": disable17(asking), "open-brake": open4(asking), "delete-organization": erase42(5, asking),
	} {
		in(t, func(t *testing.T, w *world) {
			r := w.do(t, command)
			if len(w.sent) != 0 || fault.CodeOf(r.err) != fault.Usage || !strings.Contains(fault.HintOf(r.err), "--yes") {
				t.Errorf("%s: sent %v, %v", name, w.sent, r.err)
			}
		})
	}
}

func TestDryRunPrintsTheMessageAndSendsNothing(t *testing.T) {
	dry := options{dryRun: true, wait: time.Minute, actorName: "Grace Hopper", actorEmail: "grace@acme.example"}
	for name, command := range map[string]func(context.Context, *session.Session, *desk) error{
		"enable": enable17(dry), "disable": disable17(dry), "test": test17("issue.created", `{"n": 12345678901234567890}`, dry),
		"open-brake": open4(dry), "delete-organization": erase42(5, dry),
	} {
		in(t, func(t *testing.T, w *world) {
			if name == "enable" {
				disabledSince(w, time.Hour, "gone")
			}
			r := w.do(t, command)
			if len(w.sent) != 0 {
				t.Errorf("%s sent %v", name, w.sent)
			}
			r.golden(t, "dry_run_"+name)
		})
	}
}

func TestSteeringOfAnAppThatIsNotThereIsNotSent(t *testing.T) {
	for name, change := range map[string]func(*world){
		"unknown": func(w *world) { delete(w.apps, "17") },
		"deleted": func(w *world) { w.apps["17"] = platform.App{ID: "17", Deleted: true} },
	} {
		for _, command := range []func(context.Context, *session.Session, *desk) error{enable17(yes()), disable17(yes()), test17("test.ping", "{}", yes())} {
			in(t, func(t *testing.T, w *world) {
				change(w)
				if r := w.do(t, command); len(w.sent) != 0 || fault.CodeOf(r.err) != fault.NotFound {
					t.Errorf("%s: sent %v, %v", name, w.sent, r.err)
				}
			})
		}
	}
}

// A send that failed did nothing, or did it all the same.
func TestSteeringSaysWhatASendThatFailedHasDone(t *testing.T) {
	t.Run("surely not queued", func(t *testing.T) {
		in(t, func(t *testing.T, w *world) {
			w.sendErr, w.applied = errLost, false
			begun := time.Now()
			r := w.do(t, disable17(yes()))
			if !errors.Is(r.err, errLost) || !strings.Contains(r.err.Error(), "nothing was changed") || time.Since(begun) > time.Second {
				t.Errorf("%v after %s", r.err, time.Since(begun))
			}
		})
	})
	t.Run("the answer is lost, and it is queued", func(t *testing.T) {
		in(t, func(t *testing.T, w *world) {
			w.sendErr, w.unknown = errLost, true
			r := w.do(t, disable17(yes()))
			if r.err != nil || !w.apps["17"].Disabled() {
				t.Errorf("%v: %v", r.err, w)
			}
			r.golden(t, "disable_answer_lost")
		})
	})
	t.Run("the answer is lost, and it is not", func(t *testing.T) {
		in(t, func(t *testing.T, w *world) {
			w.sendErr, w.unknown, w.applied = errLost, true, false
			r := w.do(t, disable17(yes()))
			if !errors.Is(r.err, errLost) || fault.HintOf(r.err) == "" {
				t.Errorf("%v", r.err)
			}
			r.golden(t, "disable_perhaps_lost")
		})
	})
}

func TestSteeringThatTakesTooLongSaysSo(t *testing.T) {
	for name, command := range map[string]func(context.Context, *session.Session, *desk) error{
		"disable": disable17(yes()), "test": test17("test.ping", "{}", yes()), "open-brake": open4(yes()), "delete-organization": erase42(5, yes()),
	} {
		in(t, func(t *testing.T, w *world) {
			w.delay = time.Hour
			begun := time.Now()
			r := w.do(t, command)
			if fault.CodeOf(r.err) != fault.Failed || fault.HintOf(r.err) == "" || time.Since(begun) > time.Minute {
				t.Errorf("%s: %v after %s", name, r.err, time.Since(begun))
			}
			r.golden(t, "late_"+name)
		})
	}
}

func TestSteeringThatCannotBeSeenSaysSo(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.readErr = errLost
		r := w.do(t, disable17(yes()))
		if !errors.Is(r.err, errLost) || !strings.Contains(r.err.Error(), "as far as can be seen") {
			t.Errorf("%v", r.err)
		}
	})
}

func TestSteeringNeedNotWait(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		begun := time.Now()
		r := w.do(t, disable17(options{yes: true}))
		if r.err != nil || len(w.sent) != 1 || time.Since(begun) > 0 {
			t.Errorf("%v, sent %v after %s", r.err, w.sent, time.Since(begun))
		}
	})
}

func TestSteeringByNobodyIsNotSent(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.whoErr = errLost
		if r := w.do(t, disable17(yes())); !errors.Is(r.err, errLost) || len(w.sent) != 0 {
			t.Errorf("%v, sent %v", r.err, w.sent)
		}
	})
}

func TestAppTestShowsHowItEnds(t *testing.T) {
	for name, outcome := range map[string]delivery.Entry{
		"success": {Outcome: "success", ResponseCode: 200, Duration: 31 * time.Millisecond, URL: "https://ci.example/hook"},
		"error": {Outcome: "error", ResponseCode: 404, Duration: 12 * time.Millisecond, URL: "https://ci.example/hook",
			ResponseBody: "no such hook\n\x1b[31mred"},
		"skipped": {Outcome: "skipped", Code: "no_url"},
		"again":   {Outcome: "local_error", Code: "dns_temporary"}, // our own fault: it is made again
	} {
		in(t, func(t *testing.T, w *world) {
			w.outcome = outcome
			r := w.do(t, test17("test.ping", "{}", yes()))
			if (r.err == nil) != (name == "success" || name == "again") {
				t.Errorf("%s: %v", name, r.err)
			}
			r.golden(t, "test_"+name)
		})
	}
}

func TestAppTestChecksWhatItSends(t *testing.T) {
	for _, c := range []struct{ event, data string }{{"ping", "{}"}, {"test.ping", "{"}, {"test.ping", "3"}, {"installation.moved", "{}"}} {
		in(t, func(t *testing.T, w *world) {
			if r := w.do(t, test17(c.event, c.data, yes())); fault.CodeOf(r.err) != fault.Usage || len(w.sent) != 0 {
				t.Errorf("%v: %v, sent %v", c, r.err, w.sent)
			}
		})
	}
}

func TestOpenBrakeShowsWhatHeldIt(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.do(t, open4(yes())).golden(t, "open_brake")
	})
	in(t, func(t *testing.T, w *world) {
		w.brake = dynamo.BrakeState{Since: w.now().Add(-time.Hour), Until: w.now().Add(23 * time.Hour), Reason: "timeout", AppID: "17"}
		w.do(t, open4(yes())).golden(t, "open_brake_latched")
	})
	in(t, func(t *testing.T, w *world) {
		w.do(t, func(ctx context.Context, s *session.Session, d *desk) error {
			return openBrake(ctx, s, d, platform.BrakeWarning, 2, yes())
		}).golden(t, "open_brake_warning")
		if !strings.Contains(w.sent[0], `"brake":"warning"`) {
			t.Errorf("sent %v", w.sent)
		}
	})
	in(t, func(t *testing.T, w *world) {
		r := w.do(t, func(ctx context.Context, s *session.Session, d *desk) error {
			return openBrake(ctx, s, d, "disable", 49, yes())
		})
		if fault.CodeOf(r.err) != fault.Usage || len(w.sent) != 0 {
			t.Errorf("49 hours: %v, sent %v", r.err, w.sent)
		}
	})
}

func TestDeleteOrganizationTakesOnlyAVersionThatChangesSomething(t *testing.T) {
	for version, want := range map[int64]fault.Code{-1: fault.Usage, 0: fault.Usage, 4: fault.Usage, 5: 0} {
		in(t, func(t *testing.T, w *world) {
			if r := w.do(t, erase42(version, yes())); fault.CodeOf(r.err) != want || (len(w.sent) == 1) != (want == 0) {
				t.Errorf("%d: %v, sent %v", version, r.err, w.sent)
			}
		})
	}
	in(t, func(t *testing.T, w *world) {
		delete(w.orgs, "42")
		if r := w.do(t, erase42(5, yes())); fault.CodeOf(r.err) != fault.NotFound {
			t.Errorf("an unknown one: %v", r.err)
		}
	})
	in(t, func(t *testing.T, w *world) { w.do(t, erase42(5, yes())).golden(t, "delete_organization") })
}
