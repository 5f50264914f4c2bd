package queue

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
)

// maxMessage is SQS's own limit of one message with its attributes, in bytes.
const maxMessage = 1 << 20

// burial makes a letter one that SQS takes and that shows no secrets, whatever its
// body is: a letter that is refused comes back, and in the end SQS itself moves
// the message as it was.
func burial(e types.SendMessageBatchRequestEntry, reason string) types.SendMessageBatchRequestEntry {
	body := aws.ToString(e.MessageBody)
	if reason == delivery.ReasonInvalid && strays(body) {
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

// strays reports whether a body may be an app.put, which has secrets, whatever
// queue it was sent to.
func strays(body string) bool { return strings.Contains(body, "app.put") && hasWordSecret(body) }

// bury sends a record to a dead-letter queue with another body.
func bury(ctx context.Context, api API, dlq string, r events.SQSMessage, body, reason, detail string) error {
	e := letter(body, carried(producers(r.MessageAttributes), carriedOnLetter), reason, detail)
	_, err := sendLetters(ctx, api, dlq, []types.SendMessageBatchRequestEntry{e})
	return err
}

// sendLetters is send for letters. One that SQS refuses all the same is sent once
// more, bare: length and hash of its body, reason and detail.
func sendLetters(ctx context.Context, api API, dlq string, letters []types.SendMessageBatchRequestEntry) (failed []failure, last error) {
	all, _ := send(ctx, api, dlq, letters)
	for _, f := range all {
		if errors.Is(f.err, platform.ErrRefused) {
			again, err := send(ctx, api, dlq, []types.SendMessageBatchRequestEntry{bare(letters[f.Index])})
			if err == nil {
				continue
			}
			f.MayBeQueued, f.err = again[0].MayBeQueued, err
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
