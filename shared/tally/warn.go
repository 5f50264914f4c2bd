package tally

import (
	"slices"
	"strconv"
	"time"
)

// WarnRule says when the owners of an app are warned, before it is disabled. Like Rule it
// looks only at counts. The clues that say since when failures go on may only delay a
// warning.
type WarnRule struct {
	AfterDays []int         // warn on these days of a run of failing days, ascending; empty: on none
	Early     time.Duration // how old a failure that will not pass by itself must be
}

// Level says which warning it is. Owners get a days level at most once until the app succeeds
// again, and the others at most once until it has recovered.
type Level string

// The levels. The level of the n-th failing day is DaysLevel(n).
const (
	LevelTimeouts  Level = "timeouts"  // half of the time-outs for which an app is disabled
	LevelPermanent Level = "permanent" // a failure that will not pass by itself: a certificate, a 410, a forbidden URL
)

// DaysLevel is the level of the n-th day of a run of failing days: "days:3".
func DaysLevel(n int) Level { return Level("days:" + strconv.Itoa(n)) }

// Lasts reports whether a level is given only once until the app recovers. Other levels may
// be given again in a new run of failing days.
func (l Level) Lasts() bool { return l == LevelTimeouts || l == LevelPermanent }

// warnFailures is how often an app that may be dead must have failed before its days are
// warned of: half as often as it must to be dead. For an app that is seldom
// called, fewer failures in a row may be chance.
const warnFailures = deadFailures / 2

// Threat is a warning that is due.
type Threat struct {
	Level    Level
	Reason   Reason // why the app would be disabled
	Day      int    // for a days level: which day of the run today is, from 1
	CutOn    Date   // the day on which it would be disabled if nothing changes; empty if no day can be named
	Evidence []Day  // oldest day first, zeros included, today last
}

// Occasion is what a warning depends on in addition to the days.
type Occasion struct {
	Now   time.Time
	Swept bool              // the sweep looks at the app, not a record of a change
	May   func(Reason) bool // whether the app may be disabled for a reason
}

// Judge says which warnings are due for an app that the rule does not call broken, the most
// urgent first. It does not know which ones were given before. The days are as for
// Rule.Judge.
func (w WarnRule) Judge(r Rule, days []Day, o Occasion) (threats []Threat) {
	s := r.survey(days, DateOf(o.Now), o.May)
	if s.recovered > s.today {
		return nil
	}
	if t, due := s.timeouts(); due {
		threats = append(threats, t)
	}
	if t, due := s.permanent(w.Early, o); due {
		threats = append(threats, t)
	}
	for _, n := range slices.Backward(w.AfterDays) {
		if t, due := s.days(n); due {
			threats = append(threats, t)
		}
	}
	return threats
}

// RulesOut reports whether a day's own counts are enough to leave it alone, as Rule.RulesOut
// does of a verdict. Time-outs that are a share only together with those of the day before
// are left to the sweep: a large app has half of the threshold on any day.
func (w WarnRule) RulesOut(r Rule, d Day) bool {
	timeouts := d.Timeout >= r.warnTimeouts() && share(d.Counts) >= r.TimeoutMinShare
	return d.Success > 0 && !timeouts && d.Clues.Permanent == 0
}

// warnTimeouts is how many time-outs in a day cause a warning.
func (r Rule) warnTimeouts() int64 { return (r.TimeoutThreshold + 1) / 2 }

// survey is what warnings are judged from.
type survey struct {
	Rule
	all       []Day
	counts    map[Date]Counts
	today     Date
	recovered Date // the newest day with a success
	may       func(Reason) bool
	errors    run // days with only errors, up to today
	dead      run // failing days since anything succeeded
}

// run is a run of failing days. In a run for Dead, some days in between may have no counts.
type run struct {
	reason   Reason
	first    Date // empty: there is none
	length   int  // days from the first to today
	lasts    int  // on which day of the run the app is disabled, from 1
	failing  int  // days with failures
	failures int64
	newest   Date // failing day
}

func (r Rule) survey(days []Day, today Date, may func(Reason) bool) survey {
	s := survey{Rule: r, all: days, counts: byDate(days), today: today, may: may,
		recovered: newest(days, func(c Counts) bool { return c.Success > 0 })}
	s.errors = run{reason: Error, lasts: r.WindowDays}
	for date := today; s.errors.length < r.WindowDays && r.kind(s.counts[date], s.counts[date.Plus(-1)]) == Error; date = date.Plus(-1) {
		s.errors.first, s.errors.length = date, s.errors.length+1
	}
	s.dead = r.deadRun(days, today)
	if !may(Error) {
		s.errors = run{}
	}
	if r.DeadDays == 0 || !may(Dead) {
		s.dead = run{}
	}
	return s
}

// deadRun is the run of failing days since the newest success of any kind.
func (r Rule) deadRun(days []Day, today Date) run {
	dead := run{reason: Dead, lasts: r.DeadDays + 1}
	alive := newest(days, func(c Counts) bool { return c.Success > 0 || c.Alive > 0 })
	counts := byDate(days)
	for date := FirstDead(today); date <= today; date = date.Plus(1) {
		n := counts[date].Failures()
		if dead.first != "" {
			dead.length++
		}
		if n == 0 || date <= alive {
			continue
		}
		if dead.first == "" {
			dead.first, dead.length = date, 1
		}
		dead.failing, dead.failures, dead.newest = dead.failing+1, dead.failures+n, date
	}
	return dead
}

// timeouts is due today while the time-outs have the share that the rule requires.
func (s survey) timeouts() (Threat, bool) {
	c := s.counts[s.today]
	if c.Timeout < s.warnTimeouts() || share(c.Plus(s.counts[s.today.Plus(-1)])) < s.TimeoutMinShare || !s.may(Timeout) {
		return Threat{}, false
	}
	return Threat{Level: LevelTimeouts, Reason: Timeout, Evidence: s.window()}, true
}

// permanent is due for a failure of today or yesterday that will not pass by itself, unless
// it is too recent, or a later success was counted before it. If its age is unknown, only the
// sweep warns of it.
func (s survey) permanent(early time.Duration, o Occasion) (Threat, bool) {
	date := newest(s.all, Counts.Failed)
	if date < s.today.Plus(-1) || date < s.recovered || s.permanentOn(date) == 0 {
		return Threat{}, false
	}
	clues := Latest(s.all)
	if last := clues.LastFailure.At; !last.IsZero() && clues.LastSuccess.After(last) {
		return Threat{}, false
	}
	since := clues.FailingSince
	if since.IsZero() && !o.Swept || !since.IsZero() && o.Now.Sub(since) < early {
		return Threat{}, false
	}
	t := s.threatened(date)
	t.Level, t.Day = LevelPermanent, 0
	return t, t.Reason != ""
}

func (s survey) permanentOn(date Date) (n int64) {
	for _, d := range s.all {
		if d.Date == date {
			n += d.Clues.Permanent
		}
	}
	return n
}

// threatened says why an app would be disabled if it went on failing as on the given day,
// without a level. Without a reason it would not be disabled.
func (s survey) threatened(date Date) Threat {
	c := s.counts[date]
	if s.GoneThreshold > 0 && c.Gone > 0 && s.may(Gone) {
		return Threat{Reason: Gone, Evidence: s.window()} // with the next ones, whenever they come
	}
	runs := make([]run, 0, 2)
	for _, r := range []run{s.dead, s.errors} {
		if r.first != "" {
			runs = append(runs, r)
		}
	}
	switch t := s.of(runs); {
	case t.Reason != "":
		return t
	case s.DeadDays > 0 && s.may(Dead): // there was a success today, so the run begins tomorrow
		return Threat{Reason: Dead, CutOn: s.today.Plus(1 + s.DeadDays), Evidence: s.window()}
	case c.Timeout > 0 && s.may(Timeout):
		return Threat{Reason: Timeout, Evidence: s.window()}
	}
	return Threat{}
}

// days is due from the n-th day of a run on, until the app is disabled for the run, if the
// n-th day comes before that.
func (s survey) days(n int) (Threat, bool) {
	var runs []run
	if s.dead.failing > 1 && s.dead.failures >= warnFailures && s.dead.newest >= s.today.Plus(-1) && s.dead.length >= n && n < s.dead.lasts {
		runs = append(runs, s.dead)
	}
	if s.errors.length >= n && n < s.errors.lasts {
		runs = append(runs, s.errors)
	}
	t := s.of(runs)
	t.Level = DaysLevel(n)
	return t, len(runs) > 0
}

// of is the threat from an app's runs: from the run with the earliest day of disabling, or
// from the first run if none has such a day.
func (s survey) of(runs []run) (t Threat) {
	for _, r := range runs {
		if cut := r.cutOn(s.today); t.Reason == "" || cut != "" && (t.CutOn == "" || cut < t.CutOn) {
			t.Reason, t.CutOn, t.Day = r.reason, cut, r.length
		}
	}
	switch t.Reason {
	case Dead:
		t.Evidence = between(s.counts, s.dead.first, s.today)
	case Error:
		t.Evidence = s.window()
	}
	return t
}

// cutOn is the day on which an app is disabled if it goes on failing as in this run. It is
// empty if that day is over. For Dead it is also empty if there will be too few failures by
// then; a first day, which is not over, does not show that yet.
func (r run) cutOn(today Date) Date {
	cut := r.first.Plus(r.lasts - 1)
	slow := r.reason == Dead && r.length > 1 && (r.failures*int64(r.lasts) < deadFailures*int64(r.length) || r.failing*r.lasts < deadFailingDays*r.length)
	if slow || cut <= today {
		return ""
	}
	return cut
}

// window is the WindowDays days that end today.
func (s survey) window() []Day { return between(s.counts, s.today.Plus(1-s.WindowDays), s.today) }

// between is the days from first to last, zeros included.
func between(counts map[Date]Counts, first, last Date) []Day {
	var days []Day
	for date := first; date <= last; date = date.Plus(1) {
		days = append(days, Day{Date: date, Counts: counts[date]})
	}
	return days
}
