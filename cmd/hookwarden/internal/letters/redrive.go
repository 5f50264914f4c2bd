package letters

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/shared/platform"
	"hookwarden/shared/queue"
)

// Listing is all letters of a queue.
type Listing struct {
	Queue        string   `json:"queue"`
	Letters      []Letter `json:"letters"`                 // oldest first
	HiddenBefore int      `json:"hidden_before,omitempty"` // somebody else looks at them; they are not among Letters
	StayHidden   int      `json:"stay_hidden,omitempty"`   // for a while, since they could not be shown again

	Reason string         `json:"reason,omitempty"`        // all of Letters have it, since it was asked for
	Others map[string]int `json:"other_reasons,omitempty"` // of letters that are not among Letters: how many
}

// only leaves out the letters that do not have a reason, and counts them.
func (l *Listing) only(reason string) {
	l.Reason, l.Others = reason, make(map[string]int)
	l.Letters = slices.DeleteFunc(l.Letters, func(letter Letter) bool {
		if letter.Reason != reason {
			l.Others[letter.Reason]++
		}
		return letter.Reason != reason
	})
}

// noneHas says that no letter of a queue has a reason, and which reasons are there.
func noneHas(queue, reason string, others map[string]int) string {
	said := fmt.Sprintf("no letter of %s has the reason %s", queue, reason)
	var there []string
	for _, other := range byCount(others) {
		there = append(there, fmt.Sprintf("%s (%d)", other, others[other]))
	}
	if len(there) == 0 {
		return said + ": it has no letters"
	}
	return said + "; its letters have " + strings.Join(there, ", ")
}

// list looks at all letters of a queue and makes them visible again.
func list(ctx context.Context, api API, q Queue, s state, passed func(int)) (Listing, error) {
	l := Listing{Queue: q.Is, Letters: []Letter{}, HiddenBefore: s.hidden}
	var mu sync.Mutex
	w := newWalk(api, q, s, passed)
	err := w.each(ctx, func(_ context.Context, messages []types.Message) error {
		mu.Lock()
		defer mu.Unlock()
		for _, m := range messages {
			l.Letters = append(l.Letters, q.describe(m, s))
		}
		return nil
	})
	if err != nil && ctx.Err() != nil { // a person wants it to end now
		l.StayHidden = len(w.held)
		return l, err
	}
	if l.StayHidden = w.show(ctx); err != nil {
		return l, err
	}
	slices.SortFunc(l.Letters, func(a, b Letter) int {
		return cmp.Or(a.SentAt.Compare(b.SentAt.Time), cmp.Compare(a.ID, b.ID))
	})
	return l, nil
}

// Choice says which letters are to go back.
type Choice struct {
	Reason string // those with this reason
	Letter string // the one whose id begins so
	All    bool   // all but those that would only come back
	DryRun bool
}

// Redriven is what became of the letters of a queue.
type Redriven struct {
	Queue      string         `json:"queue"`
	To         string         `json:"to"`
	DryRun     bool           `json:"dry_run,omitempty"`
	Sent       int            `json:"sent"` // and deleted, or in a dry run to be
	SentByWhy  map[string]int `json:"sent_by_reason"`
	Kept       map[string]int `json:"kept"`                  // why: how many
	NotSent    []string       `json:"not_sent,omitempty"`    // ids: they are still letters
	MayBeSent  []string       `json:"may_be_sent,omitempty"` // ids: still letters, but nobody knows whether they were sent too
	NotDeleted []string       `json:"not_deleted,omitempty"` // ids: sent, and still letters
	StayHidden int            `json:"stay_hidden,omitempty"`
}

// redrive sends letters back, and deletes each once it is known to be sent.
type redrive struct {
	*walk
	choice Choice

	mu     sync.Mutex
	result Redriven
	chosen []types.Message // of one letter: it is looked for first
	meant  int             // letters with the reason that was asked for
	others map[string]int  // the reasons of the others
	fault  error           // the newest of sending or deleting
}

// newer is why a letter is left that came while the others went back: it may be one of them.
const newer = "it became a letter while this ran"

func newRedrive(api API, q Queue, s state, c Choice, passed func(int)) *redrive {
	return &redrive{walk: newWalk(api, q, s, passed), choice: c, result: Redriven{Queue: q.Is, To: path.Base(q.Home), DryRun: c.DryRun,
		SentByWhy: make(map[string]int), Kept: make(map[string]int)}, others: make(map[string]int)}
}

// run does it. The result says how far it came, also if there is an error.
func (r *redrive) run(ctx context.Context) (Redriven, error) {
	err := r.each(ctx, r.take)
	if err == nil && r.choice.Letter != "" {
		err = r.one(ctx)
	}
	if err == nil && r.choice.Reason != "" && r.meant == 0 {
		err = fault.NewNotFound("`hookwarden letters "+r.queue.Name+"` shows them; some may be hidden while somebody looks.",
			"%s", noneHas(r.queue.Is, r.choice.Reason, r.others))
	}
	r.result.StayHidden = r.show(context.WithoutCancel(ctx))
	if err == nil && r.fault != nil {
		err = fmt.Errorf("not all letters went back: %w", r.fault)
	}
	return r.result, err
}

// one sends the letter that was asked for.
func (r *redrive) one(ctx context.Context) error {
	switch len(r.chosen) {
	case 0:
		return fault.NewNotFound("`hookwarden letters "+r.queue.Name+"` shows them; some may be hidden while somebody looks.",
			"no letter of %s has an id that begins with %s", r.queue.Is, r.choice.Letter)
	case 1:
		return r.back(ctx, r.chosen)
	}
	return fault.NewUsage("Say more of the id; --output json has all of it.", "%d letters have ids that begin with %s", len(r.chosen), r.choice.Letter)
}

func (r *redrive) take(ctx context.Context, messages []types.Message) error {
	var meant []types.Message
	for _, m := range messages {
		if r.isMeant(m) {
			meant = append(meant, m)
		}
	}
	if r.choice.Letter != "" {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.chosen = append(r.chosen, meant...)
		return nil
	}
	return r.back(ctx, meant)
}

// isMeant reports whether the choice is of this letter. Why others are left is counted,
// unless another reason was asked for.
func (r *redrive) isMeant(m types.Message) bool {
	l := r.queue.describe(m, r.state)
	switch {
	case r.choice.Letter != "":
		return strings.HasPrefix(l.ID, strings.ToLower(r.choice.Letter))
	case r.choice.Reason != "" && !r.hasReason(l):
		return false
	case sentAt(m).After(r.state.at.Add(time.Second)):
		r.kept(newer)
		return false
	case r.choice.All && l.Reason == string(platform.ReasonInvalid):
		r.kept("invalid_message: it would only come back; --reason invalid_message sends it all the same")
		return false
	}
	return true
}

// hasReason reports whether a letter has the reason that was asked for, and counts it.
func (r *redrive) hasReason(l Letter) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.Reason != r.choice.Reason {
		r.others[l.Reason]++
		return false
	}
	r.meant++
	return true
}

func (r *redrive) kept(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Kept[why]++
}

// back sends letters and deletes those that are known to be sent. What was begun is
// finished, even if ctx ends. It is an error if none could be sent: all others would fail
// in the same way.
func (r *redrive) back(ctx context.Context, messages []types.Message) error {
	ctx = context.WithoutCancel(ctx)
	var letters []types.Message
	var entries []types.SendMessageBatchRequestEntry
	for _, m := range messages {
		if why := r.queue.keep(m); why != "" {
			r.kept(why)
			continue
		}
		letters = append(letters, m)
		entries = append(entries, queue.Letter{Message: m}.Again(r.queue.group(r.queue.describe(m, r.state))))
	}
	if r.choice.DryRun {
		r.count(letters)
		return nil
	}
	unsent := queue.Send(ctx, r.api, r.queue.Home, entries)
	sent := r.sortOut(letters, unsent)
	r.sent(sent)
	r.count(r.remove(ctx, sent))
	if len(unsent) > 0 && len(unsent) == len(letters) {
		return fmt.Errorf("send letters back: %w", unsent[0].Err)
	}
	return nil
}

// sortOut notes which letters are not known to be sent, and returns the others.
func (r *redrive) sortOut(letters []types.Message, unsent []queue.Unsent) []types.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	not := make(map[int]bool, len(unsent))
	for _, u := range unsent {
		not[u.Index], r.fault = true, u.Err
		if u.MayBeQueued {
			r.result.MayBeSent = append(r.result.MayBeSent, idOf(letters[u.Index]))
		} else {
			r.result.NotSent = append(r.result.NotSent, idOf(letters[u.Index]))
		}
	}
	var sent []types.Message
	for i, m := range letters {
		if !not[i] {
			sent = append(sent, m)
		}
	}
	return sent
}

const deleteTries = 3

// remove deletes letters that were sent, and returns those that are gone.
func (r *redrive) remove(ctx context.Context, sent []types.Message) (removed []types.Message) {
	left := sent
	var last error
	for try := 0; try < deleteTries && len(left) > 0; try++ {
		entries := make([]types.DeleteMessageBatchRequestEntry, len(left))
		for i, m := range left {
			entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(r.handle(idOf(m)))}
		}
		out, err := r.api.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &r.queue.URL, Entries: entries})
		if err != nil {
			last = err
			continue
		}
		deleted := make(map[string]bool, len(left))
		for _, e := range out.Successful {
			deleted[aws.ToString(e.Id)] = true
		}
		for _, e := range out.Failed {
			last = fmt.Errorf("%s: %s", aws.ToString(e.Code), aws.ToString(e.Message))
		}
		var still []types.Message
		for i, m := range left {
			if !deleted[strconv.Itoa(i)] {
				still = append(still, m)
				continue
			}
			r.drop(idOf(m))
			removed = append(removed, m)
		}
		left = still
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range left {
		r.result.NotDeleted = append(r.result.NotDeleted, idOf(m))
		r.fault = fmt.Errorf("delete from %s: %w", r.queue.Is, last)
	}
	return removed
}

func (r *redrive) count(letters []types.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range letters {
		r.result.Sent++
		r.result.SentByWhy[r.queue.describe(m, r.state).Reason]++
	}
}
