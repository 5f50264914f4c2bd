package stack

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestDeadLettersTakeAReceiveThatIsUnderWayAtTheEndForNoFailure(t *testing.T) {
	for name, body := range map[string]string{"and brings the letter": `{"id": "evt_1"}`, "and brings another": `{"id": "evt_2"}`} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var letters Letters
				slow := func(ctx context.Context) ([]Letter, error) {
					select {
					case <-ctx.Done():
						return nil, ctx.Err()
					case <-time.After(5 * time.Second):
						return []Letter{{Body: body}}, nil
					}
				}
				found, err := letters.Find(t.Context(), slow, "evt_1", time.Second)
				if err != nil {
					t.Fatal(err)
				}
				if (found != nil) != (body == `{"id": "evt_1"}`) {
					t.Errorf("found %v", found)
				}
				again, err := letters.Find(t.Context(), nothing, body, time.Second)
				if err != nil || again == nil {
					t.Errorf("what it took is lost to another search: %v, %v", again, err)
				}
			})
		})
	}
}

func nothing(context.Context) ([]Letter, error) { return nil, nil }

func TestDeadLettersOfAQueueThatCannotBeReadAreAFailure(t *testing.T) {
	broken := errors.New("no such queue")
	var letters Letters
	_, err := letters.Find(t.Context(), func(context.Context) ([]Letter, error) { return nil, broken }, "evt_1", time.Second)
	if !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
}
