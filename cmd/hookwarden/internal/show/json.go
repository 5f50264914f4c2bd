package show

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// JSON writes a value for programs. Since a terminal may show it too, characters that a
// terminal would obey are escaped, as JSON allows in any text.
func JSON(out io.Writer, value any) error {
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := io.WriteString(out, escaped(encoded.String()))
	return err
}

// escaped escapes what the encoder leaves as it is. All of it is within texts.
func escaped(encoded string) string {
	unescaped := func(r rune) bool { return r > '~' && unsafe(r) }
	if !strings.ContainsFunc(encoded, unescaped) {
		return encoded
	}
	var b strings.Builder
	for _, r := range encoded {
		if unescaped(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
