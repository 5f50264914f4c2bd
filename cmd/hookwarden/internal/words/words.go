// Package words says in plain sentences what the log, the tables and the queues say in
// codes.
package words

import (
	"fmt"
	"net/http"
	"strings"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// Attempt explains how an attempt ended, or why a webhook was not sent: what it means
// and, if it failed, where to look. code may be empty, status is 0 without a complete
// answer.
func Attempt(outcome, code string, status int) string {
	if s := Code(code); s != "" {
		return s
	}
	switch {
	case outcome == "gone":
		return "The receiver answered 410 Gone: it says that this URL is no longer in use."
	case outcome == "throttled":
		return "The receiver answered 429: it gets more requests than it wants. This is counted for nothing."
	case outcome == "redirect":
		return fmt.Sprintf("The receiver answered %s. Redirects are not followed: register the URL that it leads to.", statusText(status))
	case outcome == "error" && (status == http.StatusUnauthorized || status == http.StatusForbidden):
		return fmt.Sprintf("The receiver answered %s: it refuses the request. Often it checks the signature with another secret.", statusText(status))
	case outcome == "error" && status == http.StatusNotFound:
		return "The receiver answered 404 Not Found: nothing is at this path."
	case outcome == "error":
		return fmt.Sprintf("The receiver answered %s: it does not take this request.", statusText(status))
	case outcome == "server_error":
		return fmt.Sprintf("The receiver answered %s: something is broken on its side.", statusText(status))
	case outcome == "connection_error":
		return fmt.Sprintf("The receiver answered with the status %d, which HTTP does not have.", status)
	}
	return Outcome(outcome)
}

func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return fmt.Sprintf("%d %s", status, text)
	}
	return fmt.Sprint(status)
}

// Outcome explains an outcome; empty if it is unknown.
func Outcome(outcome string) string {
	switch outcome {
	case "success":
		return "The receiver took it (2xx)."
	case "error":
		return "The receiver answered with an error (4xx)."
	case "throttled":
		return "The receiver answered 429: it gets more requests than it wants."
	case "gone":
		return "The receiver answered 410 Gone."
	case "redirect":
		return "The receiver answered with a redirect (3xx), which is not followed."
	case "server_error":
		return "The receiver answered with an error of its own (5xx)."
	case "timeout":
		return "The receiver did not answer completely before the deadline."
	case "connection_error":
		return "There was no answer that could be understood."
	case "blocked":
		return "The URL leads where webhooks may not go. Nothing was sent."
	case "local_error":
		return "Something failed on hookwarden's side. It says nothing about the receiver, and the webhook is sent later."
	case "skipped":
		return "It was not sent."
	case "expired":
		return "It was given up: it was too old, or had been delayed too often. No further attempt is made."
	}
	return ""
}

// Code explains an error code of an attempt, or the reason of a skip; empty if it is
// unknown or empty.
func Code(code string) string {
	switch code {
	case "dns":
		return "The name in the URL does not exist (DNS says: no such host)."
	case "dns_temporary":
		return "The name in the URL could not be looked up: its name servers did not answer, or failed."
	case "refused":
		return "The receiver's machine refused the connection: nothing listens on that port."
	case "reset":
		return "The connection was reset, by the receiver or by something on the way to it."
	case "closed":
		return "The receiver closed the connection before its answer was complete."
	case "tls":
		return "No TLS session came about: the certificate is not valid for this name, has expired, is not trusted, or the two sides have no version in common."
	case "protocol":
		return "What answered does not speak HTTP/1.1, or its headers are too large."
	case "unreachable":
		return "There is no route to the receiver's address."
	case "timeout_connect":
		return "No connection came about before the deadline: the receiver's machine is down, overloaded, or behind a firewall."
	case "timeout_response":
		return "The receiver took the connection, and did not answer completely before the deadline. Receivers should answer at once, and work later."
	case "blocked_address":
		return "The name leads to an address that is not public (private, loopback, link-local). Nothing was sent."
	case "blocked_port":
		return "The URL has a port other than 80 and 443. Nothing was sent."
	case "blocked_scheme":
		return "The URL is not https. Nothing was sent."
	case "blocked_url":
		return "The URL has a form that no webhook may go to. Nothing was sent."
	case "app_deleted":
		return "It was not sent: the app was deleted before the platform queued it."
	case "not_subscribed":
		return "It was not sent: the app does not subscribe to this event."
	case "app_disabled":
		return "It was not sent: the app was disabled."
	case "no_url":
		return "It was not sent: the app has no webhook URL."
	case "copy":
		return "It was not sent: another message of the same webhook is handled."
	}
	return ""
}

// Level explains a level of warnings, as the end of "They were warned of …"; a level that
// is unknown as it is.
func Level(level string) string {
	switch {
	case level == string(tally.LevelTimeouts):
		return "half of the time-outs for which an app is disabled"
	case level == string(tally.LevelPermanent):
		return "a failure that does not pass by itself"
	case strings.HasPrefix(level, "days:"):
		return "its " + ordinal(strings.TrimPrefix(level, "days:")) + " day of nothing but failures"
	}
	return level
}

func ordinal(n string) string {
	switch {
	case strings.HasSuffix(n, "11"), strings.HasSuffix(n, "12"), strings.HasSuffix(n, "13"):
		return n + "th"
	case strings.HasSuffix(n, "1"):
		return n + "st"
	case strings.HasSuffix(n, "2"):
		return n + "nd"
	case strings.HasSuffix(n, "3"):
		return n + "rd"
	}
	return n + "th"
}

// Reason explains why an app is disabled, as the end of "It is disabled because …";
// a reason that is unknown as it is.
func Reason(reason string) string {
	switch tally.Reason(reason) {
	case tally.Fatal:
		return "the platform reported a fatal outcome of its calls"
	case tally.Gone:
		return "its receiver answered 410 Gone too often on one day, without a success"
	case tally.Timeout:
		return "too many of its requests timed out or lost the connection on one day"
	case tally.Error:
		return "each day of the window had errors and no success"
	case tally.Dead:
		return "nothing but failures came back for days"
	case platform.Manual:
		return "a person disabled it by hand"
	}
	return reason
}
