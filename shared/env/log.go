package env

import (
	"context"
	"io"
	"log/slog"
	"strings"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"hookwarden/shared/platform"
)

// newLogger writes JSON lines in Lambda's own form (timestamp, level, message,
// requestId), with the id of the X-Ray trace beside them. lambdacontext has a
// handler that does so, but for the trace and for the level, which it takes from
// Lambda: Lambda would then also drop lines of metrics, which have no level.
func newLogger(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(invocation{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: replace})})
}

// The most bytes of one value of a line, whoever logs it: a line is paid for.
const (
	maxError = 512  // it may quote what a receiver sent, as much as that is
	maxText  = 4096 // such as a stack
)

// replace cuts what is long, and names things as Lambda does.
func replace(groups []string, a slog.Attr) slog.Attr {
	a = lambdacontext.ReplaceAttr(groups, a)
	if a.Value.Kind() == slog.KindString {
		a.Value = slog.StringValue(platform.Cut(a.Value.String(), maxText))
		return a
	}
	if a.Value.Kind() == slog.KindAny {
		if err, ok := a.Value.Any().(error); ok {
			a.Value = slog.StringValue(platform.Cut(err.Error(), maxError))
		}
	}
	return a
}

// invocation says of every line that is logged with an invocation's context
// which invocation it was.
type invocation struct{ slog.Handler }

func (h invocation) Handle(ctx context.Context, r slog.Record) error {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		r = r.Clone()
		r.AddAttrs(slog.String("requestId", lc.AwsRequestID))
		if id := traceID(ctx); id != "" {
			r.AddAttrs(slog.String("traceId", id))
		}
	}
	return h.Handler.Handle(ctx, r)
}

func (h invocation) WithAttrs(attrs []slog.Attr) slog.Handler {
	return invocation{h.Handler.WithAttrs(attrs)}
}

func (h invocation) WithGroup(name string) slog.Handler {
	return invocation{h.Handler.WithGroup(name)}
}

// traceID is the root of the trace header that aws-lambda-go puts into the
// context, "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=…;Sampled=1".
func traceID(ctx context.Context) string {
	header, _ := ctx.Value("x-amzn-trace-id").(string)
	for field := range strings.SplitSeq(header, ";") {
		if root, ok := strings.CutPrefix(strings.TrimSpace(field), "Root="); ok {
			return root
		}
	}
	return ""
}
