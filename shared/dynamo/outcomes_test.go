package dynamo_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

var errLost = &net.OpError{Op: "read", Err: errors.New("lost")}

// reportEngine is an engine with the table that remembers ids.
func reportEngine() *engine {
	e := newEngine()
	e.tables["slow_apps"] = map[string]attributes{}
	return e
}

func outcomesTo(e *engine) dynamo.Outcomes {
	return dynamo.Outcomes{API: e, Buffer: "buffer", Table: "slow_apps", Now: func() time.Time { return time.Unix(1764000000, 0) }}
}

var (
	reportKey = delivery.CounterKey{Key: "integration:77#42#1", Date: "2026-11-24"}
	report    = platform.Outcomes{ID: "out_1", AppID: "integration:77", OrganizationID: "42", At: time.Unix(1763999000, 0),
		Counts: tally.Counts{Success: 120, Fatal: 1}}
)

func TestAddOutcomesAddsOnceForEachID(t *testing.T) {
	e := reportEngine()
	add := func(of platform.Outcomes) error {
		return outcomesTo(e).AddOutcomes(t.Context(), reportKey, of.Counts, of)
	}
	e.fault = func(string, string) (before, after error) { return nil, errLost }
	if err := add(report); !errors.Is(err, errLost) || errors.Is(err, delivery.ErrNotAdded) {
		t.Errorf("after a lost answer: %v", err)
	}
	e.fault = nil
	must(t, add(report))
	second := report
	second.ID = "out_2"
	must(t, add(second))
	second.Counts.Fatal = 9
	if err := add(second); !errors.Is(err, delivery.ErrOtherContent) {
		t.Errorf("other content under the same id: %v", err)
	}
	day := e.tables["buffer"]["integration:77#42#1 2026-11-24"]
	if textOf(day["success_count"]) != "240" || textOf(day["fatal_count"]) != "2" || day["failing_day"] == nil {
		t.Errorf("the day is %v", day)
	}
	if id := e.tables["slow_apps"]["outcomes#out_1"]; textOf(id["expires_at"]) != "1764691200" {
		t.Errorf("the id is kept as %v", id)
	}
}

// The id that refused them may be of the same message or of another.
func TestAddOutcomesThatCannotReadTheIDMayBeRepeated(t *testing.T) {
	e := reportEngine()
	must(t, outcomesTo(e).AddOutcomes(t.Context(), reportKey, report.Counts, report))
	e.fault = func(call, _ string) (before, after error) {
		if call == "BatchGetItem" {
			return errLost, nil
		}
		return nil, nil
	}
	if err := outcomesTo(e).AddOutcomes(t.Context(), reportKey, report.Counts, report); !errors.Is(err, errLost) || errors.Is(err, delivery.ErrOtherContent) {
		t.Errorf("got %v", err)
	}
}

func TestAddOutcomesSaysWhatWasNotAdded(t *testing.T) {
	for _, c := range []struct {
		err      error
		notAdded bool
	}{
		{answered(http.StatusBadRequest), true},
		{errors.Join(&types.TransactionCanceledException{}, answered(http.StatusBadRequest)), true},
		{answered(http.StatusInternalServerError), false},
		{errLost, false},
		{context.DeadlineExceeded, false},
	} {
		e := reportEngine()
		e.fault = func(string, string) (before, after error) { return c.err, nil }
		err := outcomesTo(e).AddOutcomes(t.Context(), reportKey, report.Counts, report)
		if !errors.Is(err, c.err) || errors.Is(err, delivery.ErrNotAdded) != c.notAdded || errors.Is(err, delivery.ErrOtherContent) {
			t.Errorf("%v: got %v, not added must be %v", c.err, err, c.notAdded)
		}
	}
}
