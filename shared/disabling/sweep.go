package disabling

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"hookwarden/shared/buffer"
)

// Bookmark keeps how far a sweep came before its time ran out.
type Bookmark interface {
	// ReadBookmark returns the key that was judged last; empty if the sweep
	// before came to its end.
	ReadBookmark(ctx context.Context) (key string, err error)
	SetBookmark(ctx context.Context, key string) error
}

const (
	// minSweepDays is how far the sweep looks back at least: so long it goes on
	// trying to tell the owners of an organization that is not known yet.
	minSweepDays = 7

	// sweepReserve is kept of the invocation's time, to set the bookmark.
	sweepReserve = 10 * time.Second
)

// Sweep judges every app that had a failure today or in the days before, up to
// the window's length and at least minSweepDays. It finds what the stream lost,
// and takes up what was not finished. An app that could not be seen through does
// not keep it from the others; the next sweep comes to it again.
//
// It holds the keys of one shard of the index at a time, and judges each once,
// in the order of shards and keys. When the context's deadline is near it stops;
// the next sweep goes on from there.
func (j *Job) Sweep(ctx context.Context) error {
	work, cancel := beforeDeadline(ctx, sweepReserve)
	defer cancel()
	s := sweep{Job: j, last: j.readBookmark(ctx)}
	for back := range max(minSweepDays, j.Rule.WindowDays) + 1 {
		s.dates = append(s.dates, buffer.DateOf(j.Now()).Plus(-back))
	}
	start := 0
	if s.last != "" {
		start = buffer.Shard(s.last)
	}
	for shard := start; shard < buffer.Shards && work.Err() == nil; shard++ {
		s.shard(work, shard)
		j.setBookmark(ctx, s.last)
	}
	if work.Err() != nil {
		j.Logger.WarnContext(ctx, "sweep stopped for lack of time", "judged", s.judged, "faults", s.faults, "bookmark", s.last)
	} else {
		j.setBookmark(ctx, "")
		j.Logger.InfoContext(ctx, "swept", "judged", s.judged, "faults", s.faults)
	}
	if s.faults > 0 {
		return fmt.Errorf("sweep: %d faults, see the log; %d apps judged", s.faults, s.judged)
	}
	return nil
}

// sweep is one run.
type sweep struct {
	*Job
	dates  []buffer.Date
	last   string // the key that was judged last
	judged int
	faults int
}

// shard judges the keys of one shard that are after the last one.
func (s *sweep) shard(ctx context.Context, shard int) {
	for _, key := range s.failing(ctx, shard) {
		if s.last != "" && buffer.Shard(s.last) == shard && key <= s.last {
			continue
		}
		err := s.judge(ctx, key, s.dates)
		if ctx.Err() != nil {
			return // this one may have been cut off: it is the next sweep's first
		}
		if err != nil {
			s.faults++
			s.Logger.ErrorContext(ctx, "app not judged", "key", key, "error", err)
		}
		s.last = key
		s.judged++
	}
}

// failing returns the keys of one shard, in order.
func (s *sweep) failing(ctx context.Context, shard int) []string {
	keys := make(map[string]struct{})
	for _, date := range s.dates {
		partition := buffer.FailingShard(date, shard)
		err := s.Days.ReadFailing(ctx, partition, func(key string) { keys[key] = struct{}{} })
		if err != nil && ctx.Err() == nil {
			s.faults++
			s.Logger.ErrorContext(ctx, "failing apps not read", "partition", partition, "error", err)
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// beforeDeadline ends a context that has a deadline so much earlier.
func beforeDeadline(ctx context.Context, reserve time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-reserve))
}

// readBookmark returns where to go on. Whoever cannot read it begins anew.
func (j *Job) readBookmark(ctx context.Context) string {
	if j.Bookmark == nil {
		return ""
	}
	key, err := j.Bookmark.ReadBookmark(ctx)
	if err != nil {
		j.Logger.ErrorContext(ctx, "bookmark not read", "error", err)
		return ""
	}
	return key
}

func (j *Job) setBookmark(ctx context.Context, key string) {
	if j.Bookmark == nil {
		return
	}
	if err := j.Bookmark.SetBookmark(ctx, key); err != nil {
		j.Logger.ErrorContext(ctx, "bookmark not set", "bookmark", key, "error", err)
	}
}
