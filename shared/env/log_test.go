package env

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"
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
