// The hello program is what the bench holds the functions' start and memory
// against: a Lambda function that takes any event and finds nothing wrong with it.
package main

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-lambda-go/lambda"
)

type answer struct {
	BatchItemFailures []string `json:"batchItemFailures"`
}

func main() {
	lambda.StartHandlerFunc(func(context.Context, json.RawMessage) (answer, error) {
		return answer{BatchItemFailures: []string{}}, nil
	})
}
