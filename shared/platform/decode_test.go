package platform

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// change replaces a field by raw JSON, or removes it if raw is empty. The
// field is given by its path, such as "app.secrets[1]".
func change(t *testing.T, message, path, raw string) string {
	t.Helper()
	name, rest, nested := strings.Cut(path, ".")
	name, at, indexed := strings.Cut(strings.TrimSuffix(name, "]"), "[")
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(message), &fields); err != nil {
		t.Fatal(err)
	}
	inner := func(old json.RawMessage) string {
		if nested {
			return change(t, string(old), rest, raw)
		}
		return raw
	}
	switch {
	case indexed:
		i, err := strconv.Atoi(at)
		if err != nil {
			t.Fatal(err)
		}
		var list []json.RawMessage
		if err := json.Unmarshal(fields[name], &list); err != nil {
			t.Fatal(err)
		}
		list[i] = json.RawMessage(inner(list[i]))
		fields[name] = encode(t, list)
	default:
		fields[name] = json.RawMessage(inner(fields[name]))
	}
	if len(fields[name]) == 0 {
		delete(fields, name)
	}
	return string(encode(t, fields))
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bad lists values that a field must not have. They contain "hunter2", which
// no error may quote.
type bad struct {
	path string
	raws []string // JSON; empty: the field is missing
	want string   // the field that the error names; empty: path
}

const (
	aNumber  = `1742002`
	aText    = `"hunter2"`
	aList    = `["hunter2"]`
	anObject = `{"hunter2":"hunter2"}`
)

// missing is the ways in which a required field may be absent.
var missing = []string{"", "null"}

func notText() []string   { return append([]string{aNumber, "true", aList, anObject, `""`}, missing...) }
func notName() []string   { return append([]string{aNumber, "true", aList, anObject}, missing...) }
func notObject() []string { return append([]string{aNumber, "false", aList, aText, `""`}, missing...) }

// notWord is values that would break a header, or are not a word for another
// reason.
func notWord() []string {
	return append(notText(), `"hunter2\r\nX-Injected: 1"`, `"hunter2\n"`, `"\rhunter2"`, `"hunter2\u0000"`, `"hunter2 x"`,
		`"hunter2\t"`, `"hunter2é"`, `"hunter2\u0085"`, `"hunter2\u2028"`, `"hunter2\ud800"`, `"hunter2\u007f"`,
		`"`+strings.Repeat("h", 129)+`"`)
}

func notID(limit int) []string {
	return append(notWord(), `"hunter2/"`, `"hunter2#"`, `"hunter2,"`, `"hunter2\""`, `"`+strings.Repeat("h", limit+1)+`"`)
}

func notVersion() []string {
	return append([]string{"0", "-1", "1.5", "-1.0", "1e-3", "9223372036854775808", "true", aText, `"12"`, aList, anObject}, missing...)
}

// mustBeInvalid decodes a message with every wrong value in every field.
func mustBeInvalid[T any](t *testing.T, decode func([]byte) (T, error), message string, bads []bad) {
	t.Helper()
	if _, err := decode([]byte(message)); err != nil {
		t.Fatalf("the message is not valid to begin with: %v", err)
	}
	for _, b := range bads {
		want := b.want
		if want == "" {
			want = b.path
		}
		for _, raw := range b.raws {
			_, err := decode([]byte(change(t, message, b.path, raw)))
			var invalid *InvalidError
			if !errors.As(err, &invalid) {
				t.Errorf("%s = %.60s: error %v", b.path, raw, err)
				continue
			}
			if invalid.Field != want {
				t.Errorf("%s = %.60s: names %q, want %q", b.path, raw, invalid.Field, want)
			}
			checkDetail(t, err)
		}
	}
}

var detail = regexp.MustCompile(`^(the message|[a-z_]+(\[\d+\])?(\.[a-z_]+(\[\d+\])?)*) [ -~]+$`)

// checkDetail checks a sentence that goes into dead letters.
func checkDetail(t *testing.T, err error) {
	t.Helper()
	text := err.Error()
	if !detail.MatchString(text) || len(text) > 512 {
		t.Errorf("error %q does not begin with a field's name", text)
	}
	for _, value := range []string{"hunter2", "1742002", "hhhh", "X-Injected"} {
		if strings.Contains(text, value) {
			t.Errorf("error %q quotes a value", text)
		}
	}
}

func TestDecodeTakesNothingButAJSONObject(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":             "",
		"spaces":              "  ",
		"text":                "hunter2",
		"a string":            aText,
		"a number":            aNumber,
		"null":                "null",
		"a list":              aList,
		"half an object":      `{"id":"hunter2`,
		"something after":     `{"id":"hunter2"} hunter2`,
		"two objects":         `{}{}`,
		"a trailing comma":    `{"id":"hunter2",}`,
		"single quotes":       `{'id':'hunter2'}`,
		"a byte order mark":   "\ufeff{}",
		"nested too deep":     strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000),
		"a control character": "{\"id\":\"hunter2\x01\"}",
	} {
		t.Run(name, func(t *testing.T) {
			for _, decode := range []func([]byte) error{
				func(b []byte) error { _, err := DecodeWebhook(b); return err },
				func(b []byte) error { _, err := DecodeRegistry(b); return err },
				func(b []byte) error { _, err := DecodeNotice(b); return err },
			} {
				err := decode([]byte(body))
				var invalid *InvalidError
				if !errors.As(err, &invalid) || invalid.Field != "" {
					t.Fatalf("error %v", err)
				}
				checkDetail(t, err)
			}
		})
	}
}

func TestCutNeverCutsACharacter(t *testing.T) {
	for _, test := range []struct {
		text  string
		limit int
		want  string
	}{
		{"abc", 3, "abc"}, {"abc", 2, "ab"}, {"abc", 0, ""}, {"é", 1, ""}, {"aé", 2, "a"}, {"aé", 3, "aé"}, {"a😀b", 4, "a"}, {"a😀b", 5, "a😀"},
	} {
		if got := Cut(test.text, test.limit); got != test.want {
			t.Errorf("%q cut at %d is %q, want %q", test.text, test.limit, got, test.want)
		}
	}
}

func nested(levels int) string {
	return `{"a":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1) + "}"
}

func TestDecodeSaysWhatIsNestedTooDeep(t *testing.T) {
	deep := strings.Replace(webhookMessage, `{"issue":{"id":"1"}}`, nested(10_099), 1) // 10,100 levels with the body's own
	for body, want := range map[string]string{
		deep:                 "the message is nested more than 10000 levels deep",
		nested(10_001):       "the message is nested more than 10000 levels deep",
		nested(10_000):       "id is required",
		nested(10_001) + "x": "the message is nested more than 10000 levels deep",
		`{"a":"` + strings.Repeat("[", 20_000) + `"`: "the message is not JSON (at byte 20007)",
		nested(9_000) + "x":                          "the message is not JSON (at byte 18005)",
		`{"\"":` + strings.Repeat(`{"a":`, 10_000):   "the message is nested more than 10000 levels deep",
	} {
		if _, err := DecodeWebhook([]byte(body)); err == nil || err.Error() != want {
			t.Errorf("%.20s, %d bytes: %v, want %s", body, len(body), err, want)
		}
	}
}
