package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"hookwarden/localstack/stack"
)

// picture is the content of a stack: a line for each thing, with how many there
// are.
type picture map[string]int

// look takes a picture of all tables, queues and mails.
func look(ctx context.Context, s *stack.Stack) (picture, error) {
	p := make(picture)
	for _, name := range slices.Sorted(maps.Keys(s.Names)) {
		var err error
		switch {
		case strings.HasSuffix(name, "_TABLE"):
			err = p.table(ctx, s, name)
		case strings.HasSuffix(name, "_QUEUE_URL"), strings.HasSuffix(name, "_DLQ_URL"):
			err = p.queue(ctx, s, name)
		}
		if err != nil {
			return nil, err
		}
	}
	return p, p.mails(ctx, s)
}

func (p picture) table(ctx context.Context, s *stack.Stack, name string) error {
	items, err := s.Scan(ctx, name)
	for _, item := range items {
		if _, ok := item["secrets"]; ok {
			item["secrets"] = "[redacted]"
		}
		line, _ := json.Marshal(item) // cannot fail: it has strings, numbers, lists and maps
		p["in "+name+": "+string(line)]++
	}
	return err
}

func (p picture) queue(ctx context.Context, s *stack.Stack, name string) error {
	url := s.Names[name]
	out, err := s.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		return fmt.Errorf("look at %s: %w", name, err)
	}
	for _, attribute := range []string{"", "Delayed", "NotVisible"} {
		n, _ := strconv.Atoi(out.Attributes["ApproximateNumberOfMessages"+attribute])
		p["on "+strings.TrimSuffix(name, "_URL")+": a message"] += n
	}
	return nil
}

func (p picture) mails(ctx context.Context, s *stack.Stack) error {
	mails, err := s.Mails(ctx)
	for _, m := range mails {
		p[fmt.Sprintf("in the mailbox: %s to %s", m.Subject, strings.Join(m.To, ", "))]++
	}
	return err
}

// changes says what is new and what is gone since the picture was taken. An
// item that changed is both.
func (p picture) changes(now picture) []string {
	var lines []string
	for _, thing := range slices.Sorted(maps.Keys(p)) {
		lines = append(lines, slices.Repeat([]string{"gone " + thing}, max(0, p[thing]-now[thing]))...)
	}
	for _, thing := range slices.Sorted(maps.Keys(now)) {
		lines = append(lines, slices.Repeat([]string{"new  " + thing}, max(0, now[thing]-p[thing]))...)
	}
	if len(lines) == 0 {
		return []string{"nothing changed in the tables, on the queues and in the mailbox"}
	}
	return lines
}
