package platform

import (
	"strconv"
	"strings"

	"hookwarden/shared/tally"
)

// warning reads a required warning.
func (o object) warning(field string) *Warning {
	w := o.object(field)
	read := &Warning{Level: Level(w.word("level")), Day: int(w.count("day")), CutOn: w.optionalText("disabled_on")}
	if !isLevel(read.Level) {
		w.wrong("level", "must be timeouts, permanent, or days: with a number above zero")
	}
	if read.Day > maxEvidence {
		w.wrong("day", "must be at most "+strconv.Itoa(maxEvidence))
	}
	if _, err := tally.ParseDate(read.CutOn); read.CutOn != "" && err != nil {
		w.wrong("disabled_on", "must be a day, as in 2026-11-24")
	}
	return read
}

func isLevel(l Level) bool {
	if l == LevelTimeouts || l == LevelPermanent {
		return true
	}
	days, _ := strings.CutPrefix(string(l), "days:")
	n, err := strconv.Atoi(days)
	return err == nil && n > 0 && l == DaysLevel(n)
}

// timeText reads a required time and keeps its text.
func (o object) timeText(field string) string {
	text := o.text(field)
	o.time(field)
	return text
}
