package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"hookwarden/localstack/stack"
)

// patience is how long the story waits for what must come true.
func (st *stage) patience() time.Duration {
	if st.oneAtATime() {
		return 3 * time.Minute
	}
	return 30 * time.Second
}

// hanging is how many requests hang in the story. Where one batch is handed out
// at a time they must fit in one: an app that is known to be slow is given time.
func (st *stage) hanging() int {
	if st.oneAtATime() {
		return 6
	}
	return 20
}

// oneAtATime says that the engine hands a function one batch at a time.
func (st *stage) oneAtATime() bool {
	return st.Stack != nil && st.Names["HOOKWARDEN_ENGINE"] == "localstack"
}

// story is one telling.
type story struct {
	*page
	*stack.Stack
	stage   *stage
	cast    *cast
	today   time.Time            // day of the story, UTC
	sentAt  map[string]time.Time // by webhook, when it was put on the queue
	checked int
	missing []string // what should have come true and did not
}

func newStory(p *page, st *stage) (*story, error) {
	c, err := newCast(st.hanging())
	if err != nil {
		return nil, err
	}
	return &story{page: p, Stack: st.Stack, stage: st, cast: c, sentAt: make(map[string]time.Time)}, nil
}

// tell tells it act by act, up to the first thing that does not happen at all.
func (s *story) tell(ctx context.Context) error {
	started := time.Now()
	for _, act := range []func(context.Context) error{
		s.awaitLongDay, s.register, s.showWarning, s.deliver, s.showDisablings, s.showAudit, s.showMails, s.showIntegration,
	} {
		if err := act(ctx); err != nil {
			s.missing = append(s.missing, err.Error())
			break
		}
	}
	if ctx.Err() != nil {
		s.line("")
		return ctx.Err()
	}
	if len(s.missing) > 0 {
		return fmt.Errorf("the story did not come true:\n  - %s\n%s", strings.Join(s.missing, "\n  - "), s.whereToLook())
	}
	s.line("")
	s.line("%s %d things were checked in %.0f s.", s.green("All of it came true:"), s.checked, time.Since(started).Seconds())
	return nil
}

func (s *story) whereToLook() string {
	if s.stage.stays() {
		return "The stack is still up; its logs are in .local/" + s.stage.port + "/logs."
	}
	return "With KEEP=1 the stack and its logs stay for you to look into."
}

// expect checks a fact.
func (s *story) expect(fact string, got, want any) {
	s.checked++
	if got != want {
		s.missing = append(s.missing, fmt.Sprintf("%s: %#v, not %#v", fact, got, want))
	}
}

// expectIn checks that a text has a part.
func (s *story) expectIn(text, name, part string) {
	s.checked++
	if !strings.Contains(text, part) {
		s.missing = append(s.missing, name+" lacks "+part)
	}
}

// await waits, and says on a terminal for what.
func (s *story) await(ctx context.Context, what string, condition func(context.Context) error) error {
	s.waiting(what)
	defer s.flush()
	s.checked++
	if err := stack.Until(ctx, s.stage.patience(), condition); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// awaitLongDay waits for midnight if it is near, since the story has to end on
// the day on which it begins.
func (s *story) awaitLongDay(ctx context.Context) error {
	if wait := untilLongDay(time.Now()); wait > 0 {
		s.line("It is nearly midnight (UTC), and the story takes place on one day: waiting %.0f s for the next", wait.Seconds())
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
	s.today = time.Now().UTC()
	return nil
}

// untilLongDay is how long to wait for a UTC day that has time for a story.
func untilLongDay(now time.Time) time.Duration {
	const need = 2 * time.Minute
	left := 24*time.Hour - now.Sub(now.Truncate(24*time.Hour))
	if left >= need {
		return 0
	}
	return left + time.Second
}

func (s *story) register(ctx context.Context) error {
	s.title("An organization and its apps")
	if err := s.Register(ctx, s.cast.registration()...); err != nil {
		return err
	}
	if err := s.await(ctx, "the registration of four apps", s.registered); err != nil {
		return err
	}
	if err := s.putHistory(ctx); err != nil {
		return err
	}
	s.showCast()
	return nil
}

func (s *story) registered(ctx context.Context) error {
	if item, err := s.Get(ctx, "ORGANIZATIONS_TABLE", "id", s.cast.org); err != nil || item == nil {
		return errors.Join(err, fmt.Errorf("organization %s is not in its table", s.cast.org))
	}
	for _, a := range s.cast.apps() {
		if item, err := s.Get(ctx, "APPS_TABLE", "id", a.id); err != nil || item == nil {
			return errors.Join(err, fmt.Errorf("app %s is not in its table", a.id))
		}
	}
	return nil
}
