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

// fingerprint stands for a body that may not be shown, or cannot be sent.
func fingerprint(kind, body string) string {
	return fmt.Sprintf("[%s: %d bytes, SHA-256 %x]", kind, len(body), sha256.Sum256([]byte(body)))
}

const notJSON = "not JSON"

// redactSecrets replaces the value of every field whose name has the word secret
// in it, in any case and at any depth; of a list each element. It works on the
// text: names that are repeated are all seen, and what is no secret stays byte for
// byte. JSON inside a text, as in a notification service's envelope, is treated
// alike. Of a body that is not exactly one JSON value only length and hash are
// kept.
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

// redactor goes through a body once, token by token.
type redactor struct {
	body    string
	out     strings.Builder
	written int // so much of body is in out, redacted or as it was
	end     int // of the token before
	values  int // begun at the top level
	open    []container

	hidden   int // the depth at which a secret is left out as a whole; 0 if none is
	hiddenAt int // where it begins
}

// container is an object or a list that is not yet closed.
type container struct {
	object bool
	name   bool // the name of a field comes next
	secret bool // the next value is a secret
}

// take takes in the next token, which ends at the given byte of the body.
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
	case r.hidden > 0: // goes as a whole
	case around.secret:
		r.replace(start, end, platform.Redacted)
	case isText:
		r.redactInside(text, start, end)
	}
	r.valueEnded()
}

// around is the container that is open.
func (r *redactor) around() *container {
	if len(r.open) == 0 {
		return &container{}
	}
	return &r.open[len(r.open)-1]
}

// begin opens an object or a list. Of a list of secrets each element is replaced;
// what else is secret is left out as a whole.
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

// valueEnded says what comes after a value that is neither object nor list.
func (r *redactor) valueEnded() {
	if len(r.open) == 0 {
		r.values++
	}
	if around := r.around(); around.object {
		around.name, around.secret = true, false
	}
}

// redactInside redacts the JSON that a text may be. One that looks like it, or has
// some of it inside, but is not, and speaks of secrets is not kept.
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
	_ = encoder.Encode(sendable(text)) // a text is never refused
	return strings.TrimSuffix(b.String(), "\n")
}

// hasWordSecret reports whether the word is in the text, in whatever case.
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
