package dynamo_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
	"hookwarden/shared/standing"
	"hookwarden/shared/tally"
)

// untold collects the untold apps from all parts of the index.
func untold(t *testing.T, standing dynamo.Standing) (ids []string) {
	t.Helper()
	for shard := range tally.Shards {
		err := standing.ReadUntold(t.Context(), shard, func(id string) {
			if tally.Shard(id) != shard {
				t.Errorf("%s is in part %d", id, shard)
			}
			ids = append(ids, id)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(ids)
	return ids
}

func TestUntoldIsTheIndexOfDisabledAppsWhoseOwnersWereNotTold(t *testing.T) {
	e := newEngine()
	for _, id := range []string{"fine", "untold", "told", "enabled", "deleted"} {
		e.put(id, "42")
		if id == "fine" {
			continue
		}
		if err := e.standing().Apply(t.Context(), e.disabling(t, id)); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.standing().Mark(t.Context(), standing.OwnersTold, e.disabling(t, "told"), noon); err != nil {
		t.Fatal(err)
	}
	app, _, err := e.apps().ReadApp(t.Context(), "enabled")
	if err != nil {
		t.Fatal(err)
	}
	if err := e.standing().Apply(t.Context(), enabling(app, noon.Add(time.Hour), platform.Actor{})); err != nil {
		t.Fatal(err)
	}
	e.tables["apps"]["deleted"]["deleted"] = &types.AttributeValueMemberBOOL{Value: true}
	if got := untold(t, e.standing()); !slices.Equal(got, []string{"untold"}) {
		t.Errorf("got %v", got)
	}
	if e.tables["apps"]["enabled"]["standing"] != nil || e.tables["apps"]["told"]["standing"] == nil {
		t.Errorf("enabled stands as %v, told as %v", e.tables["apps"]["enabled"]["standing"], e.tables["apps"]["told"]["standing"])
	}
}

// halfAnswers leaves the second half of the keys of each read unprocessed.
type halfAnswers struct {
	*engine
	reads  int
	always bool
}

func (h *halfAnswers) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, options ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	h.reads++
	request := in.RequestItems["apps"]
	if len(request.Keys) > 100 {
		return nil, fmt.Errorf("%d keys", len(request.Keys))
	}
	rest := request
	request.Keys, rest.Keys = request.Keys[:len(request.Keys)/2], request.Keys[len(request.Keys)/2:]
	if !h.always && len(rest.Keys) == 1 {
		return h.engine.BatchGetItem(ctx, in, options...)
	}
	out, err := h.engine.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"apps": request}}, options...)
	if err == nil {
		out.UnprocessedKeys = map[string]types.KeysAndAttributes{"apps": rest}
	}
	return out, err
}

// An app that could not be read is passed on, since it may be untold.
func TestUntoldHasADisabledAppThatStaysUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // ReadUntold waits before it reads again
		e := newEngine()
		for n := range 40 {
			id := fmt.Sprint(n)
			e.put(id, "42")
			if err := e.standing().Apply(t.Context(), e.disabling(t, id)); err != nil {
				t.Fatal(err)
			}
			if n%2 == 0 {
				if err := e.standing().Mark(t.Context(), standing.OwnersTold, e.disabling(t, id), noon); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := untold(t, dynamo.Standing{API: &halfAnswers{engine: e}, Apps: "apps"}); len(got) != 20 {
			t.Errorf("%d of 20: %v", len(got), got)
		}
		unread := &halfAnswers{engine: e, always: true}
		got := untold(t, dynamo.Standing{API: unread, Apps: "apps"})
		for n := 1; n < 40; n += 2 {
			if !slices.Contains(got, fmt.Sprint(n)) {
				t.Errorf("%d is not in %v", n, got)
			}
		}
		if unread.reads > 4*tally.Shards {
			t.Errorf("%d reads of %d parts", unread.reads, tally.Shards)
		}
	})
}
