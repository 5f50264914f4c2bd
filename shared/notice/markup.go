package notice

import (
	"html"
	"net/url"
	"strconv"
)

// markup is HTML. A constant may be markup. A string becomes markup only
// through esc and href, so the compiler refuses a value that is not escaped.
// Nothing else may convert to it.
type markup string

// esc writes text for a place where the page shows text.
func esc(s string) markup { return markup(html.EscapeString(s)) }

// digits writes a number anywhere.
func digits(n int) markup { return markup(strconv.Itoa(n)) }

// src is the attribute for a picture.
func src(s string) markup { return `src="` + esc(s) + `"` }

// href is the attribute for a link. A URL that is not http or https leads
// nowhere; no setting can have one.
func href(s string) markup {
	if u, err := url.Parse(s); err != nil || u.Scheme != "https" && u.Scheme != "http" {
		s = "#"
	}
	return `href="` + esc(s) + `"`
}
