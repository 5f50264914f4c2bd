package notice

import "hookwarden/shared/platform"

// adviceOnAnswer is what a receiver's owner can do about the commonest answer;
// empty if that says no more than the rule's reason.
func (m *message) adviceOnAnswer(a platform.Answer) string {
	switch a.Code {
	case "dns", "dns_temporary":
		return "Fix the DNS entry of your server's name, or enter a webhook URL in the settings whose name resolves."
	case "refused", "unreachable", "timeout_connect":
		return "Make sure that your receiver is up and that it can be reached from the internet: check its port, and any firewall or proxy in front of it."
	case "reset", "closed":
		return "Find out what ends the connections: your receiver, or a proxy or firewall in front of it. It may crash while it handles a webhook."
	case "tls":
		return "Renew your server's certificate if it has expired. Make sure that it is valid for the name in the webhook URL, and that your server sends the whole chain."
	case "protocol":
		return "Make sure that an HTTP server answers at the webhook URL, and nothing else."
	case "blocked_address":
		return "Enter a webhook URL in the settings that leads to a public address."
	case "blocked_port":
		return "Enter a webhook URL in the settings with port 443 or 80, or without a port."
	case "blocked_scheme":
		return "Enter an https URL as the webhook URL in the settings."
	case "blocked_url":
		return "Correct the webhook URL in the settings. It must not have a user name, a password or a part after a #."
	}
	switch {
	case a.Outcome == "timeout":
		return "Let your receiver answer each webhook with a 2xx status right away, and do its work afterwards."
	case a.Outcome == "redirect":
		return "Enter the URL that the redirect leads to as the webhook URL in the settings."
	case a.Outcome == "throttled":
		return "Let your receiver take more webhooks at a time: it answers that they are too many."
	case a.Status == 401 || a.Status == 403:
		return "Check how your receiver authenticates requests: is its secret the one in the settings? Does a login, a firewall or a proxy in front of it turn webhooks away?"
	case a.Status == 404:
		return "Check the path of the webhook URL: your server is up, but has nothing at that path."
	case a.Status == 405:
		return "Check the webhook URL, and let your receiver take POST requests there."
	case a.Status == 410:
		return "If your receiver has moved, enter its new URL in the settings. If it is still there, find out why it answers 410."
	case a.Status == 413:
		return "Let your server take larger requests."
	case a.Status >= 500:
		return "Look into your server's own log: it fails while it handles a webhook. A 502, 503 or 504 often comes from a proxy whose server is down."
	}
	return ""
}
