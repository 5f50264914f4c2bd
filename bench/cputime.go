package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// cpuTime is what a running process has used so far, user and system, all
// threads. It comes in steps of 10 ms.
func cpuTime(pid int) (time.Duration, error) {
	if runtime.GOOS == "linux" {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, err
		}
		return parseStat(stat)
	}
	out, err := exec.Command("ps", "-o", "time=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return 0, fmt.Errorf("ps: %w", err)
	}
	return parseClock(strings.TrimSpace(string(out)))
}

// parseStat reads a line of /proc/<pid>/stat: utime and stime are its 14th and
// 15th field, in hundredths of a second. The second may hold spaces, and ends
// with the last parenthesis.
func parseStat(stat []byte) (time.Duration, error) {
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const utime, stime = 14 - 3, 15 - 3
	if len(fields) <= stime {
		return 0, fmt.Errorf("not a line of /proc/<pid>/stat: %q", stat)
	}
	user, err := strconv.ParseInt(fields[utime], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[stime], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond, err
}

// parseClock reads ps's "1:02:03.45": hours, if any, minutes and seconds.
func parseClock(s string) (time.Duration, error) {
	var seconds float64
	for part := range strings.SplitSeq(s, ":") {
		value, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return 0, fmt.Errorf("not a time of ps: %q", s)
		}
		seconds = 60*seconds + value
	}
	return time.Duration(seconds * float64(time.Second)), nil
}
