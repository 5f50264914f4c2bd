package dynamo

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// perTry is how long one request to DynamoDB may take.
const perTry = time.Second

// NewClient makes a DynamoDB client that gives each try its own time-out. Its
// errors wrap platform.ErrRefused if DynamoDB permanently refuses a call.
func NewClient(c aws.Config) *dynamodb.Client {
	return dynamodb.NewFromConfig(c, func(o *dynamodb.Options) {
		o.HTTPClient = awshttp.NewBuildableClient().WithTimeout(perTry)
		o.APIOptions = append(o.APIOptions, refusals)
	})
}
