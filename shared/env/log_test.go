package env

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/platform"
	"hookwarden/shared/webhook"
)

func TestLinesSayOfWhichInvocationAndTraceTheyAre(t *testing.T) {
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "r-1"})
	traced := context.WithValue(ctx, "x-amzn-trace-id", "Root=1-5759e988-bd862e3f;Parent=53995c3f42cd8ad8;Sampled=1") //nolint:staticcheck,revive // the key of aws-lambda-go
	for name, test := range map[string]struct {
		ctx  context.Context
		want map[string]any
	}{
		"outside":        {t.Context(), map[string]any{}},
		"untraced":       {ctx, map[string]any{"requestId": "r-1"}},
		"traced":         {traced, map[string]any{"requestId": "r-1", "traceId": "1-5759e988-bd862e3f"}},
		"a strange one":  {context.WithValue(ctx, "x-amzn-trace-id", "Self=x"), map[string]any{"requestId": "r-1"}}, //nolint:staticcheck,revive // as above
		"an empty trace": {context.WithValue(ctx, "x-amzn-trace-id", ""), map[string]any{"requestId": "r-1"}},       //nolint:staticcheck,revive // as above
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			logger := newLogger(&out, slog.LevelInfo)
			logger.DebugContext(test.ctx, "not written")
			logger.With("app_id", "17").InfoContext(test.ctx, "webhook attempted", "status", 400)
			var got map[string]any
			if err := json.Unmarshal(out.Bytes(), &got); err != nil {
				t.Fatalf("%v: %s", err, &out)
			}
			if got["timestamp"] == nil {
				t.Error("no timestamp")
			}
			delete(got, "timestamp")
			test.want["level"], test.want["message"], test.want["app_id"], test.want["status"] = "INFO", "webhook attempted", "17", 400.
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLinesAreFilledByNoReceiver(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(c, strings.Repeat("\x01", 60_000)+"\r\n") // each is quoted as four bytes
		_ = c.Close()
	}))
	defer server.Close()
	sender := webhook.NewSender(webhook.Config{Timeout: 10 * time.Second, HeaderPrefix: "X-", Now: Clock,
		Targets: webhook.TargetPolicy{AllowPrivate: true, AllowHTTP: true}})
	got := sender.Send(t.Context(), webhook.Request{ID: "evt_1", Resource: "issue", URL: server.URL, Secrets: []platform.Secret{"s"}})
	if got.Code != webhook.CodeProtocol || len(got.Err.Error()) < 200_000 {
		t.Fatalf("ended as %s with an error of %d bytes", got.Code, len(got.Err.Error()))
	}
	var out bytes.Buffer
	newLogger(&out, slog.LevelInfo).InfoContext(t.Context(), "webhook attempted", "error", got.Err)
	if out.Len() > 2000 { // 512 bytes, some of them escaped
		t.Errorf("a line of %d bytes", out.Len())
	}
}

func TestLinesHaveLongTextsCut(t *testing.T) {
	long := strings.Repeat("é", 5000)
	for name, test := range map[string]struct {
		value any
		want  string
	}{
		"an error":            {errors.New(long), long[:512]},
		"an error in another": {fmt.Errorf("x%w", errors.New(long)), "x" + long[:510]},
		"a short error":       {errors.New("no route"), "no route"},
		"a text":              {long, long[:4096]},
		"a text at the limit": {strings.Repeat("a", 4096), strings.Repeat("a", 4096)},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			logger := newLogger(&out, slog.LevelInfo)
			logger.With("with", test.value).WithGroup("in").InfoContext(t.Context(), "a message", "a group", test.value)
			var got struct {
				With string            `json:"with"`
				In   map[string]string `json:"in"`
			}
			if err := json.Unmarshal(out.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if got.With != test.want || got.In["a group"] != test.want {
				t.Errorf("%d and %d bytes, want %d", len(got.With), len(got.In["a group"]), len(test.want))
			}
		})
	}
}
