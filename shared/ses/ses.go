// Package ses sends mails with SES v2.
package ses

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"

	"hookwarden/shared/notice"
)

type sendAPI interface {
	SendEmail(ctx context.Context, in *sesv2.SendEmailInput, _ ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error)
}

// Mailer sends each mail with one call. It is safe for concurrent use, as long
// as its settings do not change.
type Mailer struct {
	API              sendAPI          // as NewClient makes it
	From             string           // an address that SES has verified, in 7-bit characters
	ConfigurationSet string           // empty: none
	PreferenceURL    string           // where owners choose their mails, in 7-bit characters; empty: mails have no List-Unsubscribe
	Now              func() time.Time // wall clock

	taken atomic.Int64 // when SES last took a mail, unix milliseconds; 0: never
}

// lately is how long a mail that SES took proves that our part of a request is
// right.
const lately = time.Hour

var _ notice.Mailer = (*Mailer)(nil)

// NewClient makes a client that never sends a mail twice by itself. SES has no
// idempotency key, so no call is repeated. Each call has a new connection, since
// an idle one may have died while the function was frozen.
func NewClient(config aws.Config) *sesv2.Client {
	return sesv2.NewFromConfig(config, func(o *sesv2.Options) {
		o.Retryer = aws.NopRetryer{}
		client, ok := config.HTTPClient.(*awshttp.BuildableClient)
		if !ok {
			client = awshttp.NewBuildableClient()
		}
		o.HTTPClient = client.WithTransportOptions(func(t *http.Transport) { t.DisableKeepAlives = true })
	})
}

// Send implements notice.Mailer.
func (m *Mailer) Send(ctx context.Context, mail notice.Mail) (string, error) {
	to := address(mail.To.Name, mail.To.Email)
	if !isASCII(to) {
		return "", fmt.Errorf("%w: the address is not ASCII", notice.ErrRefused)
	}
	in := &sesv2.SendEmailInput{
		FromEmailAddress: &m.From,
		Destination:      &types.Destination{ToAddresses: []string{to}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: utf8(mail.Subject),
			Body:    &types.Body{Text: utf8(mail.Text), Html: utf8(mail.HTML)},
		}},
		EmailTags: []types.MessageTag{tag("kind", string(mail.Kind)), tag("app_status", string(mail.Status))},
	}
	if m.ConfigurationSet != "" {
		in.ConfigurationSetName = &m.ConfigurationSet
	}
	if m.PreferenceURL != "" {
		in.Content.Simple.Headers = []types.MessageHeader{
			{Name: aws.String("List-Unsubscribe"), Value: aws.String("<" + m.PreferenceURL + ">")}}
	}
	out, err := m.API.SendEmail(ctx, in)
	if err != nil {
		return "", m.classify(err)
	}
	m.taken.Store(m.Now().UnixMilli())
	return aws.ToString(out.MessageId), nil
}

func utf8(s string) *types.Content {
	return &types.Content{Data: &s, Charset: aws.String("UTF-8")}
}

// tag makes a tag of a value. SES accepts only letters, digits, - and _.
func tag(name, value string) types.MessageTag {
	value = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_':
			return r
		}
		return '_'
	}, value)
	return types.MessageTag{Name: &name, Value: &value}
}

// badRequest says whose fault a bad request is. It may be the recipient's, but
// also that of the sender or a header, which are the same for all mails. So it is
// the recipient's only if SES took another mail recently: no mail is given up for
// a fault of ours.
func (m *Mailer) badRequest() error {
	age := time.Duration(m.Now().UnixMilli()-m.taken.Load()) * time.Millisecond
	if m.taken.Load() > 0 && 0 <= age && age < lately {
		return notice.ErrRefused
	}
	return notice.ErrOurs
}

// classify says whose fault a refusal is. MessageRejected means that an address
// is not verified with SES.
func (m *Mailer) classify(err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return err
	}
	switch api.ErrorCode() {
	case "BadRequestException":
		return fmt.Errorf("%w: %w", m.badRequest(), err)
	case "MessageRejected", "MailFromDomainNotVerifiedException", "SendingPausedException", "AccountSuspendedException",
		"NotFoundException", "AccessDeniedException":
		return fmt.Errorf("%w: %w", notice.ErrOurs, err)
	case "TooManyRequestsException", "LimitExceededException":
		return fmt.Errorf("%w: %w", notice.ErrThrottled, err)
	}
	var response *awshttp.ResponseError
	switch {
	case retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary:
		return fmt.Errorf("%w: %w", notice.ErrThrottled, err)
	case errors.As(err, &response) && response.HTTPStatusCode() == http.StatusTooManyRequests:
		return fmt.Errorf("%w: %w", notice.ErrThrottled, err)
	case errors.As(err, &response) && response.HTTPStatusCode() == http.StatusForbidden:
		return fmt.Errorf("%w: %w", notice.ErrOurs, err)
	}
	return err
}
