package queue

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"hookwarden/shared/platform"
)

// Attributes that hookwarden adds to messages begin with this. A producer's
// attribute with such a name is never sent on.
const ours = "hookwarden."

const (
	attrAttempts = ours + "attempts"
	attrSentAt   = ours + "sent_at"
	attrDueAt    = ours + "due_at"
	attrHops     = ours + "hops"
	attrCopy     = ours + "copy"
	attrKind     = ours + "kind"
	attrReason   = ours + "reason"
	attrDetail   = ours + "detail"
)

// How many of the producer's attributes are sent on at most. SQS takes ten in
// all.
const (
	carriedOn   = 6 // next to four of ours; one less with a mark
	carriedDead = 8 // to a dead-letter queue, next to two of ours
)

// producers is a record's attributes without hookwarden's.
func producers(attributes map[string]events.SQSMessageAttribute) map[string]platform.Attribute {
	if len(attributes) == 0 {
		return nil
	}
	kept := make(map[string]platform.Attribute, len(attributes))
	for name, a := range attributes {
		if strings.HasPrefix(name, ours) {
			continue
		}
		attribute := platform.Attribute{Type: a.DataType, Binary: a.BinaryValue}
		if a.StringValue != nil {
			attribute.Text = *a.StringValue
		}
		kept[name] = attribute
	}
	return kept
}

func textAttribute(attributes map[string]events.SQSMessageAttribute, name string) string {
	if v := attributes[name].StringValue; v != nil {
		return *v
	}
	return ""
}

// numberAttribute reads a whole number; 0 if it is negative or not a number.
func numberAttribute(attributes map[string]events.SQSMessageAttribute, name string) int64 {
	n, err := strconv.ParseInt(textAttribute(attributes, name), 10, 64)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// carried is the first limit of the producer's attributes, by name.
func carried(attributes map[string]platform.Attribute, limit int) map[string]types.MessageAttributeValue {
	kept := make(map[string]types.MessageAttributeValue, limit+carriedOn)
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if len(kept) == limit {
			break
		}
		kept[name] = value(attributes[name])
	}
	return kept
}

func textValue(s string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &s}
}

func numberValue(n int64) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("Number"), StringValue: aws.String(strconv.FormatInt(n, 10))}
}

func value(a platform.Attribute) types.MessageAttributeValue {
	v := types.MessageAttributeValue{DataType: aws.String(a.Type)}
	if len(a.Binary) > 0 {
		v.BinaryValue = a.Binary
		return v
	}
	v.StringValue = aws.String(a.Text)
	return v
}
