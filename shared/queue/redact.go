package queue

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"hookwarden/shared/platform"
)

// fingerprint replaces a body that may not be shown or cannot be sent.
func fingerprint(kind, body string) string {
	return fmt.Sprintf("[%s: %d bytes, SHA-256 %x]", kind, len(body), sha256.Sum256([]byte(body)))
}

const notJSON = "not JSON"

// redactSecrets replaces the value of every field whose name contains the word
// secret, in any case and at any depth. In a list it replaces each element. It
// works on the text: it sees every field of a repeated name, and everything that
// is not secret stays byte for byte. JSON inside a string, as in a notification
// service's envelope, is treated in the same way. If a body is not exactly one
// JSON value, only its length and hash are kept.
func redactSecrets(body string) string {
	redacted, err := redact(body)
	if err != nil {
		return fingerprint(notJSON, body)
	}
	return redacted
}

var errSeveral = errors.New("more than one JSON value")

// redact fails if the body is not exactly one JSON value.
func redact(body string) (string, error) {
	r := redactor{body: body}
	tokens := json.NewDecoder(strings.NewReader(body))
	tokens.UseNumber()
	for {
		token, err := tokens.Token()
		if errors.Is(err, io.EOF) && r.values == 1 && len(r.open) == 0 {
			return r.out.String() + body[r.written:], nil
		}
		if err != nil {
			return "", err
		}
		r.take(token, int(tokens.InputOffset()))
		if r.values > 1 {
			return "", errSeveral
		}
	}
}

// redactor reads a body once, token by token.
type redactor struct {
	body    string
	out     strings.Builder
	written int // how much of body is in out, redacted or as it was
	end     int // of the last token
	values  int // how many began at the top level
	open    []container

	hidden   int // the depth of a secret that is left out as a whole; 0 if there is none
	hiddenAt int // where it begins
}

// container is an object or a list that is not yet closed.
type container struct {
	object bool
	name   bool // the name of a field comes next
	secret bool // the next value is a secret
}

// take handles the next token, which ends at the given byte of the body.
func (r *redactor) take(token json.Token, end int) {
	start := end - len(strings.TrimLeft(r.body[r.end:end], " \t\r\n,:"))
	r.end = end
	delim, _ := token.(json.Delim)
	text, isText := token.(string)
	around := r.around()
	switch {
	case delim == '}' || delim == ']':
		r.close(end)
		return
	case around.object && around.name:
		around.name, around.secret = false, hasWordSecret(text)
		return
	case delim != 0:
		r.begin(delim, start)
		return
	case r.hidden > 0: // left out as a whole
	case around.secret:
		r.replace(start, end, platform.Redacted)
	case isText:
		r.redactInside(text, start, end)
	}
	r.valueEnded()
}

// around is the innermost open container.
func (r *redactor) around() *container {
	if len(r.open) == 0 {
		return &container{}
	}
	return &r.open[len(r.open)-1]
}

// begin opens an object or a list. In a list of secrets each element is replaced.
// Any other secret container is left out as a whole.
func (r *redactor) begin(delim json.Delim, start int) {
	around := *r.around()
	inner := container{object: delim == '{', name: delim == '{'}
	secret := around.secret && r.hidden == 0
	inner.secret = secret && around.object && delim == '['
	if len(r.open) == 0 {
		r.values++
	}
	r.open = append(r.open, inner)
	if secret && !inner.secret {
		r.hidden, r.hiddenAt = len(r.open), start
	}
}

func (r *redactor) close(end int) {
	if r.hidden == len(r.open) {
		r.hidden = 0
		r.replace(r.hiddenAt, end, platform.Redacted)
	}
	r.open = r.open[:len(r.open)-1]
	if around := r.around(); around.object {
		around.name, around.secret = true, false
	}
}

// valueEnded notes what comes after a value that is neither an object nor a list.
func (r *redactor) valueEnded() {
	if len(r.open) == 0 {
		r.values++
	}
	if around := r.around(); around.object {
		around.name, around.secret = true, false
	}
}

// redactInside redacts a string that may be JSON itself. A string that is not
// JSON, but looks like it or contains some of it, and has the word secret, is not
// kept.
func (r *redactor) redactInside(text string, start, end int) {
	inner := strings.TrimSpace(text)
	if inner == "" || strings.IndexByte(`{["`, inner[0]) < 0 {
		if strings.ContainsAny(inner, "{[") && hasWordSecret(inner) { // after a byte order mark, or a word
			r.replace(start, end, fingerprint(notJSON, text))
		}
		return
	}
	redacted, err := redact(inner)
	if err != nil && (hasWordSecret(inner) || strings.Contains(inner, `\u`)) {
		redacted, err = fingerprint(notJSON, text), nil
	}
	if err == nil && redacted != inner {
		r.replace(start, end, redacted)
	}
}

func (r *redactor) replace(start, end int, text string) {
	r.out.WriteString(r.body[r.written:start])
	r.out.WriteString(quote(text))
	r.written = end
}

// quote writes a text as a JSON string that SQS takes.
func quote(text string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(sendable(text)) // a string never fails
	return strings.TrimSuffix(b.String(), "\n")
}

// hasWordSecret reports whether the text contains the word, in any case.
func hasWordSecret(text string) bool {
	const word = "secret"
	for i := range text {
		end := i
		for range len(word) {
			_, size := utf8.DecodeRuneInString(text[end:])
			end += size
		}
		if strings.EqualFold(text[i:end], word) {
			return true
		}
	}
	return false
}
