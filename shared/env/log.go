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
// requestId), and adds the id of the X-Ray trace. lambdacontext has a handler
// for this, but it adds no trace, and it takes the level from Lambda's setting.
// With that setting Lambda would also drop the lines of metrics, which have no
// level.
func newLogger(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(invocation{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: replace})})
}

// The most bytes of one value in a line, since each byte of a log costs money.
const (
	maxError = 512  // it may quote what a receiver sent, however long that is
	maxText  = 4096 // a stack, for example
)

// replace cuts long values, and renames fields as Lambda does.
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

// invocation adds the invocation's ids to every line that is logged with its
// context.
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
