package notice

import (
	"math"

	"hookwarden/shared/tally"
)

// bar is one day in three parts, in hundredths of the busiest day; Rest fills it up
// to a hundred.
type bar struct{ Success, Failed, Rest int }

// legend is a colour in the picture and its meaning, in the words of the columns.
type legend struct {
	Class, Color markup
	Words        string
}

const (
	failedColor  markup = "#c9414d"
	successColor markup = "#2b8a7e"
)

// total is in floating point, which cannot overflow.
func total(d tally.Day) float64 { return float64(d.Success) + failed(d) }

// failed leaves out Gone, which is included in Error.
func failed(d tally.Day) float64 {
	return float64(d.Error) + float64(d.Timeout) + float64(d.Fatal) + float64(d.Other)
}

func barOf(d tally.Day, busiest float64) bar {
	if busiest <= 0 {
		return bar{Rest: 100}
	}
	b := bar{Success: percent(float64(d.Success), busiest), Failed: percent(failed(d), busiest)}
	if over := b.Success + b.Failed - 100; over > 0 { // both were rounded up
		if b.Success > b.Failed {
			b.Success -= over
		} else {
			b.Failed -= over
		}
	}
	b.Rest = 100 - b.Success - b.Failed
	return b
}

// visible is the smallest part of a bar that can be seen.
const visible = 3

func percent(n, all float64) int {
	if n <= 0 {
		return 0
	}
	return min(100, max(visible, int(math.Round(100*n/all))))
}

// html writes the table with a bar for each day; nothing if there are no days.
func (t daysTable) html() markup {
	if len(t.Rows) == 0 {
		return ""
	}
	var columns, rows, colors markup
	for _, name := range t.Columns {
		columns += `<th class="soft line" scope="col" align="right" valign="bottom" style="padding:6px 0 6px 8px;border-bottom:1px solid #e2e5ea;font-size:12px;line-height:16px;font-weight:400;color:#626976;text-align:right;word-break:normal;overflow-wrap:normal;">` + esc(name) + `</th>
`
	}
	for _, row := range t.Rows {
		rows += row.html()
	}
	for _, l := range t.Legend {
		colors += `<span class="` + l.Class + `" style="background-color:` + l.Color + `;font-size:10px;">&nbsp;&nbsp;&nbsp;</span>&nbsp;` + esc(l.Words) + `&nbsp;&nbsp; `
	}
	return `
<table class="line" width="100%" cellpadding="0" cellspacing="0" border="0" style="width:100%;border-collapse:collapse;font-size:13px;line-height:18px;font-variant-numeric:tabular-nums;">
<tr>
<th class="soft line" scope="col" align="left" valign="bottom" style="padding:6px 8px 6px 0;border-bottom:1px solid #e2e5ea;font-size:12px;line-height:16px;font-weight:400;color:#626976;text-align:left;">Day</th>
<td class="line" style="border-bottom:1px solid #e2e5ea;font-size:1px;line-height:1px;">&nbsp;</td>
` + columns + `</tr>
` + rows + `</table>
<p class="soft" style="margin:10px 0 0;font-size:12px;line-height:16px;color:#626976;">` + colors + `Days&nbsp;are&nbsp;in&nbsp;UTC.</p>
`
}

func (r dayRow) html() markup {
	var weight markup = `400`
	if r.Decided {
		weight = `700`
	}
	var cells markup
	for _, n := range r.Cells {
		cells += `<td class="ink line" align="right" style="padding:7px 0 7px 8px;border-bottom:1px solid #e2e5ea;font-size:13px;line-height:18px;font-weight:` + weight + `;color:#20242c;text-align:right;white-space:nowrap;">` + esc(short(n)) + `</td>
`
	}
	return `<tr>
<th class="ink line" scope="row" align="left" width="84" style="width:84px;padding:7px 8px 7px 0;border-bottom:1px solid #e2e5ea;font-size:13px;line-height:18px;font-weight:` + weight + `;color:#20242c;text-align:left;white-space:nowrap;">` + esc(r.Day) + `</th>
<td class="line" width="45%" style="width:45%;padding:7px 0;border-bottom:1px solid #e2e5ea;">` + r.Bar.html() + `</td>
` + cells + `</tr>
`
}

func (b bar) html() markup {
	return `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="width:100%;table-layout:fixed;border-collapse:collapse;"><tr>` +
		part(b.Failed, "failed", failedColor) + part(b.Success, "success", successColor) + part(b.Rest, "track", "#eceef1") +
		`</tr></table>`
}

// part is one colour of a bar, as wide as percent; nothing if that is 0.
func part(percent int, class, color markup) markup {
	if percent == 0 {
		return ""
	}
	return `<td class="` + class + `" width="` + digits(percent) + `%" height="10" bgcolor="` + color +
		`" style="width:` + digits(percent) + `%;height:10px;background-color:` + color + `;font-size:1px;line-height:10px;">&nbsp;</td>`
}
