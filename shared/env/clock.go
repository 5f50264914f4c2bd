package env

import "time"

// Clock is the clock of all jobs. It has no monotonic reading, which stands still
// while Lambda keeps an environment frozen: what an environment remembers from
// one invocation to the next would seem seconds old after hours. But a wall clock
// may be set. After a jump in either direction, what is remembered must be
// trusted for a shorter time, never for a longer one.
func Clock() time.Time { return time.Now().Round(0) }
