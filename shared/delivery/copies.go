package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"sync"
	"time"
)

// A message that was received before may already have been sent on. If it is sent
// on again, there may be two of it, and each may become two at its next hop. So
// what such a message sends on carries a mark, and so does everything sent on
// after that. A marked message claims its hop before it is handled. If another
// message has the hop, this one is a copy and is dropped. So at each hop there is
// at most one message that was never marked, and at most one marked message is
// handled.

// Hop is one stop of a message on its way over RetryQueue.
type Hop struct {
	Origin string    // the same for all copies of a message, and for nothing else
	Number int       // Message.Hops
	Until  time.Time // after this nothing of this origin is sent on
}

// Claims remembers which message owns a hop: the first that claims it.
type Claims interface {
	// Claim reports whether owner owns a hop: it does if no other owned it before.
	// After nil the claim is durable. After an error it may have been made, and the
	// same owner may ask again.
	Claim(ctx context.Context, hop Hop, owner string) (owned bool, err error)
	// Claimed reports whether a hop has an owner.
	Claimed(ctx context.Context, hop Hop) (bool, error)
}

// lastReceive is the receive at which a message is sent on without a claim, if the
// claim cannot be made: after the next one SQS would move it to the dead-letter
// queue. At its other receives it is returned, so it sends on at most one message
// without a claim.
const lastReceive = 19

// copies settles messages that another message stands for.
type copies struct {
	phase
	claims Claims
}

func hopOf(m Message, maxAge time.Duration) Hop {
	hash := sha256.New()
	hash.Write(strconv.AppendInt(nil, m.SentAt.UnixMilli(), 10))
	hash.Write([]byte(m.Body))
	return Hop{Origin: hex.EncodeToString(hash.Sum(nil)[:16]), Number: m.Hops, Until: m.SentAt.Add(maxAge)}
}

// settle claims the hops of all items that may be copies.
func (c copies) settle(ctx context.Context, items []*item) {
	suspects := slices.DeleteFunc(slices.Clone(items), func(it *item) bool { return it.settled() || !it.mayBeCopy() })
	if len(suspects) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, claimBudget)
	defer cancel()
	var all sync.WaitGroup
	for _, it := range suspects {
		all.Go(func() { c.guard(ctx, it, func() { c.settleOne(ctx, it) }) })
	}
	all.Wait()
}

func (c copies) settleOne(ctx context.Context, it *item) {
	spare, err := c.spare(ctx, it)
	if err != nil {
		c.logger.ErrorContext(ctx, "hop not claimed", it.ids("hops", it.Hops, "receives", it.Receives, "error", err)...)
		it.fate = c.unclaimed(it)
		return
	}
	if spare {
		c.metrics.Count("webhook.skipped", "reason", skipCopy)
		c.logger.InfoContext(ctx, "copy dropped", it.ids("hops", it.Hops)...)
		it.fate = done{}
	}
}

// unclaimed is the fate of an item that may be a copy; nil if it is so old that it
// will not be sent on any more.
func (c copies) unclaimed(it *item) fate {
	switch {
	case it.Receives != lastReceive:
		return returned{}
	case c.expired(it.Message):
		return nil
	}
	return delayedByFault(delayUnreadable, it.Hops)
}

// spare reports whether the item is not needed: another message owns its hop, or
// the message that it was sent on as owns the next.
func (c copies) spare(ctx context.Context, it *item) (bool, error) {
	hop := hopOf(it.Message, c.maxAge)
	if it.Mark != "" {
		if owned, err := c.claims.Claim(ctx, hop, it.Mark); err != nil || !owned {
			return err == nil, err
		}
	}
	if it.Receives <= 1 {
		return false, nil
	}
	hop.Number++
	return c.claims.Claimed(ctx, hop)
}
