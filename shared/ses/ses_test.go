package ses

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hookwarden/shared/notice"
	"hookwarden/shared/platform"
)

// service takes every mail, or answers err.
type service struct {
	in  []*sesv2.SendEmailInput
	err error
}

func (s *service) SendEmail(_ context.Context, in *sesv2.SendEmailInput, _ ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error) {
	s.in = append(s.in, in)
	if s.err != nil {
		return nil, s.err
	}
	return &sesv2.SendEmailOutput{MessageId: aws.String("0102")}, nil
}

func anyMail() notice.Mail {
	return notice.Mail{Kind: platform.AppDisabled, Status: platform.Internal,
		To:      platform.Owner{Email: "ada+hooks@acme.example", Name: "Ada Lovelace"},
		Subject: "Subject é", Text: "Text é", HTML: "<p>HTML é</p>"}
}

func content(s string) *types.Content { return &types.Content{Data: &s, Charset: aws.String("UTF-8")} }

func TestMailIsSentToOneOwnerWithTagsAndConfigurationSet(t *testing.T) {
	s := &service{}
	id, err := (&Mailer{API: s, From: "Hooks <hooks@platform.example>", ConfigurationSet: "mails", Now: time.Now}).Send(t.Context(), anyMail())
	if err != nil || id != "0102" {
		t.Fatalf("%q, %v", id, err)
	}
	want := []*sesv2.SendEmailInput{{
		FromEmailAddress:     aws.String("Hooks <hooks@platform.example>"),
		ConfigurationSetName: aws.String("mails"),
		Destination:          &types.Destination{ToAddresses: []string{`"Ada Lovelace" <ada+hooks@acme.example>`}},
		Content: &types.EmailContent{Simple: &types.Message{Subject: content("Subject é"),
			Body: &types.Body{Text: content("Text é"), Html: content("<p>HTML é</p>")}}},
		EmailTags: []types.MessageTag{{Name: aws.String("kind"), Value: aws.String("app_disabled")},
			{Name: aws.String("app_status"), Value: aws.String("internal")}},
	}}
	if diff := cmp.Diff(want, s.in, cmpopts.IgnoreUnexported(sesv2.SendEmailInput{}, types.Destination{}, types.EmailContent{},
		types.Message{}, types.Body{}, types.Content{}, types.MessageTag{})); diff != "" {
		t.Error(diff)
	}
}

func TestListUnsubscribeIsThereOnlyWithAPreferenceURL(t *testing.T) {
	s := &service{}
	if _, err := (&Mailer{API: s, PreferenceURL: "https://platform.example/mails", Now: time.Now}).Send(t.Context(), anyMail()); err != nil {
		t.Fatal(err)
	}
	headers := s.in[0].Content.Simple.Headers
	if len(headers) != 1 || *headers[0].Name != "List-Unsubscribe" || *headers[0].Value != "<https://platform.example/mails>" {
		t.Errorf("headers %+v", headers)
	}
	if s.in[0].ConfigurationSetName != nil {
		t.Error("an empty configuration set is sent")
	}
}

func TestRecipientIsWrittenForAHeader(t *testing.T) {
	long := strings.Repeat("long", 50) + "@acme.example"
	for _, row := range []struct{ name, email, want string }{
		{"", "ada@acme.example", "ada@acme.example"},
		{"Ada", "ada+hooks@acme.example", `"Ada" <ada+hooks@acme.example>`},
		{`Ada "A" \ <eve@evil.example>, x`, "ada@acme.example", `"Ada \"A\" \\ <eve@evil.example>, x" <ada@acme.example>`},
		{"Ädä", "ada@acme.example", "=?utf-8?q?=C3=84d=C3=A4?= <ada@acme.example>"},
		{"Ada", "ada@Bücher.example", `"Ada" <ada@xn--bcher-kva.example>`},
		{"", "ada@почта.рф", "ada@xn--80a1acny.xn--p1ai"},
		{"Ada", "Eve <ada@acme.example>", `"Ada" <ada@acme.example>`},
		{"Ada", "no address", "no address"},
		{"Ada", "ada.@docomo.ne.jp", `"Ada" <"ada."@docomo.ne.jp>`},
		{"", "a..b@docomo.ne.jp", `"a..b"@docomo.ne.jp`},
		{"", "ada.@bücher.example", `"ada."@xn--bcher-kva.example`},
		{"", `"ada"@acme.example`, "ada@acme.example"},
		{"", `"a@b"@acme.example`, `"a@b"@acme.example`},
		{"", "a,b@acme.example", `"a,b"@acme.example`},
		{"", `"ada@acme.example`, `"\"ada"@acme.example`},
		{"Ada\r\nBcc: eve@evil.example", "ada@acme.example", ""},
		{"Ada\x00\x7f", "ada@acme.example", ""},
		{"Ada", long, `"Ada" <` + long + ">"},
		{strings.Repeat("A", 200), long, `"` + strings.Repeat("A", 320-len(long)-5) + `" <` + long + ">"},
		{strings.Repeat("🚀", 200), "ada@acme.example", ""},
	} {
		got := address(row.name, row.email)
		if row.want != "" && got != row.want {
			t.Errorf("%q %q: %s, want %s", row.name, row.email, got, row.want)
		}
		if len(got) > addressLimit || !isASCII(got) {
			t.Errorf("%q %q: %d bytes: %s", row.name, row.email, len(got), got)
		}
	}
}

func TestAddressThatNoHeaderHoldsIsRefusedWithoutACall(t *testing.T) {
	for _, email := range []string{"ädä@acme.example", "ada@\u202eacme.example", "ada@acme_.example\u00e9"} {
		s := &service{}
		mail := anyMail()
		mail.To.Email = email
		if _, err := (&Mailer{API: s, Now: time.Now}).Send(t.Context(), mail); !errors.Is(err, notice.ErrRefused) || len(s.in) > 0 {
			t.Errorf("%q: %v, %d calls", email, err, len(s.in))
		}
	}
}

// A bad request may be the recipient's fault, or that of our own sender or header.
func TestBadRequestIsTheRecipientsOnlyIfAnotherMailWasTakenLately(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	s := &service{}
	m := &Mailer{API: s, From: "hooks@platform.example", Now: func() time.Time { return now }}
	bad := answered(400, &types.BadRequestException{})
	send := func(answer error) error {
		s.err = answer
		_, err := m.Send(t.Context(), anyMail())
		return err
	}
	if err := send(bad); !errors.Is(err, notice.ErrOurs) || errors.Is(err, notice.ErrRefused) || !errors.Is(err, bad) {
		t.Errorf("with no mail before: %v", err)
	}
	if err := send(nil); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		age  time.Duration
		want error
	}{
		{0, notice.ErrRefused},
		{time.Hour - time.Second, notice.ErrRefused},
		{time.Hour, notice.ErrOurs},
		{-time.Second, notice.ErrOurs}, // the clock was set back
	} {
		taken := now
		now = now.Add(row.age)
		if err := send(bad); !errors.Is(err, row.want) || !errors.Is(err, bad) {
			t.Errorf("%s after a mail: %v, want %v", row.age, err, row.want)
		}
		now = taken
	}
	now = now.Add(2 * time.Hour)
	if err := send(bad); !errors.Is(err, notice.ErrOurs) {
		t.Errorf("a mail that was refused is not one that was taken: %v", err)
	}
}

// answered is an error as the SDK wraps an answer with a status.
func answered(status int, err error) error {
	return &smithy.OperationError{ServiceID: "SESv2", OperationName: "SendEmail", Err: &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err}}}
}

func TestErrorsAreClassifiedByTheirTypes(t *testing.T) {
	for _, row := range []struct {
		err  error
		want error // nil: none
	}{
		{answered(400, &types.MessageRejected{}), notice.ErrOurs},
		{answered(400, &types.MailFromDomainNotVerifiedException{}), notice.ErrOurs},
		{answered(400, &types.SendingPausedException{}), notice.ErrOurs},
		{answered(400, &types.AccountSuspendedException{}), notice.ErrOurs},
		{answered(404, &types.NotFoundException{}), notice.ErrOurs},
		{answered(403, &smithy.GenericAPIError{Code: "AccessDeniedException"}), notice.ErrOurs},
		{answered(400, &smithy.GenericAPIError{Code: "AccessDeniedException"}), notice.ErrOurs},
		{answered(403, &smithy.GenericAPIError{Code: "UnrecognizedClientException"}), notice.ErrOurs},
		{answered(429, &types.TooManyRequestsException{}), notice.ErrThrottled},
		{answered(400, &types.LimitExceededException{}), notice.ErrThrottled},
		{answered(400, &smithy.GenericAPIError{Code: "ThrottlingException"}), notice.ErrThrottled},
		{answered(429, &smithy.GenericAPIError{Code: "Slow"}), notice.ErrThrottled},
		{answered(400, &types.BadRequestException{}), notice.ErrOurs}, // no mail was taken yet
		{answered(500, &types.InternalServiceErrorException{}), nil},
		{answered(400, &smithy.GenericAPIError{Code: "ValidationException"}), nil},
		{&smithy.OperationError{Err: io.ErrUnexpectedEOF}, nil},
		{context.DeadlineExceeded, nil},
	} {
		_, err := (&Mailer{API: &service{err: row.err}, Now: time.Now}).Send(t.Context(), anyMail())
		if !errors.Is(err, row.err) {
			t.Errorf("%v: hidden by %v", row.err, err)
		}
		for _, class := range []error{notice.ErrOurs, notice.ErrThrottled, notice.ErrRefused} {
			if is, want := errors.Is(err, class), errors.Is(row.want, class); is != want {
				t.Errorf("%v: is %q: %t", row.err, class, is)
			}
		}
	}
}

func TestClientDoesNotRepeatACallAndReadsErrorsByTheirCodes(t *testing.T) {
	var calls atomic.Int32
	for _, row := range []struct {
		status int
		header string
		want   error
	}{
		{http.StatusInternalServerError, "InternalServiceErrorException", nil},
		{http.StatusTooManyRequests, "TooManyRequestsException", notice.ErrThrottled},
		{http.StatusForbidden, "AccessDeniedException", notice.ErrOurs},
		{http.StatusBadRequest, "BadRequestException", notice.ErrOurs},
		{http.StatusBadRequest, "SendingPausedException", notice.ErrOurs},
	} {
		calls.Store(0)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)
			if !r.Close {
				t.Error("the connection is kept")
			}
			w.Header().Set("X-Amzn-ErrorType", row.header)
			w.WriteHeader(row.status)
			_, _ = w.Write([]byte(`{"message":"no"}`))
		}))
		client := NewClient(aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL,
			Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")})
		_, err := (&Mailer{API: client, From: "hooks@platform.example", Now: time.Now}).Send(t.Context(), anyMail())
		server.Close()
		if err == nil || row.want != nil && !errors.Is(err, row.want) {
			t.Errorf("%s: %v", row.header, err)
		}
		if n := calls.Load(); n != 1 {
			t.Errorf("%s: %d calls", row.header, n)
		}
	}
}

// Nothing that is handed to SES, headers and tags included, names a platform other
// than the sender's. The text of mails is tested in the package that makes them.
func TestMailerNamesTheSendersPlatformAlone(t *testing.T) {
	composer := notice.NewComposer(notice.MailConfig{PlatformName: "Ledgerly", Subscribable: platform.Subscribable{"invoice"},
		LogoURL: "https://ledgerly.example/logo.png", SupportURL: "https://ledgerly.example/help"})
	for _, kind := range []platform.Kind{platform.SentryApp, platform.Integration, platform.Plugin} {
		mail, err := composer.Compose(platform.Notice{ID: "n", Kind: platform.AppEnabled, To: platform.Owner{Email: "ada@acme.example", Name: "Ada"},
			Organization: platform.NoticeOrganization{Slug: "acme", Name: "Acme"}, App: platform.NoticeApp{Slug: "bot", Name: "Bot", Kind: kind},
			EnabledAt: "2026-11-25T08:30:00.000Z"})
		if err != nil {
			t.Fatal(err)
		}
		s := &service{}
		mailer := &Mailer{API: s, From: "hooks@ledgerly.example", PreferenceURL: "https://ledgerly.example/mails", ConfigurationSet: "mails", Now: time.Now}
		if _, err := mailer.Send(t.Context(), mail); err != nil {
			t.Fatal(err)
		}
		handed, err := json.Marshal(s.in[0])
		if err != nil || !strings.Contains(string(handed), "Ledgerly") || strings.Contains(strings.ToLower(string(handed)), "sentry") {
			t.Errorf("%s: %s, %v", kind, handed, err)
		}
	}
}
