package webhook

import "strings"

// escapeIllegal percent-encodes each byte of a URL's path and query that RFC 3986
// does not allow there: all that is not ASCII, the space, " < > [ \ ] ^ ` { | }
// and a % that escapes nothing. Servers such as Tomcat refuse a request line that
// has any of these. The rest stays as it is, existing escapes above all: to a
// receiver a%2Fb may differ from a/b.
func escapeIllegal(raw string) string {
	_, after, ok := strings.Cut(raw, "://")
	begin := strings.IndexAny(after, "/?")
	if !ok || begin < 0 {
		return raw
	}
	begin += len(raw) - len(after)
	var b strings.Builder
	kept := 0 // how much of raw is in b
	for i := begin; i < len(raw); i++ {
		if isLegal(raw[i]) || isEscape(raw[i:]) {
			continue
		}
		const hex = "0123456789ABCDEF"
		b.WriteString(raw[kept:i])
		b.Write([]byte{'%', hex[raw[i]>>4], hex[raw[i]&15]})
		kept = i + 1
	}
	if kept == 0 {
		return raw
	}
	b.WriteString(raw[kept:])
	return b.String()
}

// isLegal reports whether a byte may stand for itself in a path or a query. This
// includes the ? that begins the query.
func isLegal(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("-._~!$&'()*+,;=:@/?", c) >= 0
}

func isEscape(s string) bool {
	return len(s) >= 3 && s[0] == '%' && isHexDigit(s[1]) && isHexDigit(s[2])
}

func isHexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
