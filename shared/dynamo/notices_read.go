package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// NoticesReader reads what happened to mails.
type NoticesReader struct {
	API   batchGetAPI
	Table string
}

// NoticeState is what happened to one mail.
type NoticeState struct {
	State     string // claimed, sent, refused, outdated
	ClaimedAt time.Time
	SentAt    time.Time // zero unless sent
	MessageID string    // SES's; empty unless sent
}

// ReadNotices reads notices by their ids, a hundred in a request. It leaves out
// notices that were never begun or are older than 60 days.
func (t NoticesReader) ReadNotices(ctx context.Context, ids []string) (map[string]NoticeState, error) {
	var keys []map[string]types.AttributeValue
	for _, id := range ids {
		keys = append(keys, item{"pk": text(id)})
	}
	found, err := getAll(ctx, t.API, t.Table, keys)
	if err != nil {
		return nil, err
	}
	states := make(map[string]NoticeState, len(found))
	for _, i := range found {
		i := item(i)
		states[i.text("pk")] = NoticeState{State: i.text("state"), ClaimedAt: i.time("claimed_at"),
			SentAt: i.time("sent_at"), MessageID: i.text("message_id")}
	}
	return states, nil
}
