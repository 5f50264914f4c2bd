package delivery

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// countsMessage carries counts that could not be added over RetryQueue. They must
// not be lost, since a lost success could disable an app.
type countsMessage struct {
	Key    string       `json:"pk"` // tally.Key
	Date   tally.Date   `json:"day"`
	Counts tally.Counts `json:"counts"`
	At     int64        `json:"at"` // unix milliseconds: start of the first of the requests that were counted
}

// queuedCounts is a message with counts. Open makes it.
type queuedCounts struct {
	*item
	countsMessage
}

const firstCountsWait = 5 * time.Second

func (c countsMessage) delayed() Delayed {
	at := time.UnixMilli(c.At)
	return Delayed{
		Message: Message{Body: c.body(), SentAt: at, DueAt: at.Add(firstCountsWait), Kind: KindCounts},
		GroupID: appOf(c.Key),
		Wait:    firstCountsWait,
	}
}

func (c countsMessage) body() string {
	body, _ := json.Marshal(c) // this cannot fail
	return string(body)
}

func decodeCounts(body []byte) (c countsMessage, err error) {
	if err := json.Unmarshal(body, &c); err != nil {
		return countsMessage{}, &platform.InvalidError{Problem: "is not a message of counts"}
	}
	if _, err := tally.ParseDate(string(c.Date)); err != nil {
		return countsMessage{}, &platform.InvalidError{Field: "day", Problem: "must be a day, as in 2026-11-24"}
	}
	if _, _, _, err := tally.SplitKey(c.Key); err != nil {
		return countsMessage{}, &platform.InvalidError{Field: "pk", Problem: "must be an app's and an organization's id, and a generation"}
	}
	n := c.Counts
	if min(n.Success, n.Error, n.Timeout, n.Gone, n.Fatal, n.Other, n.Alive) < 0 {
		return countsMessage{}, &platform.InvalidError{Field: "counts", Problem: "must not be below zero"}
	}
	return c, nil
}

// fields is the fields of a log line about the counts.
func (c countsMessage) fields() []any {
	return []any{"key", c.Key, "day", c.Date, "counts", fmt.Sprintf("%+v", c.Counts)}
}

// appOf is the app in a key of the Buffer.
func appOf(key string) string {
	id, _, _ := strings.Cut(key, "#")
	return id
}
