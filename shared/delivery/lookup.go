package delivery

import (
	"context"
	"slices"
	"sync"

	"hookwarden/shared/platform"
)

// lookup finds the apps of webhooks.
type lookup struct {
	phase
	apps         *cache
	pacer        pacer
	subscribable platform.Subscribable
}

// find looks each webhook's app up: in the cache if that says yes, else by a
// consistent read, and for a test always: it was asked for after a change. What other
// environments warn of is read with the apps of which nothing is remembered.
func (l lookup) find(ctx context.Context, webhooks []decoded) []*known {
	all := make([]*known, len(webhooks))
	var unsure []*known // the cache does not say yes
	var fresh []string  // apps of which nothing is remembered
	for i, w := range webhooks {
		k := &known{decoded: w}
		all[i] = k
		var remembered bool
		if k.Registered, remembered = l.apps.remembered(w.appID); !remembered {
			fresh = append(fresh, w.appID)
		}
		if now := l.now(); !remembered || k.isTest() || k.skipReason(l.subscribable, now) != "" || !k.signable(now) {
			unsure = append(unsure, k)
			continue
		}
		k.presence = present
	}
	var warnings sync.WaitGroup
	if len(fresh) > 0 {
		warnings.Go(func() { l.pacer.readWarnings(ctx, fresh) })
	}
	l.read(ctx, unsure)
	warnings.Wait()

	// Secrets that do not fit their app are read once more: the two may have been
	// read while they changed.
	l.read(ctx, slices.DeleteFunc(unsure, func(k *known) bool {
		now := l.now()
		return k.presence != present || k.tooLate(k.SentAt, now) || k.signable(now)
	}))
	return all
}

// read reads the apps of webhooks from the registry.
func (l lookup) read(ctx context.Context, webhooks []*known) {
	ids := make([]string, len(webhooks))
	for i, k := range webhooks {
		ids[i] = k.appID
	}
	registered, missing := l.apps.read(ctx, ids)
	for _, k := range webhooks {
		found := false
		k.Registered, found = registered[k.appID]
		switch {
		case slices.Contains(missing, k.appID):
			k.Registered, k.presence = Registered{}, unread
		case found:
			k.presence = present
		default:
			k.presence = absent
		}
	}
}
