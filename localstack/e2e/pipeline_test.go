package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
	"hookwarden/template"
)

// printed is a line that a function wrote, as Lambda's log pipeline reads it if
// logs are JSON.
type printed struct {
	text   string
	level  slog.Level // as Lambda reads it
	metric bool       // the line has the embedded metric format
}

// read reads a line as AWS documents it for custom runtimes: a level counts only
// in an object with an RFC 3339 timestamp. Everything else is INFO.
func read(text string) printed {
	p := printed{text: text, level: slog.LevelInfo}
	var line struct {
		Level, Timestamp string
		AWS              json.RawMessage `json:"_aws"`
	}
	if json.Unmarshal([]byte(text), &line) != nil {
		return p
	}
	p.metric = line.AWS != nil
	if _, err := time.Parse(time.RFC3339, line.Timestamp); err != nil {
		return p
	}
	var level slog.Level
	if level.UnmarshalText([]byte(line.Level)) == nil {
		p.level = level
	}
	return p
}

func TestPipelineReadsALineAsLambdaDoes(t *testing.T) {
	t.Parallel()
	const when = `"timestamp":"2026-11-25T16:44:36.123456789Z"`
	for text, want := range map[string]printed{
		`{` + when + `,"level":"ERROR","message":"m"}`: {level: slog.LevelError},
		`{` + when + `,"level":"DEBUG"}`:               {level: slog.LevelDebug},
		`{"level":"DEBUG"}`:                            {level: slog.LevelInfo}, // without a timestamp
		`{` + when + `}`:                               {level: slog.LevelInfo},
		`{"_aws":{},"webhook.latency":[1]}`:            {level: slog.LevelInfo, metric: true},
		`panic: something`:                             {level: slog.LevelInfo},
	} {
		want.text = text
		if got := read(text); got != want {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

// logged is the lines that the functions have printed since then, without
// Lambda's own.
func logged(ctx context.Context, t *testing.T, function string, since time.Time) (lines []printed) {
	t.Helper()
	in := object{"logGroupName": logGroup(function), "startTime": since.UnixMilli()}
	for {
		var page struct {
			Events    []struct{ Message string }
			NextToken string
		}
		engine(t, "Logs_20140328.FilterLogEvents", in, &page)
		for _, e := range page.Events {
			if first, _, _ := strings.Cut(e.Message, " RequestId: "); first != "START" && first != "END" && first != "REPORT" {
				lines = append(lines, read(e.Message))
			}
		}
		if page.NextToken == "" || ctx.Err() != nil {
			return lines
		}
		in["nextToken"] = page.NextToken
	}
}

// pipeline applies Lambda's filter, which the engine does not have, to the
// functions' lines. With each LogLevel it must keep every line: the function has
// already applied LogLevel, and metrics have no level.
func pipeline(t *testing.T) {
	if running.Names["HOOKWARDEN_ENGINE"] == "localstack" {
		t.Skip("the engine's log groups are not the template's")
	}
	expanded, err := template.Expand(t.Context(), root)
	must(t, err)
	levels := make(map[string]slog.Level) // the level of Lambda's filter, by function
	for name, f := range expanded.OfType("AWS::Lambda::Function") {
		var level slog.Level
		must(t, level.UnmarshalText([]byte(fmt.Sprint(template.At(f, "LoggingConfig", "ApplicationLogLevel")))))
		levels[strings.ToLower(strings.TrimSuffix(name, "Function"))] = level
	}
	for function, level := range levels { // all lines of this run of the tests
		survives(t, logged(t.Context(), t, function, time.Unix(0, 0)), function, level, slog.LevelInfo)
	}
	a := newApp(t, newOrganization(t, 1), "internal", receiver.Status(400))
	for i, level := range []slog.Level{slog.LevelDebug, slog.LevelWarn, slog.LevelError} {
		setLogLevel(t, "DELIVER_FUNCTION", level)
		begun := time.Now()
		a.send(t, a.webhook(nil))
		a.entries(t, i+1)
		var lines []printed
		eventually(t, "deliver's metrics are printed", func(ctx context.Context) error {
			lines = logged(ctx, t, "deliver", begun)
			for _, l := range lines {
				if l.metric && strings.Contains(l.text, `"webhook.attempts":1`) {
					return nil
				}
			}
			return stack.ErrNotYet
		})
		survives(t, lines, "deliver", levels["deliver"], level)
	}
}

// survives checks that the filter keeps all lines, and that none is below the
// function's level.
func survives(t *testing.T, lines []printed, function string, filter, own slog.Level) {
	t.Helper()
	for _, l := range lines {
		if l.level < filter {
			t.Errorf("%s: Lambda drops what is under %v, and so this: %s", function, filter, l.text)
			return
		}
		if l.level < own && !l.metric {
			t.Errorf("%s has LogLevel %v, and printed %s", function, own, l.text)
			return
		}
	}
}

// setLogLevel changes a function as a deployment with another LogLevel would,
// during the test.
func setLogLevel(t *testing.T, function string, level slog.Level) {
	t.Helper()
	setVariable(t, function, "LOG_LEVEL", level.String())
}

// setVariable changes one variable in a function's environment during the test.
func setVariable(t *testing.T, function, name, value string) {
	t.Helper()
	of := aws.String(running.Names[function])
	before, err := running.Lambda.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: of})
	must(t, err)
	ctx := context.WithoutCancel(t.Context())
	set := func(variables map[string]string) error {
		_, err := running.Lambda.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
			FunctionName: of, Environment: &types.Environment{Variables: variables}})
		return err
	}
	variables := maps.Clone(before.Environment.Variables)
	variables[name] = value
	must(t, set(variables))
	t.Cleanup(func() { _ = set(before.Environment.Variables) })
}
