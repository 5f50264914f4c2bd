// The disable function judges the apps whose counts changed.
package main

import (
	"github.com/aws/aws-lambda-go/lambda"

	"hookwarden/functions/internal/wiring"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/env"
)

func main() {
	e, base := wiring.Start(env.ReadDisable)
	lambda.StartHandlerFunc(dynamo.Stream(base.Disabling(e), base.Metrics.Flush))
}
