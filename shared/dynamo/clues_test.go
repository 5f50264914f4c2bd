package dynamo_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/delivery"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/tally"
)

// clued is a table to which counts and clues of one day are added.
type clued struct {
	*engine
	t *testing.T
}

func (c clued) add(counts tally.Counts, clues tally.Clues) {
	c.t.Helper()
	must(c.t, c.buffer().AddCounts(c.t.Context(), delivery.CounterKey{Key: "17#42#1", Date: "2026-11-24"}, counts, clues))
}

func (c clued) read() tally.Clues {
	c.t.Helper()
	days, err := c.buffer().ReadDays(c.t.Context(), "17#42#1", "2026-11-24", "2026-11-24")
	must(c.t, err)
	return days[0].Clues
}

func (c clued) want(what string, want tally.Clues) {
	c.t.Helper()
	if got := c.read(); got != want {
		c.t.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

func minute(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }

func failedAt(at time.Time) tally.Failure {
	return tally.Failure{At: at, Outcome: "connection_error", Code: "tls", Status: 0, EventType: "issue.created", WebhookID: "evt_1"}
}

func TestCluesAreOfTheNewestUpdateAndSinceTheFirstFailure(t *testing.T) {
	c := clued{newEngine(), t}
	one := tally.Counts{Timeout: 1}
	c.add(one, tally.Clues{LastFailure: failedAt(minute(1)), FailingSince: minute(1)})
	other := tally.Failure{At: minute(2), Outcome: "error", Status: 403}
	c.add(one, tally.Clues{LastFailure: other, FailingSince: minute(2)})
	c.want("two failures, the second without a code", tally.Clues{LastFailure: other, FailingSince: minute(1)})
	c.add(tally.Counts{Success: 1, Timeout: 1}, tally.Clues{LastFailure: failedAt(minute(4)), LastSuccess: minute(3), FailingSince: minute(4)})
	c.want("a failure after a success", tally.Clues{LastFailure: failedAt(minute(4)), LastSuccess: minute(3), FailingSince: minute(4)})
	c.add(tally.Counts{Success: 1}, tally.Clues{LastSuccess: minute(5)})
	c.want("a success", tally.Clues{LastFailure: failedAt(minute(4)), LastSuccess: minute(5)})
	c.add(one, tally.Clues{LastFailure: failedAt(minute(6)), FailingSince: minute(6)})
	c.want("a failure", tally.Clues{LastFailure: failedAt(minute(6)), LastSuccess: minute(5), FailingSince: minute(6)})
	c.add(tally.Counts{Success: 1, Error: 2}, tally.Clues{})
	c.want("counts of before", tally.Clues{LastFailure: failedAt(minute(6)), LastSuccess: minute(5), FailingSince: minute(6)})
}

func TestCluesHaveNoPermanentFailureAfterASuccess(t *testing.T) {
	failed := tally.Counts{Timeout: 1}
	for name, c := range map[string]struct {
		counts tally.Counts
		clues  tally.Clues
		want   int64
	}{
		"a failure that passes":           {failed, tally.Clues{}, 3},
		"another":                         {failed, tally.Clues{Permanent: 2}, 5},
		"a success":                       {tally.Counts{Success: 1}, tally.Clues{LastSuccess: noon}, 0},
		"a success that is counted later": {tally.Counts{Success: 1}, tally.Clues{}, 0},
		"a success of an alert rule":      {tally.Counts{Alive: 1}, tally.Clues{}, 0},
		"a success among such failures":   {tally.Counts{Success: 1, Timeout: 2}, tally.Clues{LastSuccess: noon, FailingSince: minute(1), Permanent: 2}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			table := clued{newEngine(), t}
			table.add(failed, tally.Clues{Permanent: 3})
			table.add(c.counts, c.clues)
			if got := table.read().Permanent; got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
			if i := table.tables["buffer"]["17#42#1 2026-11-24"]["permanent_count"]; (i == nil) != (c.want == 0) {
				t.Errorf("in the table: %v", i)
			}
		})
	}
}

func TestCluesOfAHealthyAppAreOneAttribute(t *testing.T) {
	c := clued{newEngine(), t}
	c.add(tally.Counts{Success: 1}, tally.Clues{LastSuccess: noon})
	i := c.tables["buffer"]["17#42#1 2026-11-24"]
	if len(i) != 5 || i["last_success_at"] == nil || i["success_count"] == nil {
		t.Errorf("got %v", i)
	}
}

func TestCluesOfARecordArePermanentFailures(t *testing.T) {
	r := events.DynamoDBEventRecord{EventName: "MODIFY", Change: events.DynamoDBStreamRecord{SequenceNumber: "1", NewImage: map[string]events.DynamoDBAttributeValue{
		"pk": events.NewStringAttribute("17#42#1"), "day": events.NewStringAttribute("2026-11-24"),
		"timeout_count": events.NewNumberAttribute("1"), "permanent_count": events.NewNumberAttribute("7")}}}
	if got, ok := dynamo.DecodeRecord(r); !ok || got.Day.Clues != (tally.Clues{Permanent: 7}) {
		t.Errorf("got %+v, %t", got, ok)
	}
}

// A day's largest item still takes one write unit, 1,024 bytes, with room to spare.
func TestCluesKeepTheItemOfADaySmall(t *testing.T) {
	id := strings.Repeat("i", 64)
	key := delivery.CounterKey{Key: tally.Key(id, id, math.MaxInt64), Date: "2026-11-24"}
	const most = math.MaxInt64
	e := newEngine()
	at := noon.Add(999 * time.Millisecond)
	// The success comes first, since it clears the count of permanent failures.
	must(t, e.buffer().AddCounts(t.Context(), key, tally.Counts{Success: most, Alive: most}, tally.Clues{LastSuccess: at}))
	must(t, e.buffer().AddCounts(t.Context(), key, tally.Counts{Error: most, Timeout: most, Gone: most, Fatal: most, Other: most},
		tally.Clues{LastFailure: tally.Failure{At: at, Outcome: "connection_error", Code: "timeout_response", Status: 999, EventType: id, WebhookID: id},
			FailingSince: at, Permanent: most}))
	i := e.tables["buffer"][key.Key+" 2026-11-24"]
	if len(i) != 15 {
		t.Fatalf("not the largest: %d attributes", len(i))
	}
	size := 0
	for name, value := range i {
		size += len(name) + exactSize(t, value)
	}
	t.Logf("%d bytes", size)
	if size >= 700 {
		t.Errorf("%d bytes, want fewer than 700", size)
	}
}

// exactSize is a value's size as DynamoDB measures it.
func exactSize(t *testing.T, value types.AttributeValue) int {
	t.Helper()
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberN: // about a byte for two significant digits, and one more
		return (len(v.Value)+1)/2 + 1
	case *types.AttributeValueMemberM:
		size := 3
		for name, value := range v.Value {
			size += len(name) + exactSize(t, value) + 1
		}
		return size
	}
	t.Fatalf("%T has no size here", value)
	return 0
}

func TestCluesAreLeftAloneByReportedOutcomesButForASuccess(t *testing.T) {
	e := reportEngine()
	clues := tally.Clues{LastFailure: failedAt(minute(1)), FailingSince: minute(1), Permanent: 3}
	must(t, e.buffer().AddCounts(t.Context(), reportKey, tally.Counts{Timeout: 3}, clues))
	read := func() tally.Clues {
		t.Helper()
		days, err := e.buffer().ReadDays(t.Context(), reportKey.Key, reportKey.Date, reportKey.Date)
		must(t, err)
		return days[0].Clues
	}
	failures := report
	failures.Counts = tally.Counts{Error: 2}
	must(t, outcomesTo(e).AddOutcomes(t.Context(), reportKey, failures.Counts, failures))
	if got := read(); got != clues {
		t.Errorf("after failures: %+v", got)
	}
	successes := report
	successes.ID, successes.Counts = "out_2", tally.Counts{Success: 1}
	must(t, outcomesTo(e).AddOutcomes(t.Context(), reportKey, successes.Counts, successes))
	if clues.Permanent = 0; read() != clues {
		t.Errorf("after a success: %+v", read())
	}
}
