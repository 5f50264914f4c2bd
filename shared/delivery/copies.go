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

// A message that is sent on when it was received before may have been sent on
// before: there may be two of it from then on, and two of each of these at its
// next hop. So whatever such a message sends on carries a mark, and all that
// comes after it does. A marked message claims its hop before it is handled, and
// one whose hop is another's is a copy: it is dropped. What was never marked is
// at each hop one message at most, and so is what is marked.

// Hop is one stop of a message on its way over RetryQueue.
type Hop struct {
	Origin string    // the same for all copies of a message, and for nothing else
	Number int       // Message.Hops
	Until  time.Time // when nothing of this origin is sent on any more
}

// Claims remembers which message a hop belongs to: the first that claims it.
type Claims interface {
	// Claim reports whether a hop is the owner's, which it is if nobody else had
	// it before. It is durable after nil. After an error nobody knows, and the same
	// owner may ask again.
	Claim(ctx context.Context, hop Hop, owner string) (owned bool, err error)
	// Claimed reports whether anybody owns a hop.
	Claimed(ctx context.Context, hop Hop) (bool, error)
}

// lastReceive is the receive at which a message whose claim cannot be made is sent
// on without: SQS would move it to the dead-letter queue after the next. Before
// that it is returned, so that it makes one at most.
const lastReceive = 19

// copies settles the messages that another does.
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

// unclaimed is the fate of an item of which nobody knows whether it is a copy; nil
// if it is so old that nothing is sent on any more.
func (c copies) unclaimed(it *item) fate {
	switch {
	case it.Receives != lastReceive:
		return returned{}
	case c.expired(it.Message):
		return nil
	}
	return delayedByFault(delayUnreadable, it.Hops)
}

// spare reports whether another message has the item's hop, or what the item was
// sent on as has the next.
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
