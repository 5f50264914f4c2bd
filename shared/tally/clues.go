package tally

import "time"

// Clues is what a day's counts leave out, for people: the newest failure, and since when there
// are failures. Clues are approximate: batches that end at the same time may overwrite each
// other's. No verdict depends on them. Counts that were added later or reported have none.
type Clues struct {
	LastFailure  Failure
	FailingSince time.Time // the first failure since the last success of the day; zero if the success was the last
	LastSuccess  time.Time // zero: none on this day

	// Permanent counts failures that will not pass by themselves (an invalid certificate, a
	// confirmed 410, a forbidden URL) since the day's last success or alive, however that was
	// counted. Unlike the other clues it is exact, in the order of the table's changes, and
	// warnings depend on it. A success clears what its own update would add.
	Permanent int64
}

// Failure is one failed attempt.
type Failure struct {
	At        time.Time // zero: none
	Outcome   string    // webhook.Outcome
	Code      string    // webhook.Code; empty for plain HTTP statuses
	Status    int       // 0 without a complete answer
	EventType string    // cut to 64 bytes
	WebhookID string    // cut to 64 bytes
}

// Latest combines the clues of days: the newest failure, the first failure since the last
// success, the last success, and the permanent failures since then or since the last day with
// an alive. A time is zero if the counts show that it is another one, which has no clue.
func Latest(days []Day) Clues {
	var all Clues
	for _, d := range days {
		if d.Clues.LastFailure.At.After(all.LastFailure.At) {
			all.LastFailure = d.Clues.LastFailure
		}
		if d.Clues.LastSuccess.After(all.LastSuccess) {
			all.LastSuccess = d.Clues.LastSuccess
		}
	}
	recovered := newest(days, func(c Counts) bool { return c.Success > 0 })
	alive := newest(days, func(c Counts) bool { return c.Success > 0 || c.Alive > 0 })
	for _, d := range days {
		if d.Date < recovered {
			continue
		}
		if since := d.Clues.FailingSince; !since.IsZero() && (all.FailingSince.IsZero() || since.Before(all.FailingSince)) {
			all.FailingSince = since
		}
		if d.Date >= alive {
			all.Permanent += d.Clues.Permanent
		}
	}
	if DateOf(all.LastSuccess) < recovered { // the newest success has no clue
		all.LastSuccess = time.Time{}
	}
	for _, d := range days {
		if d.Date > recovered && d.Failures() > 0 && d.Date < DateOf(all.FailingSince) { // nor has the first failure
			all.FailingSince = time.Time{}
		}
	}
	return all
}
