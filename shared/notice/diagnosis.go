package notice

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// diagnose says in words what is wrong with the receiver, as far as it is known. It sets
// Answer, Detail, Others, Since, Example, and the Advice for the commonest answer. Without a
// diagnosis it changes nothing.
func (m *message) diagnose(n platform.Notice) {
	if n.Diagnosis == nil {
		return
	}
	d, w := *n.Diagnosis, wordsOf(n.App.Kind)
	d.More = d.More || d.Read < failures(n.Evidence) // the log may lack some
	m.Since = since(d, w)
	if d.Example != nil {
		m.Example = exampleOf(*d.Example, w)
	}
	if len(d.Answers) == 0 {
		return
	}
	commonest := d.Answers[0]
	m.Answer = describeAnswer(commonest.Outcome, commonest.Code, commonest.Status).
		in(portionOf(commonest.Count, d, failedAmong(n.Evidence), w), w, n.App.WebhookURL)
	if e := d.Example; e != nil && e.Outcome == commonest.Outcome && e.Code == commonest.Code && e.Status == commonest.Status {
		m.Detail = detail(*e)
	}
	m.Others = others(d.Answers[1:])
	if !n.App.Kind.CalledByPlatform() {
		m.Advice = orElse(m.adviceOnAnswer(commonest), m.Advice)
	}
}

// since is when it began to fail, and when something succeeded before.
func since(d platform.Diagnosis, w words) string {
	var said []string
	if d.FailingSince != "" {
		said = append(said, "It has been failing since "+moment(d.FailingSince)+".")
	}
	if d.LastSuccess != "" {
		said = append(said, "The last "+w.one+" that succeeded was on "+moment(d.LastSuccess)+".")
	}
	return strings.Join(said, " ")
}

// others is the less common answers.
func others(answers []platform.Answer) string {
	if len(answers) == 0 {
		return ""
	}
	list := make([]string, len(answers))
	for i, a := range answers {
		list[i] = describeAnswer(a.Outcome, a.Code, a.Status).short + " (" + count(a.Count) + ")"
	}
	return "Less often: " + strings.Join(list, ", ") + "."
}

// failedAmong is the word that distinguishes failed webhooks from others; empty if
// nothing succeeded.
func failedAmong(days []tally.Day) string {
	if len(days) == 0 || slices.ContainsFunc(days, func(d tally.Day) bool { return d.Success > 0 }) {
		return "failed "
	}
	return ""
}

// detail is what the log says about a request in addition to its outcome and code; empty
// if the sentence about these says it too.
func detail(r platform.FailedRequest) string {
	switch r.Code {
	case "dns", "dns_temporary", "blocked_address", "blocked_port", "blocked_scheme":
		return ""
	}
	return withDaysInWords(sentence(r.Detail))
}

// withDaysInWords writes each day of a text as people do: 24 November 2026.
func withDaysInWords(s string) string {
	words := strings.Split(s, " ")
	for i, word := range words {
		rest := strings.TrimRight(word, ".,;")
		if _, err := time.Parse(time.DateOnly, rest); err == nil {
			words[i] = day(tally.Date(rest), "2 January 2006") + word[len(rest):]
		}
	}
	return strings.Join(words, " ")
}

// sentence makes a sentence of a text in the log: with a capital, and with a full stop
// unless it ends in a URL.
func sentence(s string) string {
	s = platform.Inert(s, platform.MaxDetail)
	if s == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(first)) + s[size:]
	last := s[strings.LastIndexByte(s, ' ')+1:]
	if strings.HasSuffix(s, ".") || strings.Contains(last, "://") {
		return s
	}
	return s + "."
}
