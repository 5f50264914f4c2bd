package disabling

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"hookwarden/shared/tally"
)

// Place is how far a sweep has come: all shards before Shard are done, and in Shard the keys or
// apps up to Key. The shards of the index of failing days come first, then those of disabled apps,
// then those of warned apps. The zero place is the beginning. The shard is stored, and not derived
// from the key: a day that was written by hand may be in a shard other than its key's own.
type Place struct {
	Shard int
	Key   string // the last key that was judged; empty: none of this shard
}

// Bookmark keeps how far a sweep had come when its time ran out.
type Bookmark interface {
	// ReadBookmark returns where to go on: the beginning if the last sweep was complete.
	ReadBookmark(ctx context.Context) (Place, error)
	SetBookmark(ctx context.Context, place Place) error
}

const (
	// minSweepDays is the minimum look-back in days, and so how long the sweep keeps trying to
	// tell the owners of an organization that is not known yet.
	minSweepDays = 7

	// sweepReserve is how much of the invocation's time is kept for setting the bookmark.
	sweepReserve = 10 * time.Second
)

// sweepShards is how many parts a sweep has: those of the index of failing days, then
// those of disabled apps, then those of warned apps. An app that was disabled by a
// version without that index is only in the first.
const sweepShards = 3 * tally.Shards

// Sweep judges every app that had a failure today or in the days before, up to the window's
// length and at least minSweepDays. It finds what the stream lost, and finishes what was left
// unfinished, however long ago. It tells owners who were warned that their app works again. If
// an app cannot be finished, it goes on with the others, and the next sweep tries that app
// again.
//
// It has the keys of one shard of the index in memory at a time. It judges each key once for
// each shard that has it, in the order of shards and keys. When the context's deadline is near
// it stops, and the next sweep goes on from there.
func (j *Job) Sweep(ctx context.Context) error {
	work, cancel := beforeDeadline(ctx, sweepReserve)
	defer cancel()
	behind, brake := j.behindBrake()
	s := sweep{Job: behind, place: j.readBookmark(ctx), looked: make(map[string]bool)}
	if err := brake.sayIfLatched(work); err != nil {
		s.faults++
		s.Logger.ErrorContext(ctx, "brake not read, nobody is disabled or warned", "error", err)
	}
	for back := range max(minSweepDays, j.Rule.WindowDays) + 1 {
		s.dates = append(s.dates, tally.DateOf(j.Now()).Plus(-back))
	}
	for s.place.Shard < sweepShards && work.Err() == nil {
		switch s.place.Shard / tally.Shards {
		case 0:
			s.shard(work)
		case 1:
			s.disabled(work)
		default:
			s.warned(work)
		}
		j.setBookmark(ctx, s.place)
	}
	if s.place.Shard < sweepShards {
		j.Logger.WarnContext(ctx, "sweep stopped for lack of time", "judged", s.judged, "taken_up", s.takenUp, "warnings", s.warnings, "faults", s.faults,
			"shard", s.place.Shard, "key", s.place.Key)
	} else {
		j.setBookmark(ctx, Place{})
		j.Logger.InfoContext(ctx, "swept", "judged", s.judged, "taken_up", s.takenUp, "warnings", s.warnings, "faults", s.faults)
	}
	if s.faults > 0 {
		return fmt.Errorf("sweep: %d faults, see the log; %d apps judged", s.faults, s.judged)
	}
	return nil
}

// sweep is one run.
type sweep struct {
	*Job
	dates    []tally.Date
	place    Place
	judged   int
	looked   map[string]bool // the apps that were judged
	takenUp  int             // disablings
	warnings int             // warnings that were looked at
	faults   int
}

// part handles the ids of one part that come after the place, in order, and moves the place: to
// the next part, unless the time runs out.
func (s *sweep) part(ctx context.Context, ids []string, look func(id string) error) {
	for _, id := range ids {
		if id <= s.place.Key {
			continue
		}
		err := look(id)
		if ctx.Err() != nil {
			return // this one may have been cut off: it is the next sweep's first
		}
		if err != nil && s.reportFault(ctx, id, err) {
			s.faults++
		}
		s.place.Key = id
	}
	if ctx.Err() == nil {
		s.place = Place{Shard: s.place.Shard + 1}
	}
}

// shard judges the keys of one part.
func (s *sweep) shard(ctx context.Context) {
	s.part(ctx, s.failing(ctx, s.place.Shard), func(key string) error {
		s.judged++
		s.looked[appOf(key)] = true
		return s.judge(ctx, subject{key: key, dates: s.dates, swept: true})
	})
}

// failing returns the keys of one shard, in order.
func (s *sweep) failing(ctx context.Context, shard int) []string {
	keys := make(map[string]struct{})
	for _, date := range s.dates {
		partition := tally.FailingShard(date, shard)
		err := s.Days.ReadFailing(ctx, partition, func(key string) { keys[key] = struct{}{} })
		if err != nil && ctx.Err() == nil {
			s.faults++
			s.Logger.ErrorContext(ctx, "failing apps not read", "partition", partition, "error", err)
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// found returns what is in one part of an index, in order.
func (s *sweep) found(ctx context.Context, not string, shard int, read func(context.Context, int, func(string)) error) (ids []string) {
	if err := read(ctx, shard, func(id string) { ids = append(ids, id) }); err != nil && ctx.Err() == nil {
		s.faults++
		s.Logger.ErrorContext(ctx, not, "shard", shard, "error", err)
	}
	return slices.Sorted(slices.Values(ids))
}

// warned checks the warnings in one part of the index: whether they were told, and whether
// they are over.
func (s *sweep) warned(ctx context.Context) {
	shard := s.place.Shard - 2*tally.Shards
	s.part(ctx, s.found(ctx, "warned apps not read", shard, s.Warnings.ReadWarned), func(id string) error {
		s.warnings++
		return s.recover(ctx, id)
	})
}

// takeUp finishes an unfinished disabling.
func (j *Job) takeUp(ctx context.Context, appID string) error {
	return j.guarded(ctx, appID, func() error {
		app, _, err := j.Standing.ReadApp(ctx, appID)
		if err != nil {
			return err
		}
		return j.Standing.TakeUp(ctx, app)
	})
}

// beforeDeadline is a context that ends this much before the deadline of ctx, if it has one.
func beforeDeadline(ctx context.Context, reserve time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-reserve))
}

// readBookmark returns where to go on. If it cannot be read, that is the beginning.
func (j *Job) readBookmark(ctx context.Context) Place {
	place, err := j.Bookmark.ReadBookmark(ctx)
	if err != nil {
		j.Logger.ErrorContext(ctx, "bookmark not read", "error", err)
	}
	if err != nil || place.Shard < 0 || place.Shard >= sweepShards {
		return Place{}
	}
	return place
}

func (j *Job) setBookmark(ctx context.Context, place Place) {
	if err := j.Bookmark.SetBookmark(ctx, place); err != nil {
		j.Logger.ErrorContext(ctx, "bookmark not set", "shard", place.Shard, "key", place.Key, "error", err)
	}
}
