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
}

type cached struct {
	Registered
	until time.Time
}

// remembered returns what is known without asking.
func (c *cache) remembered(id string, now time.Time) (Registered, bool) {
	e, ok := c.entries[id]
	return e.Registered, ok && now.Before(e.until)
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
	known, unread, err := c.registry.ReadApps(ctx, ids)
	missing := make(map[string]bool, len(unread))
	for _, id := range unread {
		missing[id] = true
	}
	for _, id := range ids {
		delete(c.entries, id)
	}
	for id, r := range known {
		makeRoom(c.entries, cacheSize, func(e cached) bool { return !now.Before(e.until) })
		c.entries[id] = cached{r, now.Add(cacheFor)}
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
