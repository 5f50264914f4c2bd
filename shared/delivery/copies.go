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
// that it goes back, so that it makes one at most.
const lastReceive = 19

// mayBeCopy reports whether the message, or one like it, may be on its way twice.
func (m Message) mayBeCopy() bool { return m.Mark != "" || m.Receives > 1 }

func (j *Job) hopOf(m Message) Hop {
	hash := sha256.New()
	hash.Write(strconv.AppendInt(nil, m.SentAt.UnixMilli(), 10))
	hash.Write([]byte(m.Body))
	return Hop{Origin: hex.EncodeToString(hash.Sum(nil)[:16]), Number: m.Hops, Until: m.SentAt.Add(j.MaxAge)}
}

// dropCopies drops what another message does in its place. What cannot be told
// goes back.
func (j *Job) dropCopies(ctx context.Context, items []*item) {
	suspects := slices.DeleteFunc(slices.Clone(items), func(it *item) bool {
		return !it.mayBeCopy() || it.letter != nil || it.back
	})
	if len(suspects) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, claimBudget)
	defer cancel()
	var all sync.WaitGroup
	for _, it := range suspects {
		all.Go(func() { j.guard(ctx, it, func() { j.dropCopy(ctx, it) }) })
	}
	all.Wait()
}

func (j *Job) dropCopy(ctx context.Context, it *item) {
	spare, err := j.spare(ctx, it)
	switch {
	case err != nil:
		j.Logger.ErrorContext(ctx, "hop not claimed", "app_id", it.webhook.AppID, "webhook_id", it.webhook.ID,
			"hops", it.Hops, "receives", it.Receives, "error", err)
		switch {
		case it.Receives != lastReceive:
			it.back = true
		case !j.expired(it):
			it.later(deferUnreadable, j.faultWait(it))
		}
	case spare:
		j.Metrics.Count("webhook.skipped", "reason", skipCopy)
		j.Logger.InfoContext(ctx, "copy dropped", "app_id", it.webhook.AppID, "webhook_id", it.webhook.ID, "hops", it.Hops)
		*it = item{Message: it.Message, webhook: it.webhook, dropped: true}
	}
}

// spare reports whether another message has the item's hop, or what the item was
// sent on as has the next.
func (j *Job) spare(ctx context.Context, it *item) (bool, error) {
	hop := j.hopOf(it.Message)
	if it.Mark != "" {
		if owned, err := j.Claims.Claim(ctx, hop, it.Mark); err != nil || !owned {
			return err == nil, err
		}
	}
	if it.Receives <= 1 {
		return false, nil
	}
	hop.Number++
	return j.Claims.Claimed(ctx, hop)
}
