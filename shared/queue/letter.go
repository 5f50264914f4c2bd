package queue

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
)

// Letter is a message of a dead-letter queue as it was received, with all its attributes.
type Letter struct{ types.Message }

// Reason is why hookwarden sent it there; empty if SQS moved it.
func (l Letter) Reason() platform.Reason { return platform.Reason(l.attribute(attrReason)) }

// Detail is hookwarden's sentence about the reason. It quotes no value.
func (l Letter) Detail() string { return l.attribute(attrDetail) }

// Kind is what the message was on RetryQueue.
func (l Letter) Kind() delivery.Kind {
	if kind := l.attribute(attrKind); kind != "" {
		return delivery.Kind(kind)
	}
	return delivery.KindWebhook
}

func (l Letter) attribute(name string) string {
	return aws.ToString(l.MessageAttributes[name].StringValue)
}

// Shown is the body without the values of secrets.
func (l Letter) Shown() string {
	body := aws.ToString(l.Body)
	if !hasWordSecret(body) && !strings.Contains(body, `\u`) {
		return body
	}
	return redactSecrets(body)
}

// Incomplete reports whether hookwarden kept less of the body than was sent. Letters that
// SQS moved are complete.
func (l Letter) Incomplete() bool {
	body := aws.ToString(l.Body)
	if l.Reason() == "" || isWhole(body) {
		return false
	}
	return strings.Contains(body, platform.Redacted) ||
		strings.HasPrefix(body, "[") && strings.HasSuffix(body, "]") && strings.Contains(body, " bytes, SHA-256 ")
}

// isWhole reports whether a body is a webhook or a notice. In these nothing is redacted, and
// any text may be a customer's.
func isWhole(body string) bool {
	_, notWebhook := platform.DecodeWebhook([]byte(body))
	_, notNotice := platform.DecodeNotice([]byte(body))
	return notWebhook == nil || notNotice == nil
}

// Again is the message as it was before it became a dead letter: body, group and the
// producer's attributes. A letter that hookwarden sent has no group, so it gets the given
// one, if that is not empty.
func (l Letter) Again(group string) types.SendMessageBatchRequestEntry {
	e := types.SendMessageBatchRequestEntry{MessageBody: l.Body}
	for name, value := range l.MessageAttributes {
		if strings.HasPrefix(name, ours) {
			continue
		}
		if e.MessageAttributes == nil {
			e.MessageAttributes = make(map[string]types.MessageAttributeValue, len(l.MessageAttributes))
		}
		e.MessageAttributes[name] = value
	}
	if had := l.Attributes[string(types.MessageSystemAttributeNameMessageGroupId)]; had != "" {
		group = had
	}
	if group != "" {
		e.MessageGroupId = &group
	}
	return e
}

// Unsent is an entry that was not, or may not have been, queued.
type Unsent struct {
	Index       int // in the list that was to be sent
	MayBeQueued bool
	Err         error
}

// Send queues the entries, in as few calls as they fit in. It tries entries that were not
// queued once more in place.
func Send(ctx context.Context, api API, url string, entries []types.SendMessageBatchRequestEntry) []Unsent {
	failed, _ := send(ctx, api, url, entries)
	var list []Unsent
	for _, f := range failed {
		list = append(list, Unsent{Index: f.index, MayBeQueued: f.mayBeQueued, Err: f.err})
	}
	return list
}
