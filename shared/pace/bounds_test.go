package pace_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// These tests check pace's bounds in worlds that are small enough for every test run.
// The figures of larger worlds are in docs/decisions/0004.

const short = 12 * time.Minute

// run simulates the package itself.
func run(s setup) *simulation { return simulate(s, 1, newNew) }

func (w *simulation) group(t *testing.T, name string) *figures {
	t.Helper()
	f := w.groups[name]
	if f == nil || f.sent == 0 {
		t.Fatalf("nothing was sent to %s", name)
	}
	return f
}

// allArrive checks that nothing expired and that only the last webhooks are still on
// their way.
func allArrive(t *testing.T, f *figures) {
	t.Helper()
	if left := f.sent - f.arrived - f.missed; f.expired > 0 || left > 40 {
		t.Errorf("of %d sent %d arrived, %d were missed, %d expired, %d wait", f.sent, f.arrived, f.missed, f.expired, left)
	}
}

func within(t *testing.T, what string, got, most time.Duration) {
	t.Helper()
	if got > most {
		t.Errorf("%s: %v, at most %v is allowed", what, got, most)
	}
}

func TestFleetBringsAnAppThatAnswersAllItsWebhooks(t *testing.T) {
	slow := after(600 * time.Millisecond)
	always := late(1, slow)
	for name, c := range map[string]struct {
		receives  func(*simulation, string) answer
		perSecond float64
		fleets    []int
		deferred  float64 // at most, of those sent
	}{
		"answers after 0.6 s, 1/s":    {always, 1, []int{2, 20, 200}, 1},
		"answers after 0.6 s, 5/s":    {always, 5, []int{2, 20, 200}, 1},
		"answers after 0.6 s, 50/s":   {always, 50, []int{20, 200}, 1},
		"late one time in 20":         {late(0.05, slow), 5, []int{2, 20, 200}, 0.06},
		"late one time in 10":         {late(0.1, slow), 5, []int{2, 20, 200}, 0.11},
		"misses one time in 20":       {late(0.05, hung()), 5, []int{20}, 0.15},
		"misses one time in 20, 50/s": {late(0.05, hung()), 50, []int{20}, 0.2},
	} {
		for _, environments := range c.fleets {
			t.Run(fmt.Sprint(name, ", ", environments, " environments"), func(t *testing.T) {
				s := steady(environments, c.perSecond, c.receives)
				s.lasts = short
				f := run(s).group(t, "app")
				allArrive(t, f)
				within(t, "99 of 100 within", f.p99(), 2*time.Second)
				if share := float64(f.deferred) / float64(f.sent); share > c.deferred {
					t.Errorf("%.2f are deferred", share)
				}
			})
		}
	}
}

func TestFleetDoesNotFlattenAReceiverThatComesBackWithItsBacklog(t *testing.T) {
	const down = 10 * time.Minute
	for name, room := range map[string]int{"it can do anything": 1000, "it can do 30 at once": 30} {
		for _, environments := range []int{2, 20, 200} {
			t.Run(fmt.Sprint(name, ", ", environments, " environments"), func(t *testing.T) {
				s := base(environments)
				s.maxAge, s.lasts, s.stays = 72*time.Hour, down, time.Hour
				s.receives = func(w *simulation, app string) answer {
					if w.since() < down || w.atOnce[app] > room {
						return hung()
					}
					return after(100 * time.Millisecond)
				}
				s.sends = func(w *simulation) { w.every(0, 10, func(int) string { return "app" }) }
				f := run(s).group(t, "app")
				allArrive(t, f)
				// Each environment probes the app within a minute of its return. Until then it
				// may let a webhook wait for the longest time there is.
				within(t, "999 of 1000", f.within(0.999), down+time.Minute+down+time.Minute+time.Minute)
				within(t, "the last", f.longest, down+time.Minute+15*time.Minute+time.Minute)
				atFirst := 0
				for moment, n := range f.mostAfter {
					if moment >= down && moment < down+100*time.Millisecond {
						atFirst = max(atFirst, n)
					}
				}
				if atFirst > s.retry {
					t.Errorf("%d requests at once before the first was answered", atFirst)
				}
				if most := f.mostAgain(down); most > room+10 {
					t.Errorf("%d requests at once", most)
				}
			})
		}
	}
}

func TestFleetLetsNoAppBeHurtByAnother(t *testing.T) {
	always := func(a answer) func(*simulation, string) answer { return late(1, a) }
	smaller := func(s setup) setup { s.lasts = short; return s }
	alone := make(map[int]time.Duration)
	for _, environments := range []int{20, 70} {
		alone[environments] = run(smaller(neighbours(environments, 1, 0, nil))).group(t, "healthy").p99()
	}
	for name, of := range map[string]func(environments int) setup{
		"hangs":                          func(e int) setup { return neighbours(e, 1, 10, always(hung())) },
		"a thousand hang":                func(e int) setup { return neighbours(e, 1000, 17, always(hung())) },
		"trickles, is reset":             func(e int) setup { return neighbours(e, 1, 10, always(answer{took: 900 * time.Millisecond})) },
		"alternates":                     func(e int) setup { return neighbours(e, 1, 10, late(0.5, hung())) },
		"refuses":                        func(e int) setup { return neighbours(e, 1, 10, always(answer{})) },
		"answers slowly":                 func(e int) setup { return neighbours(e, 1, 50, always(after(900*time.Millisecond))) },
		"500 hang once":                  func(e int) setup { return hangOnce(e, 60) },
		"a thousand that were well hang": thousandThatWereWell,
		"a thousand hang, deadline of 5 s": func(e int) setup {
			s := neighbours(e, 1000, 17, always(hung()))
			s.deadline = 5 * time.Second
			return s
		},
		"a thousand hang, nobody is told": func(e int) setup {
			s := neighbours(e, 1000, 17, always(hung()))
			s.lost = 1
			return s
		},
	} {
		for _, environments := range fleetsOf(name) {
			t.Run(fmt.Sprint(name, ", ", environments, " environments"), func(t *testing.T) {
				s := smaller(of(environments))
				w := run(s)
				healthy := w.group(t, "healthy")
				allArrive(t, healthy)
				within(t, "99 of 100 of the healthy app's", healthy.p99(), 2*alone[environments])
				for _, app := range []string{"seldom", "idle"} {
					allArrive(t, w.group(t, app))
					if s.lost == 1 {
						continue // each environment must be held once
					}
					within(t, "99 of 100 of the "+app+" app's", w.group(t, app).p99(), 2*s.deadline+time.Second)
				}
			})
		}
	}
}

// fleetsOf leaves out fleets that take long to simulate and show nothing new: many
// environments next to one app, and six batches of RetryQueue, which take minutes to
// try a thousand apps of 5 s each.
func fleetsOf(neighbours string) []int {
	switch {
	case strings.HasSuffix(neighbours, "5 s"):
		return []int{70}
	case strings.HasPrefix(neighbours, "a thousand"):
		return []int{20, 70}
	}
	return []int{20}
}

// When each hanging app was charged by itself, idle apps took a detour for half an
// hour.
func TestFleetLeavesNobodyOnADetourForAppsThatHangOnce(t *testing.T) {
	s := hangOnce(6, 500)
	s.lasts = s.from + 2*time.Minute
	idle := run(s).group(t, "idle")
	if idle.deferred > 40 { // a webhook a second, while the 500 hang
		t.Errorf("%d of %d webhooks of idle apps took the way over RetryQueue", idle.deferred, idle.sent)
	}
}

// This shows that the simulator can see the fault that pace fixed.
func TestFleetOfOldPaceStarvedAnAppThatAnswers(t *testing.T) {
	s := steady(2, 1, late(1, after(600*time.Millisecond)))
	s.lasts = short
	f := simulate(s, 1, newOld).group(t, "app")
	if f.arrived > f.sent/2 {
		t.Errorf("%d of %d arrived", f.arrived, f.sent)
	}
}

func TestFleetDoesNotStarveAnAppThatAnswersSlowlyForOnesThatHang(t *testing.T) {
	s := slowWithThousandHung(70)
	s.lasts = short
	slow := run(s).group(t, "slow")
	allArrive(t, slow)
	within(t, "99 of 100", slow.p99(), 3*time.Second)
}

// Each time that a waiting webhook is handed out again costs requests. This counts
// them until all of a flood is delivered.
func TestFleetCallsSQSLessThanBefore(t *testing.T) {
	for name, receives := range map[string]func(*simulation, string) answer{
		"hangs":          late(1, hung()),
		"alternates":     late(0.5, hung()),
		"answers slowly": late(1, after(4900*time.Millisecond)),
	} {
		t.Run(name, func(t *testing.T) {
			before := simulate(flooded(receives), 1, newOld).group(t, "other")
			now := run(flooded(receives)).group(t, "other")
			if through := now.arrived + now.missed; through < now.sent {
				t.Errorf("%d of %d are through", through, now.sent)
			}
			if now.perDeferred() > 0.9*before.perDeferred() {
				t.Errorf("%.2f requests for each that was deferred, and %.2f before", now.perDeferred(), before.perDeferred())
			}
		})
	}
}
