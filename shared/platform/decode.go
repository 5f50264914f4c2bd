package platform

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of fields that have no other bound. With them everything in a
// message fits into one item of a table and one message of a queue. What
// customers type is cut instead, in text.go and address.go.
const (
	maxText     = 256  // bytes
	maxWord     = 128  // bytes, and characters
	maxTime     = 64   // bytes
	maxActor    = 8192 // bytes of JSON
	maxSecret   = 4096 // bytes
	maxEvents   = 500
	maxEvidence = 64 // days
)

func atMost(bytes int) string { return fmt.Sprintf("must have at most %d bytes", bytes) }

// InvalidError says why a message can never be handled. Its text names the
// field and quotes no value, so it may be logged and put on a dead letter.
type InvalidError struct {
	Field   string // path of the field, such as "app.secrets[1]"; empty for the whole body
	Problem string // a predicate, such as "is required"
}

func (e *InvalidError) Error() string {
	if e.Field == "" {
		return "the message " + e.Problem
	}
	return e.Field + " " + e.Problem
}

// object is one JSON object, opened one level deep. Its methods read fields and
// remember the first one that is wrong. So a decoder reads from top to bottom
// and asks for the error once, at the end.
type object struct {
	path   string // "" for the body, else a prefix such as "app."
	fields fields
	first  *error
}

func openBody(body []byte) object {
	o := object{first: new(error)}
	if !json.Valid(body) {
		*o.first = whyNotJSON(body)
		return o
	}
	if o.fields = split(body); o.fields == nil {
		*o.first = &InvalidError{"", "is not a JSON object"}
	}
	return o
}

// err is the first fault of a body. If AWS has put the message into an envelope,
// the error says so and names no field.
func (o object) err() error {
	if *o.first == nil {
		return nil
	}
	if hint := o.envelope(); hint != "" {
		return &InvalidError{"", hint}
	}
	return *o.first
}

func (o object) wrong(field, problem string) {
	if *o.first == nil {
		*o.first = &InvalidError{o.path + field, problem}
	}
}

// has reports whether the field is there and not null.
func (o object) has(field string) bool {
	v := o.fields.get(field)
	return v != nil && string(v) != "null"
}

// object opens a required object.
func (o object) object(field string) object {
	inner := object{path: o.path + field + ".", first: o.first}
	if raw := o.rawObject(field); raw != nil {
		inner.fields = split(raw)
	}
	return inner
}

// rawObject reads a required object, unchanged byte for byte.
func (o object) rawObject(field string) json.RawMessage {
	raw := o.fields.get(field)
	switch {
	case !o.has(field):
		o.wrong(field, "is required")
	case raw[0] != '{':
		o.wrong(field, "must be an object")
	default:
		return raw
	}
	return nil
}

// optionalObject reads an object, unchanged byte for byte; nil if absent or
// null.
func (o object) optionalObject(field string) json.RawMessage {
	if !o.has(field) {
		return nil
	}
	return o.rawObject(field)
}

// text reads a required, non-empty string of at most maxText bytes.
func (o object) text(field string) string { return o.bounded(field, maxText) }

// bounded reads a required, non-empty string of at most limit bytes.
func (o object) bounded(field string, limit int) string {
	if !o.has(field) {
		o.wrong(field, "is required")
		return ""
	}
	s := o.optionalText(field)
	if s == "" {
		o.wrong(field, "must not be empty")
	}
	if len(s) > limit {
		o.wrong(field, atMost(limit))
	}
	return s
}

// opaque reads a required id that may have any characters that a queue can
// carry.
func (o object) opaque(field string) string {
	s := o.text(field)
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || uncarried(r) }) {
		o.wrong(field, "must not have control characters, U+FFFE or U+FFFF")
	}
	return s
}

// optionalText reads a string; empty if absent or null.
func (o object) optionalText(field string) string {
	if !o.has(field) {
		return ""
	}
	raw := o.fields.get(field)
	if raw[0] != '"' {
		o.wrong(field, "must be a string")
		return ""
	}
	return string(unquote(raw))
}

// id reads a required string of 1 to limit characters of A-Z a-z 0-9 and extra.
func (o object) id(field string, limit int, extra string) string {
	s := o.bounded(field, limit)
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && strings.IndexByte(extra, s[i]) < 0 {
			o.wrong(field, "may only have letters, digits and "+strings.Join(strings.Split(extra, ""), " "))
			break
		}
	}
	return s
}

// platformID reads the id of an app or of an organization.
func (o object) platformID(field string) string { return o.id(field, 64, "_.:-") }

// word reads a required string of at most maxWord printable ASCII characters
// without spaces, which a header may hold.
func (o object) word(field string) string {
	s := o.bounded(field, maxWord)
	o.checkWord(field, s)
	return s
}

func (o object) checkWord(field, s string) {
	if len(s) > maxWord {
		o.wrong(field, atMost(maxWord))
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			o.wrong(field, "may only have printable ASCII characters, no spaces")
			return
		}
	}
}

// version reads a required whole number above zero, however it is written.
func (o object) version(field string) int64 {
	if !o.has(field) {
		o.wrong(field, "is required")
		return 0
	}
	n, err := wholeNumber(o.fields.get(field))
	if errors.Is(err, strconv.ErrRange) {
		o.wrong(field, "must be a whole number below 2^63")
	}
	if err != nil || n <= 0 {
		o.wrong(field, "must be a whole number above zero")
	}
	return n
}

// slug reads a required word that becomes a part of a link's path.
func (o object) slug(field string) string {
	s := o.word(field)
	if s == "." || s == ".." {
		o.wrong(field, "must not be . or ..")
	}
	return s
}

// texts reads a list of non-empty strings; nil if absent or null.
func (o object) texts(field string) []string {
	if !o.has(field) {
		return nil
	}
	var list []*string
	if err := json.Unmarshal(o.fields.get(field), &list); err != nil {
		o.wrong(field, "must be a list of strings")
		return nil
	}
	texts := make([]string, 0, len(list))
	for i, s := range list {
		if s == nil || *s == "" {
			o.wrong(fmt.Sprintf("%s[%d]", field, i), "must be a string that is not empty")
			return nil
		}
		texts = append(texts, *s)
	}
	return texts
}

// objects opens a list of objects; nil if absent or null.
func (o object) objects(field string) []object {
	if !o.has(field) {
		return nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(o.fields.get(field), &list); err != nil {
		o.wrong(field, "must be a list of objects")
		return nil
	}
	objects := make([]object, 0, len(list))
	for i, raw := range list {
		if raw[0] != '{' && string(raw) != "null" {
			o.wrong(field, "must be a list of objects")
			return nil
		}
		objects = append(objects, object{
			path: fmt.Sprintf("%s%s[%d].", o.path, field, i), fields: split(raw), first: o.first})
	}
	return objects
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// Cut returns the first limit bytes of s, or a few less so that no character is
// cut in two.
func Cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
