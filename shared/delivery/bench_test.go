package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"hookwarden/shared/platform"
	"hookwarden/shared/tally"
	"hookwarden/shared/webhook"
)

// quiet is a world that keeps nothing, so that only the job is measured.
type quiet struct {
	*world
	answer func(webhook.Request) webhook.Result
}

func (q quiet) Send(_ context.Context, r webhook.Request) webhook.Result             { return q.answer(r) }
func (quiet) AddCounts(context.Context, CounterKey, tally.Counts, tally.Clues) error { return nil }
func (quiet) WriteEntries(context.Context, []Entry) (unwritten []Entry)              { return nil }
func (quiet) Count(name, dimension, value string)                                    {}
func (quiet) SendDelayed(context.Context, []Delayed) []Unsent                        { return nil }

// BenchmarkDeliver delivers batches of ten webhooks of one internal app; an
// op is one webhook. Everything around the job is in memory and answers at
// once.
func BenchmarkDeliver(b *testing.B) {
	for name, code := range map[string]int{"success": http.StatusOK, "error": http.StatusBadRequest} {
		b.Run(name, func(b *testing.B) {
			w := newWorld()
			w.register("17", platform.Internal, nil)
			q := quiet{w, status(code)}
			j := New(Config{Timeout: time.Second, Guarded: []platform.Status{platform.Internal}, MaxAge: 72 * time.Hour, RequestLog: LogAll, DefaultActor: webhook.Application("sentry", "Sentry")},
				Deps{Registry: q, Warnings: q, Sender: q, Counters: q, Log: q, Outbox: q, Claims: q, Metrics: q, Logger: slog.New(slog.DiscardHandler), Now: time.Now, NewMark: w.newMark})
			data := `{"issue":{"id":"1","title":"` + strings.Repeat("panic: a value is nil; ", 40) + `"}}`
			batch := make([]Message, 10)
			for i := range batch {
				batch[i] = message("17")
				batch[i].ID = fmt.Sprint("sqs-", i)
				batch[i].Body = strings.Replace(batch[i].Body, `"data":{}`, `"data":`+data, 1)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%len(batch) == 0 {
					if returned := j.Deliver(b.Context(), batch); len(returned) > 0 {
						b.Fatal("webhooks were returned")
					}
				}
			}
		})
	}
}
