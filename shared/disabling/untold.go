package disabling

import (
	"context"
	"slices"

	"hookwarden/shared/tally"
)

// Untold reads the index of disabled apps, which finds them without a scan, however long
// they have been disabled.
type Untold interface {
	// ReadUntold reads one of tally.Shards parts of the index. It passes each app that
	// is disabled and whose owners were not told to found. The index may lag behind.
	ReadUntold(ctx context.Context, shard int, found func(appID string)) error
}

// sweepShards is how many parts a sweep has: those of the index of failing days, then
// those of disabled apps, then those of warned apps. An app that was disabled by a
// version without that index is only in the first.
const sweepShards = 3 * tally.Shards

// disabled finishes the unfinished disablings in one part of the index.
func (s *sweep) disabled(ctx context.Context) {
	s.part(ctx, s.untold(ctx, s.place.Shard-tally.Shards), func(id string) error {
		if s.looked[id] {
			return nil
		}
		s.takenUp++
		return s.takeUp(ctx, id)
	})
}

// untold returns the apps of one part, in order.
func (s *sweep) untold(ctx context.Context, shard int) []string {
	return s.found(ctx, "disabled apps not read", shard, s.Untold.ReadUntold)
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
