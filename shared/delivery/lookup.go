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

// find looks up each webhook's app: in the cache if that says yes, else by a
// consistent read. For a test it always reads, since a test usually follows a change.
// For apps that are not in the cache it also reads the warnings of other
// environments.
func (l lookup) find(ctx context.Context, webhooks []decoded) []*known {
	all := make([]*known, len(webhooks))
	var unsure []*known // the cache does not say yes
	var fresh []string  // apps that are not in the cache
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

	// Secrets that do not fit their app are read once more: both may have been
	// changing during the read.
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
