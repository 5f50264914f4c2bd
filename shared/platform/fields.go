package platform

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// fields is the fields of one JSON object, in their order. Their values are the
// message's own bytes: a webhook's data may be a megabyte, and is not looked
// into.
type fields []field

type field struct {
	name  []byte
	value json.RawMessage
}

// get returns nil if there is no such field. If several have the same name, the
// last one counts, as in encoding/json.
func (f fields) get(name string) json.RawMessage {
	for i := len(f) - 1; i >= 0; i-- {
		if string(f[i].name) == name {
			return f[i].value
		}
	}
	return nil
}

// split opens one level of valid JSON. It only looks for the ends of values. It
// returns nil if the JSON is not an object.
func split(valid []byte) fields {
	rest := bytes.TrimLeft(valid, space)
	if rest[0] != '{' {
		return nil
	}
	f := make(fields, 0, 10)
	for rest = bytes.TrimLeft(rest[1:], space); rest[0] != '}'; rest = bytes.TrimLeft(rest, space+",") {
		var name, value []byte
		name, rest = cutValue(rest)
		value, rest = cutValue(bytes.TrimLeft(rest, space+":"))
		f = append(f, field{unquote(name), value})
	}
	return f
}

const space = " \t\r\n"

// cutValue separates the value at the beginning of valid JSON from the rest.
func cutValue(valid []byte) (value, rest []byte) {
	depth := 0
	for i := 0; i < len(valid); i++ {
		switch valid[i] {
		case '"':
			i += stringLength(valid[i:]) - 1
			if depth == 0 {
				return valid[:i+1], valid[i+1:]
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return valid[:i+1], valid[i+1:]
			}
			if depth < 0 { // after a number or a word that ends an object
				return valid[:i], valid[i:]
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return valid[:i], valid[i:]
			}
		}
	}
	return valid, nil
}

// stringLength is the length of the string at the beginning of valid JSON,
// quotes included.
func stringLength(valid []byte) int {
	for i := 1; ; i++ {
		i += bytes.IndexByte(valid[i:], '"')
		if escapes := i - len(bytes.TrimRight(valid[:i], `\\`)); escapes%2 == 0 {
			return i + 1
		}
	}
}

// unquote is the text of a valid JSON string. Most strings have no escapes and
// need no decoding, for which json.Unmarshal would take many times as long.
func unquote(valid []byte) []byte {
	if bytes.IndexByte(valid, '\\') < 0 && utf8.Valid(valid) {
		return valid[1 : len(valid)-1]
	}
	var s string
	_ = json.Unmarshal(valid, &s) // a valid string never fails
	return []byte(s)
}
