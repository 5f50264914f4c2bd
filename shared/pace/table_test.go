package pace_test

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

var (
	table = flag.Bool("table", false, "print the table of docs/decisions/0004, which takes minutes")
	rows  = flag.String("rows", "", "a regular expression for the rows to print; empty: all")
	sizes = flag.String("sizes", "2,20,200", "how many environments, separated by commas")
)

// fleets are the numbers of batches that are delivered and retried at once, by the
// number of environments.
func fleets() map[int][2]int {
	return map[int][2]int{2: {1, 1}, 6: {4, 2}, 20: {14, 6}, 70: {50, 20}, 200: {143, 57}}
}

func base(environments int) setup {
	f := fleets()[environments]
	return setup{deliver: f[0], retry: f[1], deadline: time.Second, maxAge: time.Hour, lasts: 2 * time.Hour, lost: 0.02}
}

func after(d time.Duration) answer { return answer{took: d, complete: true} }

const quick = 20 * time.Millisecond

func hung() answer { return answer{took: time.Hour} }

// steady is one app that is sent perSecond webhooks a second, and answers as receives
// says.
func steady(environments int, perSecond float64, receives func(*simulation, string) answer) setup {
	s := base(environments)
	s.receives = receives
	s.sends = func(w *simulation) { w.every(0, perSecond, func(int) string { return "app" }) }
	return s
}

func late(share float64, a answer) func(*simulation, string) answer {
	return func(w *simulation, _ string) answer {
		if w.rand.Float64() < share {
			return a
		}
		return after(quick)
	}
}

// comesBack is an app that hangs for an hour. In that hour 50,000 webhooks come, and
// one a second after it.
func comesBack(environments int) setup {
	s := base(environments)
	s.maxAge, s.stays = 72*time.Hour, 2*time.Hour
	s.receives = func(w *simulation, _ string) answer {
		if w.since() < time.Hour {
			return hung()
		}
		return after(quick)
	}
	s.sends = func(w *simulation) {
		w.every(0, 50000/3600., func(int) string { return "app" })
	}
	s.lasts = time.Hour + 5*time.Minute
	return s
}

// neighbours is a healthy app with 20 webhooks a second, one with one a minute, and
// many with one in ten minutes. After a while comes a flood for other apps.
func neighbours(environments, apps int, flood float64, receives func(*simulation, string) answer) setup {
	s := base(environments)
	const from = 4 * time.Minute
	s.receives = func(w *simulation, app string) answer {
		if strings.HasPrefix(app, "other") {
			return receives(w, app)
		}
		return after(quick)
	}
	s.from = from
	s.sends = func(w *simulation) {
		w.every(0, 20, func(int) string { return "healthy" })
		w.every(0, 1./60, func(int) string { return "seldom" })
		w.every(0, 1, func(n int) string { return fmt.Sprint("idle", n%600) }) // each app once in ten minutes
		w.after(from, func() {
			if flood == 0 && apps == 1 {
				return
			}
			for i := range 1000 {
				w.send(fmt.Sprint("other", i%apps))
			}
		})
		if flood > 0 {
			w.every(from, flood, func(n int) string { return fmt.Sprint("other", n%apps) })
		}
	}
	return s
}

// flooded is a healthy app next to one that is sent 1,000 webhooks at once and recovers
// after 50 s. The deadline is 5 s.
func flooded(receives func(*simulation, string) answer) setup {
	const from = 10 * time.Second
	s := setup{deliver: 16, retry: 20, deadline: 5 * time.Second, maxAge: time.Hour, lasts: time.Minute, stays: 15 * time.Minute}
	s.receives = func(w *simulation, app string) answer {
		if app == "other" && w.since() < s.lasts {
			return receives(w, app)
		}
		return after(quick)
	}
	s.sends = func(w *simulation) {
		w.every(0, 20, func(int) string { return "healthy" })
		w.after(from, func() {
			for range 1000 {
				w.send("other")
			}
		})
	}
	return s
}

// hangOnce has 500 apps with perSecond webhooks a second together. From a certain moment
// on, the next webhook of each app hangs.
func hangOnce(environments int, perSecond float64) setup {
	s := neighbours(environments, 1, 0, func(*simulation, string) answer { return after(quick) })
	receives, once := s.receives, make(map[string]bool)
	s.receives = func(w *simulation, app string) answer {
		if strings.HasPrefix(app, "once") && w.since() >= s.from && !once[app] {
			once[app] = true
			return hung()
		}
		return receives(w, app)
	}
	sends := s.sends
	s.sends = func(w *simulation) {
		sends(w)
		w.every(0, perSecond, func(n int) string { return fmt.Sprint("once", n%500) })
	}
	return s
}

// slowWithThousandHung has an app that answers after 0.6 s, next to a thousand that
// hang.
func slowWithThousandHung(environments int) setup {
	s := neighbours(environments, 1000, 17, func(*simulation, string) answer { return hung() })
	sends, receives := s.sends, s.receives
	s.sends = func(w *simulation) { sends(w); w.every(0, 5, func(int) string { return "slow" }) }
	s.receives = func(w *simulation, app string) answer {
		if app == "slow" {
			return after(600 * time.Millisecond)
		}
		return receives(w, app)
	}
	return s
}

// thousandThatWereWell has apps that answer at first and then hang.
func thousandThatWereWell(environments int) setup {
	s := neighbours(environments, 1, 0, nil)
	sends, receives := s.sends, s.receives
	s.sends = func(w *simulation) {
		sends(w)
		w.every(0, 17, func(n int) string { return fmt.Sprint("were", n%1000) })
	}
	s.receives = func(w *simulation, app string) answer {
		if strings.HasPrefix(app, "were") && w.since() > s.from {
			return hung()
		}
		return receives(w, app)
	}
	return s
}

// mostAgain is the most requests at once after the given time, or at any time if there
// were none after it.
func (f *figures) mostAgain(after time.Duration) (most int) {
	for moment, n := range f.mostAfter {
		if moment >= after {
			most = max(most, n)
		}
	}
	return most
}

func printRow(out io.Writer, what string, environments int, by, group string, f *figures) {
	f.left = f.sent - f.arrived - f.missed - f.expired
	_, _ = fmt.Fprintf(out, "%s\t%d\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%.2f\t%.0f\t%d\t%d\t%.2f\t%.2f\n",
		what, environments, by, group, f.sent, f.arrived, f.missed, f.expired, f.left, f.p99().Seconds(), f.longest.Seconds(),
		f.mostAgain(time.Hour), f.deferred, float64(f.hops)/max(1, float64(f.deferred)), f.perDeferred())
}

func TestTable(t *testing.T) {
	if !*table {
		t.Skip("-table prints it")
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(out, "what\tenvironments\tby\tapps\tsent\tarrived\tmissed\texpired\twait\tp99, s\tlongest\tat once after an hour\tdeferred\thops\tSQS requests")
	slow := after(600 * time.Millisecond)
	always := func(a answer) func(*simulation, string) answer {
		return func(*simulation, string) answer { return a }
	}
	for _, row := range []struct {
		name string
		of   func(e int) setup
	}{
		{"0.6 s, 1/s", func(e int) setup { return steady(e, 1, always(slow)) }},
		{"0.6 s, 5/s", func(e int) setup { return steady(e, 5, always(slow)) }},
		{"0.6 s, 50/s", func(e int) setup { return steady(e, 50, always(slow)) }},
		{"5% 0.6 s, 5/s", func(e int) setup { return steady(e, 5, late(0.05, slow)) }},
		{"10% 0.6 s, 5/s", func(e int) setup { return steady(e, 5, late(0.1, slow)) }},
		{"5% hang, 5/s", func(e int) setup { return steady(e, 5, late(0.05, hung())) }},
		{"10% hang, 5/s", func(e int) setup { return steady(e, 5, late(0.1, hung())) }},
		{"10% hang, 50/s", func(e int) setup { return steady(e, 50, late(0.1, hung())) }},
		{"5% hang, 50/s", func(e int) setup { return steady(e, 50, late(0.05, hung())) }},
		{"5% 0.6 s, 50/s", func(e int) setup { return steady(e, 50, late(0.05, slow)) }},
		{"comes back", comesBack},
		{"alone", func(e int) setup { return neighbours(e, 1, 0, always(after(quick))) }},
		{"1 hung", func(e int) setup { return neighbours(e, 1, 10, always(hung())) }},
		{"1000 hung", func(e int) setup { return neighbours(e, 1000, 17, always(hung())) }},
		{"1000 hung, rare", func(e int) setup { return neighbours(e, 1000, 1, always(hung())) }},
		{"1 alternates", func(e int) setup { return neighbours(e, 1, 10, late(0.5, hung())) }},
		{"0.6 s neighbour", func(e int) setup { return neighbours(e, 1, 10, always(slow)) }},
		{"500 hang once, 60/s", func(e int) setup { return hangOnce(e, 60) }},
		{"500 hang once, 500/s", func(e int) setup { return hangOnce(max(e, 6), 500) }},
		{"0.6 s, 5/s with 1000 hung", slowWithThousandHung},
		{"1000 that were well hang", thousandThatWereWell},
		{"0.9 s, 100/s", func(e int) setup { return neighbours(e, 1, 100, always(after(900*time.Millisecond))) }},
	} {
		if !regexp.MustCompile(*rows).MatchString(row.name) {
			continue
		}
		for size := range strings.SplitSeq(*sizes, ",") {
			environments, err := strconv.Atoi(size)
			if err != nil {
				t.Fatal(err)
			}
			for _, by := range []string{"old", "new"} {
				w := simulate(row.of(environments), 1, mechanisms()[by])
				for _, group := range slices.Sorted(maps.Keys(w.groups)) {
					printRow(out, row.name, environments, by, group, w.groups[group])
				}
			}
		}
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
}
