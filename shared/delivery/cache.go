package delivery

import (
	"context"
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
		c.makeRoom(now)
		c.entries[id] = cached{r, now.Add(cacheFor)}
	}
	return known, missing, err
}

func (c *cache) makeRoom(now time.Time) {
	if len(c.entries) < cacheSize {
		return
	}
	for id, e := range c.entries {
		if !now.Before(e.until) {
			delete(c.entries, id)
		}
	}
	for id := range c.entries {
		if len(c.entries) < cacheSize {
			return
		}
		delete(c.entries, id)
	}
}
