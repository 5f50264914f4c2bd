package notice

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"hookwarden/shared/platform"
)

// example is one failed request from the log.
type example struct {
	Title string
	Rows  [][2]string // a label and its value
	Body  string      // the beginning of the answer, in one line
}

func exampleOf(r platform.FailedRequest, w words) example {
	e := example{Title: "One failed " + w.one, Body: inert(r.Body)}
	row := func(name, value string) {
		if value != "" {
			e.Rows = append(e.Rows, [2]string{name, value})
		}
	}
	row("Time", second(r.At))
	row("Event", clean(r.EventType, nameLimit))
	row("ID", clean(r.WebhookID, nameLimit))
	if r.Outcome != "" {
		row("Result", describeAnswer(r.Outcome, r.Code, r.Status).short)
	}
	if r.DurationMS > 0 {
		row("Duration", count(r.DurationMS)+" ms")
	}
	return e
}

// second is a moment with its seconds, short enough for a table.
func second(s string) string {
	t, err := platform.ParseTime(s)
	if err != nil {
		return clean(s, nameLimit)
	}
	return t.In(time.UTC).Format("2 January 2006, 15:04:05 UTC")
}

// bodyMargin marks each line of an answer, so that none looks like our own text.
const bodyMargin = "  | "

// inert is a server's answer as one line of plain text, in which no mail program finds
// anything, not even a link. Anyone may answer in place of a server that its owner gave
// up.
func inert(said string) string {
	return strings.ReplaceAll(platform.Inert(said, platform.MaxAnswerShown), "://", ":\u200b//")
}

// text is the example for a terminal; empty if there is none.
func (e example) text() string {
	if len(e.Rows) == 0 && e.Body == "" {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n" + e.Title + ":\n")
	for _, row := range e.Rows {
		fmt.Fprintf(&b, "  %-8s  %s\n", row[0], isolate(row[1]))
	}
	if e.Body != "" {
		b.WriteString("\nThe answer begins with:\n")
	}
	for line, rest := "", e.Body; rest != ""; {
		line, rest = cutLine(rest, textWidth-len(bodyMargin))
		b.WriteString(bodyMargin + isolate(line) + "\n")
	}
	return b.String()
}

// cutLine separates what fits into a line of n characters from the rest. It cuts at a
// space if there is one in the line's second half.
func cutLine(s string, n int) (line, rest string) {
	if utf8.RuneCountInString(s) <= n {
		return s, ""
	}
	end := 0
	for range n {
		_, size := utf8.DecodeRuneInString(s[end:])
		end += size
	}
	if space := strings.LastIndexByte(s[:end], ' '); space > end/2 {
		return s[:space], s[space+1:]
	}
	return s[:end], s[end:]
}

// html is the example as a box; empty if there is none.
func (e example) html() markup {
	var rows markup
	for _, row := range e.Rows {
		rows += `<tr><td class="soft" valign="top" width="76" style="width:76px;padding:2px 8px 2px 0;font-size:13px;line-height:19px;color:#626976;">` + esc(row[0]) + `</td>` +
			`<td class="ink" valign="top" style="padding:2px 0;font-size:13px;line-height:19px;color:#20242c;word-break:break-word;overflow-wrap:anywhere;"><bdi>` + esc(row[1]) + `</bdi></td></tr>
`
	}
	var page markup
	if rows != "" {
		page = label(e.Title) + `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="width:100%;table-layout:fixed;">
` + rows + `</table>
`
	}
	if e.Body != "" {
		page += label("The answer begins with") + box(`<bdi dir="ltr">`+esc(e.Body)+`</bdi>`)
	}
	return page
}
