package delivery

import "hookwarden/shared/platform"

// names are the fields of a log line about a message: what names it, and more.
// It reads the body anew if that was not decoded, so it is for lines that are
// rare.
func (it *item) names(more ...any) []any {
	names := []any{"message_id", it.ID}
	switch {
	case it.Counts:
		names = append(names, "app_id", it.webhook.AppID)
	default:
		names = append(names, platform.NamesIn([]byte(it.Body))...)
	}
	return append(names, more...)
}
