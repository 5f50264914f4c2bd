package queue

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"hookwarden/shared/platform"
)

// DeadLetters is where a consumer sends messages that it can never handle.
type DeadLetters struct {
	API    API
	URL    string // of the queue
	Logger *slog.Logger
}

// bury sends a record there, with a body that may be shown.
func (d DeadLetters) bury(ctx context.Context, r events.SQSMessage, body string, reason platform.Reason, detail string) error {
	d.Logger.ErrorContext(ctx, "dead letter", named(r, "reason", reason, "detail", detail)...)
	e := deadLetter(body, carried(producers(r.MessageAttributes), carriedDead), reason, detail)
	_, err := sendDeadLetters(ctx, d.API, d.URL, []types.SendMessageBatchRequestEntry{e})
	return err
}

const maxDetail = 512 // bytes

// deadLetter is a message for a dead-letter queue.
func deadLetter(body string, attributes map[string]types.MessageAttributeValue, reason platform.Reason, detail string) types.SendMessageBatchRequestEntry {
	attributes[attrReason] = textValue(string(reason))
	attributes[attrDetail] = textValue(sendable(platform.Cut(detail, maxDetail)))
	e := types.SendMessageBatchRequestEntry{MessageBody: aws.String(body), MessageAttributes: attributes}
	return presentable(e, reason)
}

// maxMessage is SQS's limit for a message with its attributes, in bytes.
const maxMessage = 1 << 20

// presentable makes a dead letter that SQS takes and that shows no secrets. If SQS
// refused the letter, the message would be returned, and SQS would in the end move
// it unchanged, secrets and all.
func presentable(e types.SendMessageBatchRequestEntry, reason platform.Reason) types.SendMessageBatchRequestEntry {
	body := aws.ToString(e.MessageBody)
	if reason == platform.ReasonInvalid && strays(body) {
		e.MessageBody = aws.String(redactSecrets(body))
	}
	switch {
	case !isSendable(aws.ToString(e.MessageBody)):
		e.MessageBody = aws.String(fingerprint("has characters that SQS refuses", body))
	case size(e) > maxMessage:
		e.MessageBody = aws.String(fingerprint("too large for a letter", body))
	}
	return e
}

// strays reports whether a body may be an app.put, which has secrets, that was
// sent to another queue.
func strays(body string) bool { return strings.Contains(body, "app.put") && hasWordSecret(body) }

// sendDeadLetters is send for dead letters. If SQS still refuses one, it is sent once more
// with only the length and hash of its body, the reason and the detail.
func sendDeadLetters(ctx context.Context, api API, dlq string, letters []types.SendMessageBatchRequestEntry) (failed []failure, last error) {
	all, _ := send(ctx, api, dlq, letters)
	for _, f := range all {
		if errors.Is(f.err, platform.ErrRefused) {
			again, err := send(ctx, api, dlq, []types.SendMessageBatchRequestEntry{bare(letters[f.index])})
			if err == nil {
				continue
			}
			f.mayBeQueued, f.err = again[0].mayBeQueued, err
		}
		failed, last = append(failed, f), f.err
	}
	return failed, last
}

func bare(e types.SendMessageBatchRequestEntry) types.SendMessageBatchRequestEntry {
	return types.SendMessageBatchRequestEntry{
		MessageBody: aws.String(fingerprint("refused by SQS", aws.ToString(e.MessageBody))),
		MessageAttributes: map[string]types.MessageAttributeValue{
			attrReason: e.MessageAttributes[attrReason], attrDetail: e.MessageAttributes[attrDetail]},
	}
}
