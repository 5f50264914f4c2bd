package disabling

import (
	"context"

	"hookwarden/shared/tally"
)

// Untold reads the index of disabled apps, which finds them without a scan, however long
// they have been disabled.
type Untold interface {
	// ReadUntold reads one of tally.Shards parts of the index. It passes each app that
	// is disabled and whose owners were not told to found. The index may lag behind.
	ReadUntold(ctx context.Context, shard int, found func(appID string)) error
}

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
