package delivery

import (
	"context"
	"maps"
	"slices"
	"time"
)

const (
	cacheFor  = 30 * time.Second
	cacheSize = 10_000
)

// Registry reads apps with their secrets, consistently. known lacks the apps that
// do not exist. unread lists ids whose existence could not be determined, and err
// says why.
type Registry interface {
	ReadApps(ctx context.Context, ids []string) (known map[string]Registered, unread []string, err error)
}

// cache remembers apps for a while. It may only say yes: before a webhook is
// skipped or delayed, its app is read from the registry.
type cache struct {
	phase
	registry Registry
	entries  map[string]cached
	seen     time.Time // the last reading of the clock
}

type cached struct {
	Registered
	at time.Time // just before it was read
}

// remembered returns an app from the cache, if it is there.
func (c *cache) remembered(id string) (Registered, bool) {
	now := c.look()
	e, ok := c.entries[id]
	return e.Registered, ok && recently(e.at, now, cacheFor)
}

// look reads the clock. If it was set back, it forgets everything, since the age
// of each entry is unknown.
func (c *cache) look() (now time.Time) {
	now = c.now()
	if now.Before(c.seen) {
		clear(c.entries)
	}
	c.seen = now
	return now
}

// recently reports whether a time is less than d ago. A time in the future is not:
// the clock has been set back since.
func recently(at, now time.Time, d time.Duration) bool {
	ago := now.Sub(at)
	return 0 <= ago && ago < d
}

// read reads apps from the registry, each once. unread lists those that could not be
// read. Apps that do not exist are in neither answer and are not remembered.
func (c *cache) read(ctx context.Context, ids []string) (known map[string]Registered, unread []string) {
	if len(ids) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, readBudget)
	defer cancel()
	slices.Sort(ids)
	ids = slices.Compact(ids)
	now := c.look()
	known, unread, err := c.registry.ReadApps(ctx, ids)
	if err != nil {
		c.logger.ErrorContext(ctx, "apps not read", "error", err, "apps", len(unread))
	}
	for _, id := range ids {
		delete(c.entries, id)
	}
	for id, r := range known {
		c.makeRoom(now)
		c.entries[id] = cached{r, now}
	}
	return known, unread
}

// makeRoom forgets what is too old once the cache is full. If that is not enough,
// it forgets any others until a quarter of the cache is free.
func (c *cache) makeRoom(now time.Time) {
	if len(c.entries) < cacheSize {
		return
	}
	maps.DeleteFunc(c.entries, func(_ string, e cached) bool { return !recently(e.at, now, cacheFor) })
	for id := range c.entries {
		if len(c.entries) <= cacheSize*3/4 {
			return
		}
		delete(c.entries, id)
	}
}
