package show_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"

	"hookwarden/cmd/hookwarden/internal/show"
)

func page(b *strings.Builder, width int) *show.Page {
	return &show.Page{Out: b, Width: width, Zone: time.UTC, Now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
}

func TestTableCutsOnlyWhatMayBeCut(t *testing.T) {
	columns := []show.Column{{Head: "ID"}, {Head: "NAME", Cut: true}, {Head: "N", Right: true}, {Head: "URL", Cut: true}}
	rows := [][]show.Cell{
		{show.Text("17"), show.Text("a name that is rather long"), show.Text("5"), show.Text("https://a.example/hooks/with/a/path")},
		{show.Text("1800000000000000"), show.Text("日本語の名前"), show.Text("12345"), show.Text("https://b.example")},
	}
	var b strings.Builder
	page(&b, 60).Table(columns, rows)
	want := `ID                NAME                  N  URL
17                a name that is …      5  https://a.exampl…
1800000000000000  日本語の名前      12345  https://b.example
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for line := range strings.Lines(b.String()) {
		if uniseg.StringWidth(strings.TrimSuffix(line, "\n")) > 60 {
			t.Errorf("too wide: %s", line)
		}
	}
	b.Reset()
	page(&b, 0).Table(columns, rows)
	if strings.Contains(b.String(), "…") {
		t.Errorf("cut, though nobody looks:\n%s", b.String())
	}
	b.Reset()
	page(&b, 20).Table(columns, rows)
	if !strings.Contains(b.String(), "1800000000000000") {
		t.Errorf("an id was cut:\n%s", b.String())
	}
}

func TestCleanShowsWhatATerminalWouldObey(t *testing.T) {
	for in, want := range map[string]string{
		"plain, naïve 日本語 👍":          "plain, naïve 日本語 👍",
		"\x1b[2J":                     `\x1b[2J`,
		"\x9b31m\x07":                 `\x9b31m\x07`,
		"line\r\nbreak\tand tab":      "line  break and tab",
		"abc\u202egnp.exe":            `abc\u202egnp.exe`,
		"zero\u200bwidth":             `zero\u200bwidth`,
		"not UTF-8: \xff":             "not UTF-8: �",
		"per cent %d stays as it is%": "per cent %d stays as it is%",
	} {
		if in == "\x9b31m\x07" {
			in = "\u009b31m\x07"
		}
		if got := show.Clean(in); strings.ToValidUTF8(got, "�") != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSayWrapsAtTheWidth(t *testing.T) {
	var b strings.Builder
	p := page(&b, 40)
	p.Say("%s", strings.Repeat("word ", 30))
	p.Item("%s", strings.Repeat("word ", 30))
	p.Field("name", show.Text("%s", strings.Repeat("word ", 30)))
	p.Field("empty", show.Text(""))
	for line := range strings.Lines(b.String()) {
		if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > 40 {
			t.Errorf("too wide: %q", line)
		}
	}
	if got := strings.Count(b.String(), "word"); got != 90 || strings.Contains(b.String(), "empty") {
		t.Errorf("%d words:\n%s", got, b.String())
	}
}

func TestTimesAreOfTheZoneAndJSONOfUTC(t *testing.T) {
	var b strings.Builder
	p := page(&b, 80)
	p.Zone = time.FixedZone("IST", 19800)
	at := time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)
	if got := p.When(at); got != "2026-11-25 15:00:00 IST (2 h ago)" {
		t.Errorf("got %q", got)
	}
	if got := p.When(time.Time{}); got != "" {
		t.Errorf("zero is %q", got)
	}
	encoded, err := json.Marshal(show.At(at.In(p.Zone)))
	if err != nil || string(encoded) != `"2026-11-25T09:30:00.000Z"` {
		t.Errorf("JSON %s, %v", encoded, err)
	}
}

// A program reads the same text; a terminal that shows it obeys nothing.
func TestJSONHasNoCharacterThatATerminalWouldObey(t *testing.T) {
	const hostile = "a\x1b[2J \u007f\u009b31m \u202egnp.exe \ufeff ü </b>"
	var out strings.Builder
	if err := show.JSON(&out, map[string]string{"url": hostile}); err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexAny(out.String(), "\x1b\u007f\u009b\u202e\ufeff"); i >= 0 {
		t.Errorf("%q", out.String()[i:])
	}
	var read map[string]string
	if err := json.Unmarshal([]byte(out.String()), &read); err != nil || read["url"] != hostile || !strings.Contains(out.String(), "ü") {
		t.Errorf("%v, %q of %s", err, read["url"], out.String())
	}
}

func TestCleanShowsBytesThatAreNoText(t *testing.T) {
	if got := show.Clean("a\x9b31mb"); got != "a\ufffd31mb" {
		t.Errorf("%q", got)
	}
}

func TestSpanHasOneUnit(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0 s", 59 * time.Second: "59 s", time.Minute: "1 min", 119 * time.Minute: "119 min",
		2 * time.Hour: "2 h", 47 * time.Hour: "47 h", 48 * time.Hour: "2 days"} {
		if got := show.Span(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

func TestProgressIsSilentUnlessAPersonLooks(t *testing.T) {
	for _, visible := range []bool{false, true} {
		var b strings.Builder
		p := show.NewProgress(&b, visible, 10, "apps")
		p.Add(4)
		p.Done()
		if (b.Len() > 0) != visible {
			t.Errorf("visible %t: wrote %q", visible, b.String())
		}
	}
}
