// Package pausing stops a part of a stack for a while, and lets it go on: by what starts
// its functions, so that all that is to be done waits where it is.
package pausing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hookwarden/shared/retry"
)

// Part is one thing that starts a function.
type Part struct {
	Name  string `json:"name"` // as in "WebhookQueue" or "hourly sweep"
	ID    string `json:"id"`
	State string `json:"state"` // AWS's word
	On    bool   `json:"on"`
	busy  bool   // it is on its way to another state
}

// switchboard is what starts the functions.
type switchboard interface {
	// Parts are those of what may be paused, in order.
	Parts(ctx context.Context, what string) ([]Part, error)
	// Set turns one on or off. errBusy if it is being changed right now.
	Set(ctx context.Context, p Part, on bool) error
}

var errBusy = errors.New("it is being changed right now")

// What may be paused.
const (
	Deliveries = "deliveries"
	Disablings = "disablings"
)

// SweepRule is the logical id of the rule that starts the sweep.
const SweepRule = "SweepFunctionHourly"

func whats() []string { return []string{Deliveries, Disablings} }

// Result is how things stand after a command.
type Result struct {
	What  string `json:"what"`
	On    bool   `json:"on"` // all parts are
	Parts []Part `json:"parts"`
}

const (
	atMost    = 2 * time.Minute // AWS takes up to one
	pollEvery = time.Second
)

// turn turns all parts on or off, and waits until they are. A part that fails does
// not stop the others. What counts is the state that they have in the end: a call whose
// answer was lost may have done it.
func turn(ctx context.Context, b switchboard, what string, on bool, passed func()) (Result, error) { //nolint:revive // on is the state
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	tried := make(map[string]error) // of the newest try, by id
	settled := make(map[string]bool)
	var parts []Part
	for {
		now, err := b.Parts(ctx, what)
		if err != nil {
			_, late := missing(parts, tried, on)
			return resultOf(what, parts), errors.Join(err, late)
		}
		parts = now
		left := 0
		for _, p := range parts {
			if p.On == on && !p.busy {
				if !settled[p.ID] {
					settled[p.ID] = true
					passed()
				}
				continue
			}
			left++
			if last, was := tried[p.ID]; p.On != on && (!was || errors.Is(last, errBusy)) {
				tried[p.ID] = b.Set(ctx, p, on)
			}
		}
		if left == 0 {
			return resultOf(what, parts), nil
		}
		if failed, late := missing(parts, tried, on); failed != nil && late == nil || !retry.Pause(ctx, pollEvery) {
			return resultOf(what, parts), errors.Join(failed, late)
		}
	}
}

// missing says of each part that is not as it should be why: it failed, or it may still come
// to be so.
func missing(parts []Part, tried map[string]error, on bool) (failed, late error) { //nolint:revive // on is the state
	for _, p := range parts {
		err := tried[p.ID]
		switch {
		case p.On == on && !p.busy:
		case err == nil || errors.Is(err, errBusy):
			late = errors.Join(late, fmt.Errorf("%s is still %s", p.Name, p.State))
		case p.On != on:
			failed = errors.Join(failed, fmt.Errorf("%s: %w", p.Name, err))
		}
	}
	return failed, late
}

func resultOf(what string, parts []Part) Result {
	r := Result{What: what, On: true, Parts: parts}
	for _, p := range parts {
		r.On = r.On && p.On
	}
	return r
}
