package disabling

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"

	"hookwarden/shared/tally"
)

// Standing reads the index of the apps that are disabled, which finds them without
// a scan, however long ago it was.
type Standing interface {
	// ReadUntold hands each app to found that is disabled and whose owners were not
	// told, of one of tally.Shards parts of the index. The index may lag behind.
	ReadUntold(ctx context.Context, shard int, found func(appID string)) error
}

// sweepShards is how many parts a sweep goes through: those of the index of failing
// days, and then those of the apps that are disabled. An app that was disabled by a
// version that knew no index is in the first only.
const sweepShards = 2 * tally.Shards

// disabled takes up the disablings of one part of the index that were not finished,
// and moves the place on, as shard does.
func (s *sweep) disabled(ctx context.Context) {
	for _, id := range s.untold(ctx, s.place.Shard-tally.Shards) {
		if id <= s.place.Key || s.looked[id] {
			continue
		}
		err := s.takeUp(ctx, id)
		if ctx.Err() != nil {
			return
		}
		if err != nil && s.reportFault(ctx, id, err) {
			s.faults++
		}
		s.place.Key = id
		s.takenUp++
	}
	if ctx.Err() == nil {
		s.place = Place{Shard: s.place.Shard + 1}
	}
}

// untold returns the apps of one part, in order.
func (s *sweep) untold(ctx context.Context, shard int) (ids []string) {
	err := s.Standing.ReadUntold(ctx, shard, func(id string) { ids = append(ids, id) })
	if err != nil && ctx.Err() == nil {
		s.faults++
		s.Logger.ErrorContext(ctx, "disabled apps not read", "shard", shard, "error", err)
	}
	slices.Sort(ids)
	return ids
}

// takeUp finishes a disabling that was begun. A panic about one app is that app's
// error.
func (j *Job) takeUp(ctx context.Context, appID string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			j.Logger.ErrorContext(ctx, "app panicked", "app_id", appID, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("take up %s: panic: %v", appID, p)
		}
	}()
	app, found, err := j.Apps.ReadApp(ctx, appID)
	if err != nil {
		return fmt.Errorf("read app %s: %w", appID, err)
	}
	if !found || app.Deleted || !app.Disabled() {
		return nil
	}
	return j.finish(ctx, app)
}
