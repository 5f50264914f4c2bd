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

// cache remembers apps for a while. It only ever says yes: whoever would skip or
// defer a webhook on its word asks the registry first.
type cache struct {
	registry Registry
	entries  map[string]cached
	seen     time.Time // the last that was seen of the clock
}

type cached struct {
	Registered
	at time.Time // just before it was read
}

// remembered returns what is known without asking.
func (c *cache) remembered(id string, now time.Time) (Registered, bool) {
	c.look(now)
	e, ok := c.entries[id]
	return e.Registered, ok && recently(e.at, now, cacheFor)
}

// look forgets all if the clock was set back: nobody knows how old an entry is.
func (c *cache) look(now time.Time) {
	if now.Before(c.seen) {
		clear(c.entries)
	}
	c.seen = now
}

// recently reports whether something was less than d ago. What is yet to come was
// not: the clock has been set back since.
func recently(at, now time.Time, d time.Duration) bool {
	ago := now.Sub(at)
	return 0 <= ago && ago < d
}

// forgotten returns those of which nothing is known without asking.
func (c *cache) forgotten(ids []string, now time.Time) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		_, ok := c.remembered(id, now)
		return ok
	})
}

// read asks the registry. Apps that do not exist are not remembered.
func (c *cache) read(ctx context.Context, ids []string, now time.Time) (map[string]Registered, map[string]bool, error) {
	c.look(now)
	known, unread, err := c.registry.ReadApps(ctx, ids)
	missing := make(map[string]bool, len(unread))
	for _, id := range unread {
		missing[id] = true
	}
	for _, id := range ids {
		delete(c.entries, id)
	}
	for id, r := range known {
		makeRoom(c.entries, cacheSize, func(e cached) bool { return !recently(e.at, now, cacheFor) })
		c.entries[id] = cached{r, now}
	}
	return known, missing, err
}

// makeRoom keeps a map below its size: it deletes what is over and, if that is
// not enough, a quarter of the rest, whichever that is.
func makeRoom[V any](m map[string]V, size int, over func(V) bool) {
	if len(m) < size {
		return
	}
	maps.DeleteFunc(m, func(_ string, v V) bool { return over(v) })
	for id := range m {
		if len(m) <= size*3/4 {
			return
		}
		delete(m, id)
	}
}
