// The sweep function judges every app with recent failures, once an hour.
package main

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-lambda-go/lambda"

	"hookwarden/functions/internal/wiring"
	"hookwarden/shared/env"
)

func main() {
	e, base := wiring.Start(env.ReadDisable)
	job := base.Disabling(e)
	lambda.StartHandlerFunc(func(ctx context.Context, _ json.RawMessage) (struct{}, error) {
		defer base.Metrics.Flush()
		return struct{}{}, job.Sweep(ctx)
	})
}
