package env

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go/middleware"
)

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

func TestPlainBodyIsOnlyEverRead(t *testing.T) {
	for name, options := range map[string][]func(*middleware.Stack) error{"with plainBody": {plainBody}, "without": nil} {
		tries := 0
		client := sqs.New(sqs.Options{
			Region: "us-east-1", APIOptions: options, RetryMaxAttempts: 2,
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s"}, nil
			}),
			HTTPClient: doer(func(r *http.Request) (*http.Response, error) {
				tries++
				if _, writes := r.Body.(io.WriterTo); writes == (options != nil) {
					t.Errorf("%s: the body has WriteTo: %v", name, writes)
				}
				body, err := io.ReadAll(r.Body)
				if err != nil || r.ContentLength != int64(len(body)) || !strings.Contains(string(body), "hello") {
					t.Errorf("%s, try %d: %d bytes of %d, %v", name, tries, len(body), r.ContentLength, err)
				}
				status := http.StatusBadRequest
				if tries == 1 {
					status = http.StatusServiceUnavailable
				}
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}"))}, nil
			}),
		})
		_, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String("https://q/1/x"), MessageBody: aws.String("hello")})
		if err == nil || tries != 2 {
			t.Errorf("%s: %d tries, %v", name, tries, err)
		}
	}
}
