package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// paper is a page that writes into a file, as it does without a terminal.
func paper(t *testing.T) (*page, func() string) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "page"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return newPage(file), func() string {
		written, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(written)
	}
}

func TestPageHasNoControlCodesWithoutATerminal(t *testing.T) {
	p, written := paper(t)
	p.title("An act")
	p.waiting("something")
	p.line("%s", p.red("red")+p.bold(" bold"))
	b := p.bar(200, "arrived")
	for n := range 201 {
		b.show(n)
	}
	b.end()
	want := "\n   An act\n\n   red bold\n    50 of 200 arrived\n   100 of 200 arrived\n   150 of 200 arrived\n   200 of 200 arrived\n\n"
	if diff := cmp.Diff(want, written()); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}

func TestPageLeavesATerminalCleanWhateverWasPending(t *testing.T) {
	p, written := paper(t)
	p.live = true
	p.waiting("first")
	p.waiting("second")
	p.line("third")
	p.flush()
	if got, want := written(), "   first …\r\x1b[K   second …\r\x1b[K   third\n"; got != want {
		t.Errorf("page %q, want %q", got, want)
	}
}

func TestStartOfTheStackIsShownInShortLines(t *testing.T) {
	p, written := paper(t)
	progress := &startLines{page: p}
	for _, piece := range []string{"starting the engine …\nstarting the en", "gine: 0.2 s\n", "stack.py: port 1 is taken by another program.\n",
		"the stack answers at http://127.0.0.1:1; its names are in .local/1/stack.env\n"} {
		_, _ = fmt.Fprint(progress, piece)
	}
	want := "   starting the engine        0.2 s\n   stack.py: port 1 is taken by another program.\n"
	if diff := cmp.Diff(want, written()); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}

func TestTableIsAligned(t *testing.T) {
	p, written := paper(t)
	p.table([][]string{{"app", ">webhooks", "log"}, {"Bücher", "7", "success 7"}, {"CI", "1,200", ""}})
	want := "   app     webhooks  log\n   Bücher         7  success 7\n   CI         1,200\n"
	if diff := cmp.Diff(want, written()); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}

func TestParagraphsFit(t *testing.T) {
	p, written := paper(t)
	p.paragraph("%s", strings.Repeat("word ", 60))
	for _, line := range strings.Split(written(), "\n") {
		if len(line) > width {
			t.Errorf("a line of %d: %q", len(line), line)
		}
	}
}

func TestPercentileIsOfTheNearestRank(t *testing.T) {
	var values []time.Duration
	for n := 200; n > 0; n-- {
		values = append(values, time.Duration(n))
	}
	for p, want := range map[int]time.Duration{1: 2, 50: 100, 99: 198, 100: 200} {
		if got := percentile(values, p); got != want {
			t.Errorf("p%d is %d, want %d", p, got, want)
		}
	}
	if got := percentile([]time.Duration{7}, 50); got != 7 {
		t.Errorf("p50 of one value is %d", got)
	}
}

// What is made up must not decide: the errors leave a day open, the time-outs
// stay below the threshold.
func TestHistoryAloneDisablesNobody(t *testing.T) {
	c := &cast{org: "org", importer: &app{id: "importer"}, tracker: &app{id: "tracker"}, hanging: 20}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	days := make(map[string][]string)
	for _, item := range c.history(now, 1000) {
		days[item.Text("pk")] = append(days[item.Text("pk")], fmt.Sprint(item.Text("day"), " ", item.Int("error_count"), " ", item.Int("timeout_count")))
	}
	want := map[string][]string{
		"importer#org#1": {"2026-02-23 1 0", "2026-02-24 2 0", "2026-02-25 1 0", "2026-02-26 1 0", "2026-02-27 2 0", "2026-02-28 1 0"},
		"tracker#org#1":  {"2026-03-01 0 980"},
	}
	if diff := cmp.Diff(want, days); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if before := c.timeoutsBefore(20); before != 0 {
		t.Errorf("with a threshold that the story reaches by itself, %d time-outs are made up", before)
	}
}

func TestBeginningOfAMailEndsBeforeItsSecondHeading(t *testing.T) {
	got := beginning("Hello Ada,\n\nIt fails.\n\nWHY\n\nIt does.\r\n\nWHAT TO DO\n\nFix it.")
	if diff := cmp.Diff([]string{"Hello Ada,", "", "It fails.", "", "WHY", "", "It does."}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSettingsThatAreOthersAreNamed(t *testing.T) {
	s := settings{"DISABLE_MODE": "enforce", "WINDOW_DAYS": "7", "REQUEST_LOG": "all", "WARN_AFTER_DAYS": "3,5", "HEADER_PREFIX": "Sentry-Hook-", "TIMEOUT_THRESHOLD": "1000"}
	if err := s.fit(20); err != nil {
		t.Error(err)
	}
	s["DISABLE_MODE"] = "observe"
	if err := s.fit(20); err == nil || !strings.Contains(err.Error(), "DisableMode=enforce") {
		t.Errorf("observing: %v", err)
	}
	s["DISABLE_MODE"], s["TIMEOUT_THRESHOLD"] = "enforce", "3"
	if err := s.fit(20); err == nil || !strings.Contains(err.Error(), "TimeoutThreshold of 20 or more") {
		t.Errorf("with a threshold that ends the story early: %v", err)
	}
}

func TestStoryDoesNotCrossMidnight(t *testing.T) {
	for clock, want := range map[string]time.Duration{
		"00:00:00": 0,
		"23:58:00": 0,
		"23:58:01": 120 * time.Second,
		"23:59:59": 2 * time.Second,
	} {
		now, err := time.Parse(time.DateTime, "2026-11-24 "+clock)
		if err != nil {
			t.Fatal(err)
		}
		if got := untilLongDay(now); got != want {
			t.Errorf("at %s the story waits %s, want %s", clock, got, want)
		}
	}
}

func TestLinesOfAnEventHaveADayEach(t *testing.T) {
	got := lines(`{"type":"app.disabled","evidence":[{"day":"2026-11-24","fatal":0},{"day":"2026-11-25","fatal":1}]}`)
	want := []string{"{", `  "type": "app.disabled",`, `  "evidence": [`, `    { "day": "2026-11-24", "fatal": 0 },`,
		`    { "day": "2026-11-25", "fatal": 1 }`, "  ]", "}"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}
