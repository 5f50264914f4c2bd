package session

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"hookwarden/shared/env"
)

// Environment are the variables of a function, which is named as in "DISABLE_FUNCTION".
func (c *Clients) Environment(ctx context.Context, function string) (map[string]string, error) {
	name, err := c.Name(function)
	if err != nil {
		return nil, err
	}
	out, err := c.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if err != nil {
		return nil, fmt.Errorf("read the settings of %s: %w", name, err)
	}
	if out.Environment == nil {
		return nil, nil
	}
	return out.Environment.Variables, nil
}

// Live reads a function's settings as the function itself does, as in
// Live(ctx, c, "DISABLE_FUNCTION", env.ReadDisable).
func Live[Settings any](ctx context.Context, c *Clients, function string, read func(*env.Reader) Settings) (Settings, error) {
	variables, err := c.Environment(ctx, function)
	if err != nil {
		var none Settings
		return none, err
	}
	r := env.NewReader(func(name string) (string, bool) {
		value, ok := variables[name]
		if !ok && (strings.HasSuffix(name, "_TABLE") || strings.HasSuffix(name, "_QUEUE_URL") || strings.HasSuffix(name, "_DLQ_URL")) {
			// A stack of another version may lack what this version's function must have. Nobody
			// asks for that setting here.
			return "not named", true
		}
		return value, ok
	})
	settings := read(r)
	if err := r.Err(); err != nil {
		return settings, fmt.Errorf("the settings of %s: %w", function, err)
	}
	return settings, nil
}
