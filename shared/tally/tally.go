// Package tally has the daily counts of an app's outcomes, and the rule that says
// from them whether an app is broken. It is pure: it reads no clock and no table,
// and only decides the verdict.
package tally

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"
)

// Counts is the counted outcomes of one app on one day. A 410 is in both Error and
// Gone. The platform reports Fatal. Other is failures that only Dead looks at:
// redirects, 5xx, forbidden URLs. Alive is successes of alert rules' webhooks,
// whose failures are not counted.
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

// OnlySuccess is the successes alone. They may be added again if it is unknown
// whether the first time took effect: a success counted twice spares an app, while
// a failure counted twice could disable it.
func (c Counts) OnlySuccess() Counts { return Counts{Success: c.Success, Alive: c.Alive} }

// Day is one UTC day's counts. As JSON it is what evidence shows: "day" and all counts
// except Alive, zeros included.
type Day struct {
	Date Date `json:"day"`
	Counts
	Clues Clues `json:"-"`
}

// MarshalJSON writes a Day that can be read again, without Alive.
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

// Plus is the day n days later; n may be negative. A Date that is not a day stays
// as it is.
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

// Key is the Buffer's partition key: "<app id>#<organization id>#<generation>". One
// key has the outcomes of an app with the same URL and organization, from one
// enabling to the next, and nothing else.
func Key(appID, organizationID string, generation int64) string {
	return appID + "#" + organizationID + "#" + strconv.FormatInt(generation, 10)
}

// Shards is how many parts the index of failing days has for each day. A key is
// in the same part on every day.
const Shards = 16

// Shard is a key's part of the index of failing days, from 0.
func Shard(key string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return int(h.Sum32() % Shards)
}

// FailingDay is a key's partition in the index of failing days.
func FailingDay(date Date, key string) string { return FailingShard(date, Shard(key)) }

// FailingShard is one of a day's partitions in the index of failing days.
func FailingShard(date Date, shard int) string { return fmt.Sprintf("%s#%d", date, shard) }

// SplitKey splits a Key. A key of two parts, as older versions had, has generation
// 0. No app is in it, and its counts are no longer judged.
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
