package notice

import (
	"html"
	"slices"
	"strings"
	"testing"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// diagnosed puts a diagnosis into a notice: n of 243 failures with this answer, and an
// example of them.
func diagnosed(a platform.Answer, change ...func(*platform.Diagnosis)) func(*platform.Notice) {
	a.Count = 212
	d := &platform.Diagnosis{
		FailingSince: "2026-11-18T09:12:44.000Z", LastSuccess: "2026-11-17T23:50:02.000Z",
		Answers: []platform.Answer{a}, Read: 212,
		Example: &platform.FailedRequest{At: "2026-11-24T09:58:12.034Z", WebhookID: "evt_01JDF3Z6Q8", EventType: "issue.created",
			Outcome: a.Outcome, Code: a.Code, Status: a.Status, DurationMS: 84},
	}
	for _, c := range change {
		c(d)
	}
	return func(n *platform.Notice) { n.Diagnosis = d }
}

func saying(detail, body string) func(*platform.Diagnosis) {
	return func(d *platform.Diagnosis) { d.Example.Detail, d.Example.Body = detail, body }
}

func among(others ...platform.Answer) func(*platform.Diagnosis) {
	return func(d *platform.Diagnosis) {
		d.Answers = append(d.Answers, others...)
		for _, o := range others {
			d.Read += o.Count
		}
	}
}

// reading is a number of failures that were read, all of one kind.
func reading(n int64) func(*platform.Diagnosis) {
	return func(d *platform.Diagnosis) { d.Answers[0].Count, d.Read = n, n }
}

func since22(d *platform.Diagnosis) {
	d.FailingSince, d.LastSuccess = "2026-11-22T09:12:44.000Z", "2026-11-21T23:50:02.000Z"
}

func since24(d *platform.Diagnosis) {
	d.FailingSince, d.LastSuccess = "2026-11-24T00:10:31.000Z", "2026-11-23T23:50:02.000Z"
}

// counting puts a day into a notice on which a number of webhooks failed and none
// succeeded.
func counting(failures int64) func(*platform.Notice) {
	return because("error", []tally.Day{{Date: "2026-11-24", Counts: tally.Counts{Error: failures}}})
}

func forbidden() platform.Answer { return platform.Answer{Outcome: "error", Status: 403} }

func diagnosedSamples() map[string]sample {
	errors := among(platform.Answer{Outcome: "server_error", Status: 500, Count: 20}, platform.Answer{Outcome: "timeout", Code: "timeout_response", Count: 11})
	body := "{\n  \"error\": \"forbidden\",\n  \"message\": \"The signature is missing or wrong: see https://docs.acme.example/hooks\"\n}\n"
	dead := because("dead", daysOf([]tally.Counts{{Other: 31}, {Other: 12}, {}, {}, {Other: 44}, {Other: 51}, {Other: 32}}))
	unanswered := because("dead", daysOf([]tally.Counts{{Timeout: 31}, {Timeout: 12}, {}, {}, {Timeout: 44}, {Timeout: 51}, {Timeout: 32}}))
	timeout := because("timeout", daysOf([]tally.Counts{
		{Success: 4210, Error: 3}, {Success: 3977, Timeout: 2}, {Success: 4120, Error: 7},
		{Success: 1200, Timeout: 14}, {Success: 980, Timeout: 3}, {Success: 2206, Timeout: 880}, {Success: 41, Timeout: 4388},
	}))
	return map[string]sample{
		"diagnosed_403": {config(), disabled(because("error", daysOf([]tally.Counts{
			{Error: 12}, {Error: 3}, {Error: 48}, {Error: 41}, {Error: 37}, {Error: 62}, {Error: 40}})), diagnosed(forbidden(), errors, saying("", body)))},
		"diagnosed_404": {config(), disabled(counting(212), diagnosed(platform.Answer{Outcome: "error", Status: 404}, since24,
			saying("", "<!doctype html>\n<html><head><title>404 Not Found</title></head>\n<body>\n<h1>Not Found</h1>\n</body></html>\n")))},
		"diagnosed_tls":      {config(), disabled(unanswered, diagnosed(platform.Answer{Outcome: "connection_error", Code: "tls"}, reading(170), saying("The certificate expired on 2026-11-18.", "")))},
		"diagnosed_dns":      {config(), disabled(unanswered, diagnosed(platform.Answer{Outcome: "connection_error", Code: "dns"}, reading(170), saying("The name hooks.acme.example cannot be found: there is no address for it.", "")))},
		"diagnosed_redirect": {config(), disabled(dead, diagnosed(platform.Answer{Outcome: "redirect", Status: 301}, reading(170), saying("It leads to https://www.acme.example/hooks/ci/, with a query that is not shown.", "")))},
		"diagnosed_blocked":  {config(), disabled(dead, diagnosed(platform.Answer{Outcome: "blocked", Code: "blocked_address"}, reading(170), saying("The name hooks.acme.example leads to a private address, or to another that is not public.", "")))},
		"diagnosed_timeout": {config(), disabled(timeout, diagnosed(platform.Answer{Outcome: "timeout", Code: "timeout_response"}, func(d *platform.Diagnosis) {
			d.More, d.Example.DurationMS = true, 1000
			d.FailingSince, d.LastSuccess = "2026-11-24T09:57:44.000Z", "2026-11-24T09:57:43.000Z"
			d.Example.Detail = "There was a connection, but no answer began within 1 s."
		}, reading(1000)))},
		"diagnosed_502":     {ledgerly(), disabled(ownLinks, dead, diagnosed(platform.Answer{Outcome: "server_error", Status: 502}, reading(170), saying("", "upstream connect error")))},
		"diagnosed_gone":    {ledgerly(), disabled(because("gone", daysOf([]tally.Counts{{Success: 5}, {Error: 4, Gone: 4}})), diagnosed(platform.Answer{Outcome: "gone", Status: 410}, reading(4), since24))},
		"diagnosed_partly":  {config(), disabled(func(n *platform.Notice) { n.Diagnosis = &platform.Diagnosis{LastSuccess: "2026-11-17T23:50:02.000Z"} })},
		"diagnosed_hostile": {config(), disabled(hostile)},
		"diagnosed_provider": {config(), disabled(ofKind(platform.Integration, "github", "GitHub"), counting(212),
			diagnosed(platform.Answer{Outcome: "error", Status: 401}, since24))},
	}
}

// hostile has harmful content in each text of a diagnosis.
func hostile(n *platform.Notice) {
	diagnosed(platform.Answer{Outcome: "error", Status: 403}, saying(
		newline+script+hebrew+" https://evil.example/"+strings.Repeat("y", 2000),
		"\x1b[31m\x1b]0;title\x07red\u202e\u2066"+script+"\r\nBcc: all@acme.example\r\n\r\n"+hebrew+" https://evil.example\n"+strings.Repeat("x", 300)+"\x00\x9b",
	))(n)
	e := n.Diagnosis.Example
	e.EventType, e.WebhookID, e.Outcome, e.At = script+"\n\u202e", newline, "error", script
	n.App.WebhookURL = "https://hooks.acme.example/" + strings.Repeat("x", 2000-len("https://hooks.acme.example/"))
}

func TestDiagnosedMailsAreAsTheGoldenFilesHaveThem(t *testing.T) {
	for name, s := range diagnosedSamples() {
		t.Run(name, func(t *testing.T) {
			m := s.compose(t)
			golden(t, name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
			golden(t, name+".html", m.HTML)
			checkLines(t, name, m)
		})
	}
}

// says reports whether both forms of the mail say this.
func says(t *testing.T, m Mail, want string) {
	t.Helper()
	text, page := strings.Join(strings.Fields(m.Text), " "), strings.Join(strings.Fields(html.UnescapeString(m.HTML)), " ")
	if !strings.Contains(text, want) || !strings.Contains(page, want) {
		t.Errorf("does not say %q:\n%s", want, m.Text)
	}
}

func TestDiagnosisSaysTheCommonestAnswerInWords(t *testing.T) {
	for want, a := range map[string]platform.Answer{
		"Your server answered 403 Forbidden to 212 of 243 webhooks.":                                                               forbidden(),
		"Your server answered 401 Unauthorized to 212 of 243 webhooks.":                                                            {Outcome: "error", Status: 401},
		"Your server answered 410 Gone to 212 of 243 webhooks.":                                                                    {Outcome: "gone", Status: 410},
		"Your server answered 429 Too Many Requests to 212 of 243 webhooks.":                                                       {Outcome: "throttled", Status: 429},
		"Your server answered 503 Service Unavailable to 212 of 243 webhooks.":                                                     {Outcome: "server_error", Status: 503},
		"Your server answered 499 to 212 of 243 webhooks.":                                                                         {Outcome: "error", Status: 499},
		"Your server answered 212 of 243 webhooks with a redirect (302 Found), which is not followed.":                             {Outcome: "redirect", Status: 302},
		"Your server did not answer 212 of 243 webhooks within the time limit.":                                                    {Outcome: "timeout", Code: "timeout_response"},
		"Your server did not accept the connection for 212 of 243 webhooks within the time limit.":                                 {Outcome: "timeout", Code: "timeout_connect"},
		"Your server refused the connection for 212 of 243 webhooks.":                                                              {Outcome: "connection_error", Code: "refused"},
		"Your server broke off the connection for 212 of 243 webhooks.":                                                            {Outcome: "connection_error", Code: "reset"},
		"Your server closed the connection before its answer was complete, for 212 of 243 webhooks.":                               {Outcome: "connection_error", Code: "closed"},
		"There was no secure connection (TLS) to the server for 212 of 243 webhooks.":                                              {Outcome: "connection_error", Code: "tls"},
		"The name hooks.acme.example did not resolve for 212 of 243 webhooks.":                                                     {Outcome: "connection_error", Code: "dns"},
		"The name hooks.acme.example could not be looked up for 212 of 243 webhooks.":                                              {Outcome: "connection_error", Code: "dns_temporary"},
		"Your server did not answer 212 of 243 webhooks with valid HTTP.":                                                          {Outcome: "connection_error", Code: "protocol", Status: 200},
		"There was no way to reach the server for 212 of 243 webhooks.":                                                            {Outcome: "connection_error", Code: "unreachable"},
		"The webhook URL leads to a private address, which is forbidden. This stopped 212 of 243 webhooks.":                        {Outcome: "blocked", Code: "blocked_address"},
		"The webhook URL has a port other than 80 and 443, which is forbidden. This stopped 212 of 243 webhooks.":                  {Outcome: "blocked", Code: "blocked_port"},
		"The webhook URL does not begin with https, which is required. This stopped 212 of 243 webhooks.":                          {Outcome: "blocked", Code: "blocked_scheme"},
		"The webhook URL is malformed. This stopped 212 of 243 webhooks.":                                                          {Outcome: "blocked", Code: "blocked_url"},
		"The request log has “made up later” for 212 of 243 webhooks.":                                                             {Outcome: "made_up_later", Code: "new"},
		"The request log has “made up later” for 212 of 243 webhooks. Less often: 404 Not Found (30), no valid answer (1). It has": {Outcome: "made_up_later"},
	} {
		m := compose(t, disabled(counting(243), diagnosed(a, among(platform.Answer{Outcome: "error", Status: 404, Count: 30}, platform.Answer{Outcome: "connection_error", Count: 1}))))
		if strings.Contains(want, "It has") {
			m.HTML = strings.NewReplacer("<b>", "", "</b>", "", `<p style="margin:0 0 16px;">`, "", "</p>", "").Replace(m.HTML)
		}
		says(t, m, want)
	}
}

func TestDiagnosisSaysHowManyOfWhich(t *testing.T) {
	one := func(failures int64) []tally.Day {
		return []tally.Day{{Date: "2026-11-24", Counts: tally.Counts{Error: failures}}}
	}
	alive := []tally.Day{{Date: "2026-11-24", Counts: tally.Counts{Success: 4, Error: 1}}}
	for want, row := range map[string]struct {
		count, read int64
		more        bool
		evidence    []tally.Day
	}{
		"to 212 of 243 webhooks.":                   {212, 243, false, one(243)},
		"to 212 of the newest 244 failed webhooks.": {212, 244, false, one(245)},
		"to the newest failed webhook.":             {1, 1, false, one(14)},
		"to 212 of 243 failed webhooks.":            {212, 243, false, alive},
		"to 7 of 9 failed webhooks.":                {7, 9, false, nil},
		"to 212 of the newest 243 failed webhooks.": {212, 243, true, week(errorsOn)},
		"to the newest 243 failed webhooks.":        {243, 243, true, week(errorsOn)},
		"to all 1,243 webhooks.":                    {1243, 1243, false, one(1240)},
		"to all 2 failed webhooks.":                 {2, 2, false, alive},
		"to the only webhook.":                      {1, 1, false, one(1)},
		"to the only failed webhook.":               {1, 1, false, alive},
		"to 5 webhooks.":                            {5, 0, false, alive},
		"to 1 webhook.":                             {1, 0, true, alive},
		"to webhooks.":                              {0, 0, false, alive},
	} {
		n := disabled(because("error", row.evidence))
		n.Diagnosis = &platform.Diagnosis{Answers: []platform.Answer{{Outcome: "error", Status: 403, Count: row.count}}, Read: row.read, More: row.more}
		says(t, compose(t, n), "Your server answered 403 Forbidden "+want)
	}
	for want, more := range map[string]bool{"any of the 9 webhooks": false, "any of the newest 9 failed webhooks": true} {
		n := disabled(counting(9))
		n.Diagnosis = &platform.Diagnosis{Answers: []platform.Answer{{Outcome: "timeout", Count: 9}}, Read: 9, More: more}
		says(t, compose(t, n), "Your server did not answer "+want+" within the time limit.")
	}
}

func TestDiagnosisAdvisesByTheCommonestAnswerElseByTheReason(t *testing.T) {
	advice := make(map[string]platform.Answer)
	for _, a := range []platform.Answer{
		{Code: "dns"}, {Code: "refused"}, {Code: "closed"}, {Code: "tls"}, {Code: "protocol"}, {Code: "blocked_address"}, {Code: "blocked_port"},
		{Code: "blocked_scheme"}, {Code: "blocked_url"}, {Outcome: "timeout"}, {Outcome: "redirect", Status: 301}, {Outcome: "throttled", Status: 429},
		{Status: 401}, {Status: 404}, {Status: 405}, {Status: 410}, {Status: 413}, {Status: 500},
	} {
		m := new(message)
		text := m.adviceOnAnswer(a)
		if other, twice := advice[text]; twice || text == "" {
			t.Errorf("%+v: %q, as for %+v", a, text, other)
		}
		advice[text] = a
		says(t, compose(t, disabled(diagnosed(a))), text)
	}
	usual := "let your receiver answer webhooks with a 2xx status again."
	says(t, compose(t, disabled(diagnosed(platform.Answer{Outcome: "error", Status: 422}))), usual)
	says(t, compose(t, disabled()), usual)
	says(t, compose(t, disabled(func(n *platform.Notice) { n.Diagnosis = &platform.Diagnosis{} })), usual)
	m := diagnosedSamples()["diagnosed_provider"].compose(t)
	says(t, m, "The service answered 401 Unauthorized to all 212 calls.")
	says(t, m, "Authorize the integration again in its settings")
}

func TestDiagnosisShowsOneRequestAndWhenItBegan(t *testing.T) {
	m := diagnosedSamples()["diagnosed_403"].compose(t)
	says(t, m, "It has been failing since Wednesday, 18 November 2026, at 09:12 UTC. The last webhook that succeeded was on Tuesday, 17 November 2026, at 23:50 UTC.")
	for _, line := range []string{"  Time      24 November 2026, 09:58:12 UTC\n", "  Event     issue.created\n", "  ID        evt_01JDF3Z6Q8\n",
		"  Result    403 Forbidden\n", "  Duration  84 ms\n", "  | { \"error\": \"forbidden\", \"message\": \"The signature is missing or\n"} {
		if !strings.Contains(m.Text, line) {
			t.Errorf("no line %q:\n%s", line, m.Text)
		}
	}
	for _, value := range []string{"24 November 2026, 09:58:12 UTC", "issue.created", "evt_01JDF3Z6Q8", "403 Forbidden", "84 ms", "&#34;error&#34;: &#34;forbidden&#34;"} {
		if !strings.Contains(m.HTML, value) {
			t.Errorf("the page has no %q", value)
		}
	}
	says(t, diagnosedSamples()["diagnosed_redirect"].compose(t), "It leads to https://www.acme.example/hooks/ci/, with a query that is not shown.")
	says(t, diagnosedSamples()["diagnosed_tls"].compose(t), "The certificate expired on 18 November 2026.")
	for _, name := range []string{"diagnosed_dns", "diagnosed_blocked"} {
		if m := diagnosedSamples()[name].compose(t); strings.Contains(fold(m.Text), "no address for it") || strings.Contains(fold(m.Text), "not public") {
			t.Errorf("%s says a thing twice:\n%s", name, m.Text)
		}
	}
	other := disabled(diagnosed(forbidden(), saying("of another answer", ""), func(d *platform.Diagnosis) { d.Example.Status = 404 }))
	if m := compose(t, other); strings.Contains(fold(m.Text), "of another answer") {
		t.Errorf("says of the commonest answer what is so of another:\n%s", m.Text)
	}
}

func TestDiagnosisNamesTheServerWhateverItsURL(t *testing.T) {
	for url, want := range map[string]string{
		"https://hooks.acme.example:8443/ci": "The name hooks.acme.example did not resolve",
		"https://בוט.example/":               "The name \u2068בוט.example\u2069 did not resolve",
		"":                                   "The name of your server did not resolve",
		"://%zz":                             "The name of your server did not resolve",
		"https://a\r\nBcc:b.example/":        "The name of your server did not resolve",
	} {
		says(t, compose(t, disabled(diagnosed(platform.Answer{Outcome: "connection_error", Code: "dns"}), func(n *platform.Notice) { n.App.WebhookURL = url })), want)
	}
}

func TestDiagnosisLeavesNoEmptyPart(t *testing.T) {
	n := disabled(func(n *platform.Notice) { n.Diagnosis = &platform.Diagnosis{Example: &platform.FailedRequest{}} })
	if with, without := compose(t, n), compose(t, disabled()); with != without {
		t.Errorf("a diagnosis without anything in it changes the mail:\n%s", with.Text)
	}
}

func TestAnswersAreNoLinks(t *testing.T) {
	m := diagnosedSamples()["diagnosed_403"].compose(t)
	for _, body := range []string{m.Text, m.HTML} {
		if !strings.Contains(body, "https:\u200b//docs.acme.example/hooks") || strings.Contains(body, "://docs.acme.example") {
			t.Errorf("a link of the receiver's:\n%s", body)
		}
	}
}

func TestLongAnswerIsBrokenAtSpacesWhereItHasSome(t *testing.T) {
	for _, row := range []struct {
		said string
		want []string
	}{
		{"abcdef", []string{"abcdef"}},
		{"abcde fghi", []string{"abcde", "fghi"}},
		{"a bcdefghij", []string{"a bcde", "fghij"}},
		{"éééééééé", []string{"éééééé", "éé"}},
	} {
		var got []string
		for line, rest := "", row.said; rest != ""; {
			line, rest = cutLine(rest, 6)
			got = append(got, line)
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%q: %q, want %q", row.said, got, row.want)
		}
	}
}

func TestHostileDiagnosisDoesNoHarm(t *testing.T) {
	n := disabled(hostile)
	m := compose(t, n)
	checkLines(t, "hostile", m)
	for name, body := range map[string]string{"text": m.Text, "page": m.HTML, "subject": m.Subject, "name": m.To.Name} {
		if strings.ContainsAny(body, "\x1b\u009b\x00\x07\r\u202e\u2066") {
			t.Errorf("%s: a character of control or direction came through", name)
		}
	}
	if strings.Contains(m.HTML, "<script") || strings.ContainsAny(m.Subject, "\r\n") {
		t.Error("not escaped")
	}
	if strings.Contains(m.Text, "\nBcc:") {
		t.Errorf("an answer has a line of its own:\n%s", m.Text)
	}
	for line := range strings.Lines(m.Text) {
		if strings.HasPrefix(line, "  | ") && len([]rune(strings.TrimRight(line, "\n"))) > textWidth+2 { // isolates take no room
			t.Errorf("a line of %d characters: %s", len([]rune(line)), line)
		}
	}
	if strings.Contains(m.HTML, `href="https://evil.example`) {
		t.Error("a link of the receiver's")
	}
}
