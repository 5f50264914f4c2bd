package metrics

import (
	"io"
	"testing"
	"time"
)

// BenchmarkFlush collects and writes deliver's figures for a batch of ten; an
// op is one webhook of the batch.
func BenchmarkFlush(b *testing.B) {
	r := &Recorder{Out: io.Discard, Now: time.Now}
	detail := struct {
		App          string `json:"app"`
		Event        string `json:"event"`
		ResponseCode int    `json:"response_code"`
	}{"internal", "issue.created", 200}
	b.ReportAllocs()
	for i := 1; b.Loop(); i++ {
		r.Count("webhook.attempts", "outcome", "success")
		r.Milliseconds("webhook.latency", 12345*time.Microsecond)
		r.Detail("webhooks", detail)
		if i%10 == 0 {
			r.Flush()
		}
	}
}
