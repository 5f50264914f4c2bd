package notice

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"hookwarden/shared/platform"
)

// told is the words for an outcome: a sentence if it is the commonest, and a phrase
// for a list. %m is how many webhooks, %n the same after a "not", %s the server and
// %h its name.
type told struct{ sentence, short string }

func tell(outcome, code string) told {
	switch code {
	case "dns":
		return told{"The name %h did not resolve for %n.", "the name does not resolve"}
	case "dns_temporary":
		return told{"The name %h could not be looked up for %n.", "the name could not be looked up"}
	case "refused":
		return told{"%s refused the connection for %m.", "connection refused"}
	case "reset":
		return told{"%s broke off the connection for %m.", "connection broken off"}
	case "closed":
		return told{"%s closed the connection before its answer was complete, for %m.", "connection closed before the end"}
	case "tls":
		return told{"There was no secure connection (TLS) to the server for %n.", "no secure connection (TLS)"}
	case "protocol":
		return told{"%s did not answer %n with valid HTTP.", "not valid HTTP"}
	case "unreachable":
		return told{"There was no way to reach the server for %n.", "no route to the server"}
	case "timeout_connect":
		return told{"%s did not accept the connection for %n within the time limit.", "no connection within the time limit"}
	case "blocked_address":
		return told{"The webhook URL leads to a private address, which is forbidden. This stopped %m.", "private address, not sent"}
	case "blocked_port":
		return told{"The webhook URL has a port other than 80 and 443, which is forbidden. This stopped %m.", "forbidden port, not sent"}
	case "blocked_scheme":
		return told{"The webhook URL does not begin with https, which is required. This stopped %m.", "not https, not sent"}
	case "blocked_url":
		return told{"The webhook URL is malformed. This stopped %m.", "malformed URL, not sent"}
	}
	switch outcome {
	case "timeout":
		return told{"%s did not answer %n within the time limit.", "no answer within the time limit"}
	case "connection_error":
		return told{"There was no valid answer to %n.", "no valid answer"}
	case "blocked":
		return told{"The webhook URL is forbidden. This stopped %m.", "forbidden URL, not sent"}
	}
	name := strings.ReplaceAll(outcome, "_", " ")
	return told{"The request log has “" + name + "” for %m.", name}
}

// describeAnswer says how an attempt ended.
func describeAnswer(outcome, code string, status int) told {
	switch {
	case status == 0 || code != "":
		return tell(outcome, code)
	case outcome == "redirect":
		return told{"%s answered %m with a redirect (" + statusLine(status) + "), which is not followed.", statusLine(status)}
	}
	return told{"%s answered " + statusLine(status) + " to %m.", statusLine(status)}
}

// statusLine is a status as a server sends it: 403 Forbidden.
func statusLine(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}

// in replaces the placeholders of a sentence.
func (t told) in(many portion, w words, webhookURL string) string {
	return strings.NewReplacer("%m", many.positive, "%n", many.negative, "%s", w.server, "%h", hostOf(webhookURL, w)).Replace(t.sentence)
}

// hostOf is the server's name, or words for the server if the URL has no name.
func hostOf(webhookURL string, w words) string {
	u, err := url.Parse(webhookURL)
	if err != nil || u.Hostname() == "" {
		return "of " + strings.ToLower(w.server[:1]) + w.server[1:]
	}
	return isolate(clean(u.Hostname(), nameLimit))
}

// portion is how many of the failures that were read are of one kind, as it goes on
// with "answered" and with "did not answer".
type portion struct{ positive, negative string }

// portionOf is the portion of so many. failed tells those that were read from others
// that succeeded: it is empty if none did.
func portionOf(n int64, d platform.Diagnosis, failed string, w words) portion {
	same := func(s string) portion { return portion{s, s} }
	switch {
	case n < 1:
		return same(w.one + "s")
	case d.More && n == d.Read && n == 1:
		return same("the newest failed " + w.one)
	case d.Read < n:
		return same(w.of(n))
	case d.More && n == d.Read:
		newest := "the newest " + count(n) + " failed " + w.one + "s"
		return portion{newest, "any of " + newest}
	case d.More:
		return same(count(n) + " of the newest " + count(d.Read) + " failed " + w.one + "s")
	case n == d.Read && n == 1:
		return same("the only " + failed + w.one)
	case n == d.Read:
		all := count(n) + " " + failed + w.one + "s"
		return portion{"all " + all, "any of the " + all}
	}
	return same(count(n) + " of " + count(d.Read) + " " + failed + w.one + "s")
}
