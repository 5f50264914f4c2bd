// Package simulate asks what another rule would do: it judges the stored counts by both,
// with the code that disable runs, and changes nothing.
package simulate

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"hookwarden/cmd/hookwarden/internal/parallel"
	"hookwarden/cmd/hookwarden/internal/show"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

type counts interface {
	ReadDays(ctx context.Context, key string, first, last tally.Date) ([]tally.Day, error)
	ReadFailing(ctx context.Context, partition string, found func(key string)) error
}

type apps interface {
	ReadApp(ctx context.Context, id string) (platform.App, bool, error)
}

// comparison is of two rules over the same counts.
type comparison struct {
	counts      counts
	apps        apps
	live, other tally.Rule
	guarded     []platform.Status
	now         time.Time
	begin       func(total int, what string) (passed func(n int))
}

// Effect says what the other rule would change for an app.
type Effect string

// The effects.
const (
	Disables Effect = "disable" // the live rule does not call it broken, the other one does
	Spares   Effect = "spare"   // the other way round
	Same     Effect = "same"    // both call it broken
)

// Judged is an app that at least one of the rules calls broken.
type Judged struct {
	AppID          string      `json:"app_id"`
	Name           string      `json:"name"`
	OrganizationID string      `json:"organization_id"`
	Effect         Effect      `json:"effect"`
	Live           string      `json:"live,omitempty"`  // by what the live rule calls it broken
	Other          string      `json:"other,omitempty"` // by what the other one does
	DisabledAt     show.Time   `json:"disabled_at,omitzero"`
	Evidence       []tally.Day `json:"evidence"` // of the other rule; of one that it spares, of the live one
}

// Answer is what a comparison found.
type Answer struct {
	LiveRule  tally.Rule `json:"live_rule"`
	OtherRule tally.Rule `json:"other_rule"`
	Failing   int        `json:"failing"`  // apps that failed in the days that a sweep looks at, and may be disabled
	Disabled  int        `json:"disabled"` // of them by the live rule
	Apps      []Judged   `json:"apps"`     // those that either rule calls broken, the changes first
}

// minSweepDays is how far a sweep looks back at least.
const minSweepDays = 7

// atOnce is how many reads run at the same time.
const atOnce = 32

// run judges each app that a sweep would judge.
func (c *comparison) run(ctx context.Context) (Answer, error) {
	today := tally.DateOf(c.now)
	var dates []tally.Date
	for back := range max(minSweepDays, c.live.WindowDays, c.other.WindowDays) + 1 {
		dates = append(dates, today.Plus(-back))
	}
	keys, err := c.failing(ctx, dates)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{LiveRule: c.live, OtherRule: c.other, Apps: []Judged{}}
	var mu sync.Mutex
	err = each(ctx, keys, c.begin(len(keys), "apps"), func(ctx context.Context, key string) error {
		j, counted, err := c.judge(ctx, key, dates, today)
		if err != nil || !counted {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		a.Failing++
		if !j.DisabledAt.IsZero() {
			a.Disabled++
		}
		if j.Effect != "" {
			a.Apps = append(a.Apps, j)
		}
		return nil
	})
	slices.SortFunc(a.Apps, func(x, y Judged) int {
		return cmp.Or(rank(x.Effect)-rank(y.Effect), strings.Compare(x.AppID, y.AppID))
	})
	return a, err
}

func rank(e Effect) int { return slices.Index([]Effect{Disables, Spares, Same}, e) }

// failing are the keys in the index of failing days, in order.
func (c *comparison) failing(ctx context.Context, dates []tally.Date) ([]string, error) {
	var parts []string
	for _, date := range dates {
		for shard := range tally.Shards {
			parts = append(parts, tally.FailingShard(date, shard))
		}
	}
	var mu sync.Mutex
	found := make(map[string]bool)
	err := each(ctx, parts, c.begin(len(parts), "days of failures"), func(ctx context.Context, part string) error {
		err := c.counts.ReadFailing(ctx, part, func(key string) {
			mu.Lock()
			defer mu.Unlock()
			found[key] = true
		})
		if err != nil {
			return fmt.Errorf("read who failed on %s: %w", part, err)
		}
		return nil
	})
	return slices.Sorted(maps.Keys(found)), err
}

// judge judges one key by both rules. counted is false for one that disable would not
// judge, or that a person has disabled.
func (c *comparison) judge(ctx context.Context, key string, dates []tally.Date, today tally.Date) (j Judged, counted bool, err error) {
	appID, organizationID, generation, err := tally.SplitKey(key)
	if err != nil {
		return j, false, nil //nolint:nilerr // not an item of hookwarden's
	}
	app, found, err := c.apps.ReadApp(ctx, appID)
	if err != nil {
		return j, false, fmt.Errorf("read app %s: %w", appID, err)
	}
	if !found || app.Deleted || !app.Guarded(c.guarded) || app.OrganizationID != organizationID || app.Generation != generation ||
		app.DisabledReason == platform.Manual {
		return j, false, nil
	}
	last := today.Plus(1) // another clock may be past midnight
	if app.Disabled() {   // it is judged as of then
		today = tally.DateOf(app.DisabledAt)
		last = today
		dates = slices.DeleteFunc(slices.Clone(dates), func(d tally.Date) bool { return d > today })
	}
	first := tally.FirstDead(today)
	for _, date := range dates {
		first = min(first, c.live.First(date), c.other.First(date))
	}
	days, err := c.counts.ReadDays(ctx, key, first, last)
	if err != nil {
		return j, false, fmt.Errorf("read the days of app %s: %w", appID, err)
	}
	live := c.live.JudgeNow(days, dates, today, app.Breaker.BreaksFor)
	if app.Disabled() {
		live = tally.Verdict{Broken: true, Reason: tally.Reason(app.DisabledReason), Evidence: app.DisabledEvidence}
	}
	other := c.other.JudgeNow(days, dates, today, app.Breaker.BreaksFor)
	j = Judged{AppID: app.ID, Name: app.Name, OrganizationID: app.OrganizationID, Live: string(live.Reason), Other: string(other.Reason),
		DisabledAt: show.At(app.DisabledAt), Evidence: other.Evidence}
	switch {
	case other.Broken && live.Broken:
		j.Effect = Same
	case other.Broken:
		j.Effect = Disables
	case live.Broken:
		j.Effect, j.Evidence = Spares, live.Evidence
	}
	return j, true, nil
}

// each handles all of a list, some at once, and ends with the first error.
func each(ctx context.Context, list []string, passed func(int), handle func(context.Context, string) error) error {
	return parallel.Each(ctx, len(list), atOnce, func(ctx context.Context, i int) error {
		defer passed(1)
		return handle(ctx, list[i])
	})
}
