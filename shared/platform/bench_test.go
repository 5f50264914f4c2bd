package platform

import (
	"strings"
	"testing"
)

func BenchmarkDecodeWebhook(b *testing.B) {
	body := []byte(strings.Replace(webhookMessage, `{"id":"1"}`, `{"id":"1","title":"`+strings.Repeat("panic: a value is nil; ", 40)+`"}`, 1))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeWebhook(body); err != nil {
			b.Fatal(err)
		}
	}
}
