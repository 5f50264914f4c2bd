package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"hookwarden/localstack/stack"
)

func (s *story) showCast() {
	s.paragraph(`Acme has two owners, Ada and Grace, and four apps, registered through RegistryQueue. Each app has a receiver on this machine that verifies the signatures of what it gets.`)
	s.line("")
	rows := [][]string{{"app", "status", "its receiver answers"}}
	for _, a := range s.cast.apps() {
		rows = append(rows, []string{a.name, a.status, a.answers})
	}
	s.table(rows)
	s.line("")
	s.paragraph(`Made up, to keep the story short, and written straight into the Buffer table: %s. Everything else happens now.`, s.madeUp())
	s.line("")
	s.paragraph(`The stack has the template's defaults, except for localstack/parameters.json: the platform is called Sentry, receivers may be on this machine, the first retry comes after %s, and the brake lets 1,000 apps an hour through.`,
		s.stage.settings.firstRetry())
}

func (s *story) madeUp() string {
	past := "the errors of " + s.cast.importer.name + "'s six past days"
	threshold := s.stage.settings.timeoutThreshold()
	before := s.cast.timeoutsBefore(threshold)
	if before == 0 {
		return past
	}
	return fmt.Sprintf("%s, and %s of the %s time-outs in a day that the rule wants of %s",
		past, thousands(int64(before)), thousands(int64(threshold)), s.cast.tracker.name)
}

func (s *story) showDeliveries(list []figures) {
	rows := [][]string{{"app", ">webhooks", "in the request log", ">p50", ">p99", ">arrival p50", ">p99"}}
	for _, f := range list {
		rows = append(rows, []string{f.app.name, strconv.Itoa(f.app.webhooks), outcomeList(f.outcomes),
			milliseconds(percentile(f.request, 50)), milliseconds(percentile(f.request, 99)),
			milliseconds(percentile(f.arrival, 50)), milliseconds(percentile(f.arrival, 99))})
	}
	s.table(rows)
	s.line("")
	s.paragraph(`p50 and p99 are of one request, arrival is from WebhookQueue to the receiver. The slowest are the first, while the functions start. Both signatures of every request verified. A request that has no answer after %s s is given up. A webhook that got a 503 was sent again after %s, with the same id.`,
		s.stage.settings["WEBHOOK_TIMEOUT_SECONDS"], s.stage.settings.firstRetry())
}

func (s *story) showDisabling(d disabling) {
	why := "Each of seven days has errors, and none has a success."
	count, column := "error", "errors"
	if d.app == s.cast.tracker {
		why = fmt.Sprintf("One day has at least %s time-outs.", thousands(int64(s.stage.settings.timeoutThreshold())))
		count, column = "timeout", "time-outs"
	}
	s.line("%s was disabled at %s, reason: %s.", s.red(d.app.name), d.at.Format("15:04:05 UTC"), s.bold(d.reason))
	s.line("%s", why)
	s.line("")
	s.showDays(d.evidence, count, column)
}

// showDays shows a table of days, with a bar for the failures of each. Empty days
// are left out.
func (s *story) showDays(days []stack.Item, count, column string) {
	const long = 40
	var most int64
	for _, day := range days {
		most = max(most, day.Int(count))
	}
	s.line("%s", s.dim(fmt.Sprintf("%-10s  %9s  %9s", "day", "successes", column)))
	for _, day := range days {
		n := day.Int(count)
		if n == 0 && day.Int("success") == 0 {
			continue
		}
		blocks := (n*long + most - 1) / max(most, 1)
		s.line("%-10s  %9s  %9s  %s", dayName(day.Text("day")), thousands(day.Int("success")), thousands(n),
			s.red(strings.Repeat("█", int(blocks))))
	}
}

func (s *story) showEntries(entries []stack.Item) {
	rows := [][]string{{"at", "event", "app", "reason", "evidence"}}
	for _, e := range entries {
		at, _, _ := strings.Cut(e.Text("sk"), "#")
		days, _ := e["evidence"].([]any)
		rows = append(rows, []string{at, e.Text("event"), e.Text("name"), e.Text("reason"), fmt.Sprintf("%d days", len(days))})
	}
	s.table(rows)
}

func (s *story) showMail(m stack.Mail, path string) {
	s.paragraph(`Four mails, one to each owner about each disabled app. What Ada reads about %s:`, s.cast.importer.name)
	s.line("")
	gutter := s.dim("│") + " "
	s.line("%s", gutter+s.dim("To:      ")+strings.Join(m.To, ", "))
	s.line("%s", gutter+s.dim("Subject: ")+s.bold(m.Subject))
	s.line("%s", s.dim("│"))
	for _, line := range strings.Split(strings.TrimSpace(m.Text), "\n") {
		s.line("%s", strings.TrimRight(gutter+strings.TrimRight(line, "\r"), " "))
	}
	s.line("")
	s.line("The same mail in HTML: %s", s.bold(path))
}

func dayName(day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return at.Format("Mon _2 Jan")
}

func milliseconds(d time.Duration) string {
	if d < time.Millisecond {
		return "<1 ms"
	}
	return thousands(d.Round(time.Millisecond).Milliseconds()) + " ms"
}

// thousands writes a number with commas.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
