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
// consistent read. What other environments warn of is read with the apps of which
// nothing is remembered.
func (l lookup) find(ctx context.Context, webhooks []decoded) []*known {
	all := make([]*known, len(webhooks))
	var asked []*known
	var fresh []string
	for i, w := range webhooks {
		k := &known{decoded: w}
		all[i] = k
		var remembered bool
		if k.Registered, remembered = l.apps.remembered(w.appID); !remembered {
			fresh = append(fresh, w.appID)
		}
		if now := l.now(); !remembered || k.skipReason(l.subscribable, now) != "" || !k.signable(now) {
			asked = append(asked, k)
			continue
		}
		k.presence = present
	}
	var hearing sync.WaitGroup
	if len(fresh) > 0 {
		hearing.Go(func() { l.pacer.readWarnings(ctx, fresh) })
	}
	l.ask(ctx, asked)
	hearing.Wait()

	// Secrets that do not fit their app are read once more: the two may have been
	// read while they changed.
	l.ask(ctx, slices.DeleteFunc(asked, func(k *known) bool {
		now := l.now()
		return k.presence != present || k.tooLate(k.SentAt, now) || k.signable(now)
	}))
	return all
}

// ask reads the apps of webhooks from the registry.
func (l lookup) ask(ctx context.Context, webhooks []*known) {
	ids := make([]string, len(webhooks))
	for i, k := range webhooks {
		ids[i] = k.appID
	}
	read, missing := l.apps.read(ctx, ids)
	for _, k := range webhooks {
		found := false
		k.Registered, found = read[k.appID]
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
