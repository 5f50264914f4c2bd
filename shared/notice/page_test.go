package notice

import (
	"html"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// hostileMessage has a different value in every field, which does harm wherever it
// is not escaped. It returns these values by the names of the fields.
func hostileMessage() (message, map[string]string) {
	const harm = `<script>"'&amp;+`
	var m message
	values := make(map[string]string)
	for i, fields := 0, reflect.ValueOf(&m).Elem(); i < fields.NumField(); i++ {
		name := fields.Type().Field(i).Name
		if fields.Field(i).Kind() != reflect.String {
			continue
		}
		values[name] = name + harm
		if strings.HasSuffix(name, "URL") {
			values[name] = "https://platform.example/" + name + harm
		}
		fields.Field(i).SetString(values[name])
	}
	values["Column"], values["Row"] = "Column"+harm, "Row"+harm
	m.Days = daysTable{Columns: []string{values["Column"]}, Rows: []dayRow{{Day: values["Row"], Cells: []int64{1}, Bar: bar{1, 2, 97}}}, Legend: []legend{{"failed", failedColor, "Legend" + harm}}}
	values["Title"], values["Name"], values["Value"], values["Line"] = "Title"+harm, "Name"+harm, "Value"+harm, "Line"+harm
	m.Example = example{Title: values["Title"], Rows: [][2]string{{values["Name"], values["Value"]}}, Body: values["Line"]}
	return m, values
}

func TestMailsHaveEveryValueAndEscapeItInHTML(t *testing.T) {
	m, values := hostileMessage()
	evidence := []string{"Column", "Row", "Title", "Name", "Value", "Line", "Answer", "Detail", "Others", "Happened", "Rule", "Advice"}
	told := []string{"When", "Cause", "By", "Note", "Failing"}
	elsewhere := map[string][]string{
		"disabled":  {"By", "Note", "Failing"},
		"warning":   {"When", "Cause", "By", "Note", "Kept"},
		"recovered": append([]string{"When", "Cause", "By", "Note", "Kept"}, evidence[:len(evidence)-3]...),
		"enabled":   append(slices.Clone(told), evidence...),
		"by hand":   append([]string{"Since", "Cause", "DashboardURL", "Failing", "Rule"}, evidence[:len(evidence)-3]...),
	}
	elsewhere["recovered"] = append(elsewhere["recovered"], "Rule", "Advice")
	elsewhere["enabled"] = slices.DeleteFunc(elsewhere["enabled"], func(name string) bool { return name == "By" })
	onPagesOnly := []string{"Subject", "LogoURL"}
	// What would show if a raw string literal did not end where it should.
	code := regexp.MustCompile(`\b(esc|href|isolate|orElse)\(|\bm\.\w|\{\{|" \+|\+ "`)
	for kind, mail := range map[string]struct{ text, page string }{
		"disabled":  {m.disabledText(), string(m.disabledPage())},
		"enabled":   {m.enabledText(), string(m.enabledPage())},
		"by hand":   {m.byHandText(), string(m.byHandPage())},
		"warning":   {m.warningText(), string(m.warningPage())},
		"recovered": {m.recoveredText(), string(m.recoveredPage())},
	} {
		for name, value := range values {
			if slices.Contains(elsewhere[kind], name) {
				continue
			}
			if !strings.Contains(mail.page, html.EscapeString(value)) {
				t.Errorf("%s page: no %s", kind, name)
			}
			if !slices.Contains(onPagesOnly, name) && !strings.Contains(mail.text, value) {
				t.Errorf("%s text: no %s", kind, name)
			}
			if strings.Contains(mail.page, name+"<") {
				t.Errorf("%s page: %s is not escaped", kind, name)
			}
		}
		if found := code.FindString(mail.page + mail.text); found != "" {
			t.Errorf("%s: code in the mail: %s", kind, found)
		}
	}
}

func TestLinksLeadToTheWebOnly(t *testing.T) {
	for _, row := range []struct {
		url  string
		want markup
	}{
		{"https://platform.example/a%2Fb?c=d&e", `href="https://platform.example/a%2Fb?c=d&amp;e"`},
		{"HTTP://localhost:8080/", `href="HTTP://localhost:8080/"`},
		{`https://platform.example/" onclick="alert(1)`, `href="https://platform.example/&#34; onclick=&#34;alert(1)"`},
		{"javascript:alert(1)", `href="#"`},
		{"data:text/html,x", `href="#"`},
		{"//platform.example/", `href="#"`},
		{" https://platform.example/", `href="#"`},
		{"", `href="#"`},
	} {
		if got := href(row.url); got != row.want {
			t.Errorf("%s: %s, want %s", row.url, got, row.want)
		}
	}
}
