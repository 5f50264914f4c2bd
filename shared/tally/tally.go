// Package tally holds the daily counts of an app's outcomes and the rule over
// them that says whether an app is broken. It is pure: it reads no clock and no
// table, and decides nothing but the verdict.
package tally

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"
)

// Counts are the counted outcomes of one app on one day. A 410 is in Error and
// in Gone. Fatal is for outcomes that the platform reports. Other are failures
// that only the rule Dead looks at: redirects, 5xx, forbidden URLs. Alive are
// successes of alert rules' webhooks, whose failures are not counted.
type Counts struct {
	Success int64 `json:"success,omitempty"`
	Error   int64 `json:"error,omitempty"`
	Timeout int64 `json:"timeout,omitempty"`
	Gone    int64 `json:"gone,omitempty"`
	Fatal   int64 `json:"fatal,omitempty"`
	Other   int64 `json:"other,omitempty"`
	Alive   int64 `json:"alive,omitempty"`
}

// Plus adds two counts.
func (c Counts) Plus(o Counts) Counts {
	return Counts{c.Success + o.Success, c.Error + o.Error, c.Timeout + o.Timeout, c.Gone + o.Gone, c.Fatal + o.Fatal,
		c.Other + o.Other, c.Alive + o.Alive}
}

// Failures is how many attempts failed.
func (c Counts) Failures() int64 { return c.Error + c.Timeout + c.Fatal + c.Other }

// Attempts is how many attempts were counted.
func (c Counts) Attempts() int64 { return c.Success + c.Failures() }

// Failed reports whether anything but successes was counted.
func (c Counts) Failed() bool { return c.Failures()+c.Gone > 0 }

// IsZero reports whether nothing was counted.
func (c Counts) IsZero() bool { return c == Counts{} }

// OnlySuccess leaves out all but the successes: what may be added a second time
// when it is unknown whether the first time took effect. A doubled success
// spares an app, a doubled failure could disable it.
func (c Counts) OnlySuccess() Counts { return Counts{Success: c.Success, Alive: c.Alive} }

// Day is one UTC day's counts. As JSON it is what evidence shows: "day" and all counts
// but Alive, zeros included.
type Day struct {
	Date Date `json:"day"`
	Counts
	Clues Clues `json:"-"`
}

// MarshalJSON is read again as a Day, without Alive.
func (d Day) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Day     Date  `json:"day"`
		Success int64 `json:"success"`
		Error   int64 `json:"error"`
		Timeout int64 `json:"timeout"`
		Gone    int64 `json:"gone"`
		Fatal   int64 `json:"fatal"`
		Other   int64 `json:"other"`
	}{d.Date, d.Success, d.Error, d.Timeout, d.Gone, d.Fatal, d.Other})
}

// Date is a UTC day as YYYY-MM-DD, which sorts as text.
type Date string

// DateOf is the UTC day of a moment.
func DateOf(t time.Time) Date { return Date(t.UTC().Format(time.DateOnly)) }

// ParseDate checks that s is a day.
func ParseDate(s string) (Date, error) {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", fmt.Errorf("%w: not a day, as in 2026-11-24", err)
	}
	return Date(s), nil
}

// Plus is the day n days later; n may be below zero. A Date that is no day
// stays as it is.
func (d Date) Plus(n int) Date {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return d
	}
	return DateOf(t.AddDate(0, 0, n))
}

// End is the first moment after the day.
func (d Date) End() time.Time {
	t, _ := time.Parse(time.DateOnly, string(d))
	return t.AddDate(0, 0, 1)
}

// Key is the Buffer's partition key: "<app id>#<organization id>#<generation>".
// What an app's URL answered, while it belonged to an organization and until it was
// enabled again, is under one key, and nothing else is.
func Key(appID, organizationID string, generation int64) string {
	return appID + "#" + organizationID + "#" + strconv.FormatInt(generation, 10)
}

// Shards is how many parts the index of failing days has for each day. A key is
// in the same part on every day.
const Shards = 16

// Shard is the part of the index of failing days that a key is in, from 0.
func Shard(key string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return int(h.Sum32() % Shards)
}

// FailingDay is the partition of the index of failing days that a key is in.
func FailingDay(date Date, key string) string { return FailingShard(date, Shard(key)) }

// FailingShard is one of a day's partitions in the index of failing days.
func FailingShard(date Date, shard int) string { return fmt.Sprintf("%s#%d", date, shard) }

// SplitKey takes a Key apart again. The generation is 0 in a key of two parts, as
// versions before had them: it is no app's, and its counts are not judged any more.
func SplitKey(key string) (appID, organizationID string, generation int64, err error) {
	parts := strings.Split(key, "#")
	if len(parts) < 2 || parts[0] == "" || parts[1] == "" {
		return "", "", 0, fmt.Errorf("%q is not <app id>#<organization id>#<generation>", key)
	}
	if len(parts) > 2 {
		generation, err = strconv.ParseInt(parts[2], 10, 64)
		if err != nil || generation < 1 || Key(parts[0], parts[1], generation) != key {
			return "", "", 0, fmt.Errorf("%q does not end with a generation", key)
		}
	}
	return parts[0], parts[1], generation, nil
}
