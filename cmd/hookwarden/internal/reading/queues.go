package reading

import (
	"context"
	"strings"
	"time"
)

type queueLine struct {
	Name string `json:"name"`
	depth
	OldestSeconds *int64 `json:"oldest_seconds"` // null: not known
}

// The queues of a stack, by their names in stack.env.
func queueNames() []string {
	return []string{"WEBHOOK_QUEUE_URL", "RETRY_QUEUE_URL", "REGISTRY_QUEUE_URL", "NOTIFICATION_QUEUE_URL", "EVENTS_QUEUE_URL"}
}

func letterNames() []string {
	return []string{"WEBHOOK_DLQ_URL", "REGISTRY_DLQ_URL", "NOTIFICATION_DLQ_URL", "STREAM_DLQ_URL"}
}

// spoken writes WEBHOOK_DLQ_URL as WebhookDLQ, as the template does.
func spoken(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(strings.TrimSuffix(name, "_URL"), "_") {
		if word == "DLQ" {
			b.WriteString(word)
			continue
		}
		b.WriteString(word[:1] + strings.ToLower(word[1:]))
	}
	return b.String()
}

// readQueues reads depths, and ages as far as they are known.
func readQueues(ctx context.Context, from *source, names []string) ([]queueLine, error) {
	lines := make([]queueLine, len(names))
	there := make([]bool, len(names))
	var ages map[string]time.Duration
	err := each(ctx, len(names)+1, func(ctx context.Context, i int) (err error) {
		if i == len(names) {
			ages, _ = from.watch.ReadAges(ctx, names) // or they are not known
			return nil
		}
		lines[i].Name = spoken(names[i])
		lines[i].depth, there[i], err = from.queues.ReadDepth(ctx, names[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	found := []queueLine{}
	for i, line := range lines {
		if !there[i] {
			continue
		}
		if age, ok := ages[names[i]]; ok {
			seconds := int64(age / time.Second)
			line.OldestSeconds = &seconds
		}
		found = append(found, line)
	}
	return found, nil
}
