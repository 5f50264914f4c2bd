// Package env reads the environment of a function into validated settings. One
// error names everything that is wrong with it.
package env

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"hookwarden/shared/platform"
)

// Reader reads variables and remembers what is wrong. Call Err when all are read.
type Reader struct {
	lookup func(name string) (string, bool)
	faults []error
}

// NewReader reads from lookup, which works like os.LookupEnv.
func NewReader(lookup func(name string) (string, bool)) *Reader { return &Reader{lookup: lookup} }

// Err names every variable that is missing or bad.
func (r *Reader) Err() error { return errors.Join(r.faults...) }

func (r *Reader) wrong(name, format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("%s %s", name, fmt.Sprintf(format, args...)))
}

// Required reads a variable that must be set: a table's name or a queue's URL.
func (r *Reader) Required(name string) string {
	value, _ := r.lookup(name)
	if value == "" {
		r.wrong(name, "is not set")
	}
	return value
}

// Text reads a variable that may be absent.
func (r *Reader) Text(name, absent string) string {
	if value, ok := r.lookup(name); ok && value != "" {
		return value
	}
	return absent
}

// Choice reads one of a few words.
func (r *Reader) Choice(name string, choices ...string) string {
	value := r.Text(name, choices[0])
	for _, c := range choices {
		if value == c {
			return value
		}
	}
	r.wrong(name, "must be %s, not %q", strings.Join(choices, " or "), value)
	return choices[0]
}

// Bool reads true or false; false if absent.
func (r *Reader) Bool(name string) bool { return r.Choice(name, "false", "true") == "true" }

// Int reads a whole number within limits.
func (r *Reader) Int(name string, absent, low, high int) int {
	value, err := strconv.Atoi(r.Text(name, strconv.Itoa(absent)))
	if err != nil || value < low || value > high {
		r.wrong(name, "must be a whole number from %d to %d", low, high)
	}
	return value
}

// Float reads a number within limits.
func (r *Reader) Float(name string, absent, low, high float64) float64 {
	value, err := strconv.ParseFloat(r.Text(name, strconv.FormatFloat(absent, 'f', -1, 64)), 64)
	if err != nil || math.IsNaN(value) || value < low || value > high {
		r.wrong(name, "must be a number from %v to %v", low, high)
	}
	return value
}

// Seconds reads a duration given in seconds, within limits.
func (r *Reader) Seconds(name string, absent, low, high float64) time.Duration {
	return time.Duration(r.Float(name, absent, low, high) * float64(time.Second))
}

// list reads values that are separated by commas. read reads one and reports whether
// it is good.
func list[T any](r *Reader, name, value, must string, read func(string) (T, bool)) (all []T) {
	for field := range strings.SplitSeq(value, ",") {
		one, good := read(strings.TrimSpace(field))
		if !good {
			r.wrong(name, "must be %s, separated by commas", must)
			return nil
		}
		all = append(all, one)
	}
	return all
}

// Delays reads a list of seconds, such as "300,300,300"; an empty value is no
// delays.
func (r *Reader) Delays(name, absent string) []time.Duration {
	value, ok := r.lookup(name)
	if !ok {
		value = absent
	}
	if strings.TrimSpace(value) == "" {
		return nil
	}
	return list(r, name, value, "whole seconds from 0 to 999999", func(field string) (time.Duration, bool) {
		seconds, err := strconv.Atoi(field)
		return time.Duration(seconds) * time.Second, err == nil && seconds >= 0 && seconds <= 999_999
	})
}

// Days reads numbers of days, such as "3,5", in ascending order; none if the value is
// empty or 0.
func (r *Reader) Days(name, absent string) []int {
	value, ok := r.lookup(name)
	if !ok {
		value = absent
	}
	if value = strings.TrimSpace(value); value == "" || value == "0" {
		return nil
	}
	days := list(r, name, value, "whole numbers from 1 to 29", func(field string) (int, bool) {
		n, err := strconv.Atoi(field)
		return n, err == nil && n >= 1 && n <= 29
	})
	slices.Sort(days)
	return slices.Compact(days)
}

// Statuses reads statuses of apps.
func (r *Reader) Statuses(name string, absent platform.Status) []platform.Status {
	must := "one or more of internal, unpublished, published"
	return list(r, name, r.Text(name, string(absent)), must, func(field string) (platform.Status, bool) {
		status := platform.Status(field)
		return status, status == platform.Published || status == platform.Unpublished || status == platform.Internal
	})
}

// Resources reads names of resources, or * for all but installation, which no app
// subscribes to.
func (r *Reader) Resources(name string) platform.Subscribable {
	value := r.Required(name)
	if value == "" {
		return nil
	}
	if value == platform.AllSubscribable {
		return platform.Subscribable{value}
	}
	must := "* or names of resources, of letters, digits, _ and -, other than installation"
	return list(r, name, value, must, func(field string) (string, bool) {
		return field, field != "" && field != "installation" && onlyHas(field, "_-")
	})
}

// Level reads LOG_LEVEL: DEBUG, INFO, WARN or ERROR, in any case.
func (r *Reader) Level() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(r.Text("LOG_LEVEL", "INFO"))); err != nil {
		r.wrong("LOG_LEVEL", "must be DEBUG, INFO, WARN or ERROR")
	}
	return level
}

// HeaderPrefix reads the beginning of header names. It must not be webhook-: then
// there would be two signatures under one name, ours and that of Standard
// Webhooks, and a receiver might read either.
func (r *Reader) HeaderPrefix(name string) string {
	value := r.Required(name)
	if !onlyHas(value, "-") {
		r.wrong(name, "may only have letters, digits and -")
	}
	if strings.EqualFold(value, "webhook-") {
		r.wrong(name, "must not be webhook-, the prefix of Standard Webhooks' own headers")
	}
	return value
}

// onlyHas reports whether a text has only ASCII letters, digits and marks.
func onlyHas(text, marks string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune(marks, c)
	})
}

// URL reads the address of a web site, which must be set.
func (r *Reader) URL(name string) string { return r.url(name, r.Required(name)) }

// HeaderURL reads an address that may be missing or empty. It goes between angle
// brackets in a mail's header.
func (r *Reader) HeaderURL(name string) string {
	value := r.url(name, r.Text(name, ""))
	r.sevenBit(name, value)
	if strings.ContainsAny(value, " \t<>,") {
		r.wrong(name, "must be a URL without spaces, commas and angle brackets")
	}
	return value
}

// HTTPS reads an address that mails show. It may be missing or empty.
func (r *Reader) HTTPS(name string) string {
	value := r.Text(name, "")
	if u, err := url.Parse(value); value != "" && (err != nil || u.Host == "" || u.Scheme != "https") {
		r.wrong(name, "must be a URL that starts with https://")
	}
	if strings.ContainsAny(value, " \t\r\n<>\"") {
		r.wrong(name, "must be a URL without spaces, quotes and angle brackets")
	}
	return value
}

// sevenBit checks a value that goes into a mail's header. SES accepts only 7-bit
// characters there, and would only say "bad request".
func (r *Reader) sevenBit(name, value string) {
	if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c > '~' }) {
		r.wrong(name, "must be in 7-bit characters: write an international domain in Punycode (xn--…) and a path with escapes (%%C3%%A9)")
	}
}

func (r *Reader) url(name, value string) string {
	if u, err := url.Parse(value); value != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		r.wrong(name, "must be a URL that starts with https://")
	}
	return value
}

// MailAddress reads a mail address, which must be set. It has no display name:
// the role's permission to send names the bare address.
func (r *Reader) MailAddress(name string) string {
	value := r.Required(name)
	if a, err := mail.ParseAddress(value); value != "" && (err != nil || a.Address != value) {
		r.wrong(name, "must be a mail address without a display name")
	}
	r.sevenBit(name, value)
	return value
}
