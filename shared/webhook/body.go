// Package webhook makes and sends one signed POST and says how it ended. It
// knows nothing of queues, tables or retries.
package webhook

import (
	"unicode/utf8"

	"hookwarden/shared/platform"
)

// Body is what is sent and signed. Data and actor are the platform's bytes as
// they came. Strings get only the escapes that JSON requires. defaultActor
// stands in if the message names no actor.
func Body(w platform.Webhook, defaultActor []byte) []byte {
	actor := []byte(w.Actor)
	if actor == nil {
		actor = defaultActor
	}
	const frame = len(`{"action":"","installation":{"uuid":""},"data":,"actor":}`)
	b := make([]byte, 0, frame+len(w.Action)+len(w.InstallationUUID)+len(w.Data)+len(actor)+16)
	b = append(b, `{"action":`...)
	b = appendString(b, w.Action)
	b = append(b, `,"installation":{"uuid":`...)
	b = appendString(b, w.InstallationUUID)
	b = append(b, `},"data":`...)
	b = append(b, w.Data...)
	b = append(b, `,"actor":`...)
	b = append(b, actor...)
	return append(b, '}')
}

// Application is the actor of a webhook that no user caused.
func Application(id, name string) []byte {
	b := append([]byte(nil), `{"type":"application","id":`...)
	b = appendString(b, id)
	b = append(b, `,"name":`...)
	b = appendString(b, name)
	return append(b, '}')
}

// appendString writes a JSON string. encoding/json would also escape U+2028 and
// U+2029, which JSON does not require.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s { // a byte that is not UTF-8 becomes U+FFFD
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r < ' ':
			b = append(b, `\u00`...)
			b = append(b, hex[r>>4], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
