package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
)

// CountsMessage carries counts that could not be added over RetryQueue: they
// must not be lost, since a lost success could disable someone.
type CountsMessage struct {
	Key    string
	Date   tally.Date
	Counts tally.Counts
	At     time.Time // start of the first of the requests that were counted
}

type countsBody struct {
	Key    string       `json:"pk"`
	Date   string       `json:"day"`
	Counts tally.Counts `json:"counts"`
	At     int64        `json:"at"` // unix milliseconds
}

const firstCountsWait = 5 * time.Second

func (c CountsMessage) later() Later {
	body, _ := json.Marshal(countsBody{c.Key, string(c.Date), c.Counts, c.At.UnixMilli()}) // cannot fail
	return Later{
		Message: Message{Body: string(body), SentAt: c.At, DueAt: c.At.Add(firstCountsWait), Counts: true},
		GroupID: c.appID(),
		Wait:    firstCountsWait,
	}
}

func (c CountsMessage) appID() string { return appOf(c.Key) }

// appOf is the app of a key of the Buffer.
func appOf(key string) string {
	id, _, _ := strings.Cut(key, "#")
	return id
}

// generation is 0 in a message of an older version.
func (c CountsMessage) generation() int64 {
	_, _, generation, _ := tally.SplitKey(c.Key)
	return generation
}

func decodeCounts(body []byte) (CountsMessage, error) {
	var b countsBody
	if err := json.Unmarshal(body, &b); err != nil {
		return CountsMessage{}, &platform.InvalidError{Problem: "is not a message of counts"}
	}
	date, err := tally.ParseDate(b.Date)
	if err != nil {
		return CountsMessage{}, &platform.InvalidError{Field: "day", Problem: "must be a day, as in 2026-11-24"}
	}
	c := CountsMessage{Key: b.Key, Date: date, Counts: b.Counts, At: time.UnixMilli(b.At)}
	if _, _, _, err := tally.SplitKey(c.Key); err != nil {
		return CountsMessage{}, &platform.InvalidError{Field: "pk", Problem: "must be an app's and an organization's id, and a generation"}
	}
	if min(b.Counts.Success, b.Counts.Error, b.Counts.Timeout, b.Counts.Gone, b.Counts.Fatal, b.Counts.Other, b.Counts.Alive) < 0 {
		return CountsMessage{}, &platform.InvalidError{Field: "counts", Problem: "must not be below zero"}
	}
	return c, nil
}

// addCounts adds the counts of our own messages to the key that they carry: it says
// which generation the attempts were made with, whatever became of the app since.
func (j *Job) addCounts(ctx context.Context, items []*item) {
	var all sync.WaitGroup
	for _, it := range items {
		if !it.settled() {
			all.Go(func() { j.guard(ctx, it, func() { j.addCountsOf(ctx, it) }) })
		}
	}
	all.Wait()
}

func (j *Job) addCountsOf(ctx context.Context, it *item) {
	counts := it.counted.Counts
	if it.counted.generation() == 0 { // they would not be judged
		j.Metrics.Count("counts.dropped", "", "")
		j.Logger.WarnContext(ctx, "counts of no generation dropped", it.names("key", it.counted.Key,
			"day", it.counted.Date, "counts", fmt.Sprintf("%+v", counts))...)
		return
	}
	if it.Receives > 1 { // it may have been added before
		counts = counts.OnlySuccess()
	}
	if counts.IsZero() {
		return
	}
	left, err := j.add(ctx, CounterKey{it.counted.Key, it.counted.Date}, counts)
	if left.IsZero() {
		return
	}
	rest := it.counted
	rest.Counts = left
	if errors.Is(err, platform.ErrRefused) {
		it.dead(ReasonRefused, "the table refuses these counts for good")
		it.letter.Body = rest.later().Body
		return
	}
	if j.expired(it) {
		j.lose(ctx, it, left)
		return
	}
	it.later(deferCounts, j.faultWait(it))
	it.next.Body = rest.later().Body
}

// lose gives counts up that could not be added for as long as a webhook may
// live. The line has all that is needed to add them by hand.
func (j *Job) lose(ctx context.Context, it *item, counts tally.Counts) {
	c := it.counted
	j.Logger.ErrorContext(ctx, "counts lost",
		it.names("key", c.Key, "day", c.Date, "counts", fmt.Sprintf("%+v", counts), "at", platform.FormatTime(c.At))...)
}
