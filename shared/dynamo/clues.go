package dynamo

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"hookwarden/shared/tally"
)

// The clues of a day. last_failure is one map, so that two failures never mix. Its keys are
// short, since each update of a failing app writes the whole item.

// setClues adds to the SET of an update, and adds the values that it needs.
func setClues(values item, c tally.Clues) (set string) {
	if !c.LastFailure.At.IsZero() {
		values[":last_failure"] = failure(c.LastFailure)
		set += ", last_failure = :last_failure"
	}
	if !c.FailingSince.IsZero() {
		values[":failing_since"] = timestamp(c.FailingSince)
		if c.LastSuccess.IsZero() {
			set += ", failing_since = if_not_exists(failing_since, :failing_since)"
		} else {
			set += ", failing_since = :failing_since"
		}
	}
	if !c.LastSuccess.IsZero() {
		values[":last_success_at"] = timestamp(c.LastSuccess)
		set += ", last_success_at = :last_success_at"
	}
	return set
}

// removeClues is the REMOVE of an update; empty if nothing is removed.
func removeClues(counts tally.Counts, c tally.Clues) string {
	switch since := !c.LastSuccess.IsZero() && c.FailingSince.IsZero(); {
	case since && answered(counts):
		return " REMOVE failing_since, permanent_count"
	case since:
		return " REMOVE failing_since"
	case answered(counts):
		return " REMOVE permanent_count"
	}
	return ""
}

// answered reports counts that show that the receiver works, if only for alert rules, so
// that no earlier failure is permanent.
func answered(c tally.Counts) bool { return c.Success > 0 || c.Alive > 0 }

func failure(f tally.Failure) types.AttributeValue {
	m := item{"at": timestamp(f.At)}
	m.setText("outcome", f.Outcome)
	m.setText("code", f.Code)
	m.setText("event", f.EventType)
	m.setText("id", f.WebhookID)
	m.setCount("status", int64(f.Status))
	return &types.AttributeValueMemberM{Value: m}
}

func (i item) clues() tally.Clues {
	c := tally.Clues{FailingSince: i.time("failing_since"), LastSuccess: i.time("last_success_at"), Permanent: i.number("permanent_count")}
	if f := i.fields("last_failure"); f != nil {
		c.LastFailure = tally.Failure{At: f.time("at"), Outcome: f.text("outcome"), Code: f.text("code"), Status: int(f.number("status")),
			EventType: f.text("event"), WebhookID: f.text("id")}
	}
	return c
}
