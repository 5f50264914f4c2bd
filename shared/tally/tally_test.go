package tally_test

import (
	"testing"
	"time"

	"hookwarden/shared/tally"
)

func TestDateOfIsUTC(t *testing.T) {
	berlin := time.FixedZone("UTC+1", 3600)
	for _, c := range []struct {
		name   string
		moment time.Time
		want   tally.Date
	}{
		{"the last nanosecond of a day", time.Date(2026, 11, 24, 23, 59, 59, 999_999_999, time.UTC), "2026-11-24"},
		{"the first of the next", time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), "2026-11-25"},
		{"just after midnight east of UTC", time.Date(2026, 11, 25, 0, 30, 0, 0, berlin), "2026-11-24"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := tally.DateOf(c.moment); got != c.want {
				t.Errorf("DateOf(%s) = %s, want %s", c.moment, got, c.want)
			}
		})
	}
}

func TestDateIsCountedByTheCalendar(t *testing.T) {
	for _, c := range []struct {
		name string
		from tally.Date
		n    int
		want tally.Date
	}{
		{"over a leap day", "2028-02-28", 1, "2028-02-29"},
		{"out of a leap day", "2028-02-29", 1, "2028-03-01"},
		{"back into a leap day", "2028-03-01", -1, "2028-02-29"},
		{"no leap day", "2027-02-28", 1, "2027-03-01"},
		{"no leap day in 2100", "2100-02-28", 1, "2100-03-01"},
		{"back over a year", "2027-01-01", -1, "2026-12-31"},
		{"no day at all", "yesterday", 1, "yesterday"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.from.Plus(c.n); got != c.want {
				t.Errorf("%s.Plus(%d) = %s, want %s", c.from, c.n, got, c.want)
			}
		})
	}
	if got, want := tally.Date("2028-02-29").End(), time.Date(2028, 3, 1, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("the leap day ends at %s, want %s", got, want)
	}
}

func TestParseDateTakesADayOnly(t *testing.T) {
	for _, s := range []string{"", "2026-11-31", "2027-02-29", "2026-11-24T00:00:00Z", "26-11-24", "2026-1-2"} {
		if d, err := tally.ParseDate(s); err == nil {
			t.Errorf("ParseDate(%q) = %q, want an error", s, d)
		}
	}
	if d, err := tally.ParseDate("2028-02-29"); err != nil || d != "2028-02-29" {
		t.Errorf("ParseDate of a leap day = %q, %v", d, err)
	}
}

func TestKeyComesApartAsItWasPutTogether(t *testing.T) {
	app, org, generation, err := tally.SplitKey(tally.Key("17", "org.4:2_x", 12))
	if err != nil || app != "17" || org != "org.4:2_x" || generation != 12 {
		t.Errorf("got %q, %q, %d, %v", app, org, generation, err)
	}
	app, org, generation, err = tally.SplitKey("17#42")
	if err != nil || app != "17" || org != "42" || generation != 0 {
		t.Errorf("one of two parts: %q, %q, %d, %v", app, org, generation, err)
	}
	for _, key := range []string{"", "17", "17#", "#42", "#", "##1", "17##1", "#42#1", "17#42#", "17#42#0", "17#42#-1", "17#42#+1", "17#42#01",
		"17#42#1.0", "17#42#1#", "17#42#1#2", "17#42#x", "17#42#9223372036854775808"} {
		if app, org, generation, err := tally.SplitKey(key); err == nil {
			t.Errorf("SplitKey(%q) = %q, %q, %d, want an error", key, app, org, generation)
		}
	}
}

func TestKeyIsInTheSameShardEveryDay(t *testing.T) {
	used := make(map[int]bool)
	for n := range 200 {
		key := tally.Key(string(rune('a'+n)), "42", 1)
		shard := tally.Shard(key)
		if shard < 0 || shard >= tally.Shards {
			t.Fatalf("shard %d of %q", shard, key)
		}
		used[shard] = true
		for _, date := range []tally.Date{"2026-11-24", "2028-02-29"} {
			if got, want := tally.FailingDay(date, key), tally.FailingShard(date, shard); got != want {
				t.Fatalf("%q is in %s, want %s", key, got, want)
			}
		}
	}
	if len(used) != tally.Shards {
		t.Errorf("200 keys fill %d shards of %d", len(used), tally.Shards)
	}
	if got := tally.FailingShard("2026-11-24", 15); got != "2026-11-24#15" {
		t.Errorf("partition %q", got)
	}
}

func TestCountsAreAddedAndCutToSuccesses(t *testing.T) {
	counts := tally.Counts{Success: 1, Error: 2, Timeout: 3, Gone: 4, Fatal: 5}
	if got, want := counts.OnlySuccess(), (tally.Counts{Success: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := counts.Plus(counts), (tally.Counts{Success: 2, Error: 4, Timeout: 6, Gone: 8, Fatal: 10}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, c := range []tally.Counts{{Error: 1}, {Timeout: 1}, {Gone: 1}, {Fatal: 1}} {
		if !c.Failed() || c.IsZero() {
			t.Errorf("%+v: failed %t, zero %t", c, c.Failed(), c.IsZero())
		}
	}
	if c := (tally.Counts{Success: 1}); c.Failed() || c.IsZero() {
		t.Errorf("%+v: failed %t, zero %t", c, c.Failed(), c.IsZero())
	}
}
