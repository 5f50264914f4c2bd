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

// Registry reads apps with their secrets, consistently. known lacks the apps
// that do not exist; unread are ids of which it is not known, and err says why.
type Registry interface {
	ReadApps(ctx context.Context, ids []string) (known map[string]Registered, unread []string, err error)
}

// cache remembers apps for a while. It only ever says yes: whoever would skip or
// delay a webhook on its word reads the registry first.
type cache struct {
	phase
	registry Registry
	entries  map[string]cached
	seen     time.Time // the last that was seen of the clock
}

type cached struct {
	Registered
	at time.Time // just before it was read
}

// remembered returns what is known without a read.
func (c *cache) remembered(id string) (Registered, bool) {
	now := c.look()
	e, ok := c.entries[id]
	return e.Registered, ok && recently(e.at, now, cacheFor)
}

// look forgets all if the clock was set back: nobody knows how old an entry is.
func (c *cache) look() (now time.Time) {
	now = c.now()
	if now.Before(c.seen) {
		clear(c.entries)
	}
	c.seen = now
	return now
}

// recently reports whether something was less than d ago. What is yet to come was
// not: the clock has been set back since.
func recently(at, now time.Time, d time.Duration) bool {
	ago := now.Sub(at)
	return 0 <= ago && ago < d
}

// read reads apps from the registry, each once. Those of which nobody knows are unread;
// those that do not exist are in neither answer, and are not remembered.
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

// makeRoom forgets what is over once the cache is full and, if that is not enough,
// a quarter of the rest, whichever that is.
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
