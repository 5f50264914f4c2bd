package reading

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"hookwarden/cmd/hookwarden/internal/pausing"
	"hookwarden/cmd/hookwarden/internal/session"
	"hookwarden/shared/dynamo"
	"hookwarden/shared/env"
)

// open finds the stack and makes what reads it.
func open(ctx context.Context, s *session.Session) (*source, error) {
	c, err := s.Open(ctx)
	if err != nil {
		return nil, err
	}
	table := make(map[string]string)
	for _, name := range []string{"APPS_TABLE", "ORGANIZATIONS_TABLE", "BUFFER_TABLE", "REQUESTS_TABLE", "AUDIT_TABLE", "NOTICES_TABLE"} {
		if table[name], err = c.Name(name); err != nil {
			return nil, err
		}
	}
	apps := dynamo.AppsReader{API: c.DynamoDB, Table: table["APPS_TABLE"]}
	w := stackReader{c, s.Now}
	return &source{
		stack:         c.Stack,
		apps:          apps,
		finder:        countedApps{apps, c.DynamoDB},
		organizations: dynamo.Organizations{API: c.DynamoDB, Table: table["ORGANIZATIONS_TABLE"]},
		days:          dynamo.Buffer{API: c.DynamoDB, Table: table["BUFFER_TABLE"]},
		failing:       dynamo.BufferReader{API: c.DynamoDB, Table: table["BUFFER_TABLE"]},
		log:           dynamo.RequestsReader{API: c.DynamoDB, Table: table["REQUESTS_TABLE"]},
		audit:         dynamo.AuditReader{API: c.DynamoDB, Table: table["AUDIT_TABLE"]},
		notices:       dynamo.NoticesReader{API: c.DynamoDB, Table: table["NOTICES_TABLE"]},
		brake: brakes{dynamo.Brake{API: c.DynamoDB, Table: table["AUDIT_TABLE"]},
			dynamo.BrakeReader{API: c.DynamoDB, Table: table["AUDIT_TABLE"]}},
		queues: w, watch: w, settings: w, mail: w,
	}, nil
}

type brakes struct {
	dynamo.Brake
	dynamo.BrakeReader
}

type countedApps struct {
	dynamo.AppsReader
	db *dynamodb.Client
}

// CountApps implements appFinder.
func (a countedApps) CountApps(ctx context.Context) (int64, error) {
	out, err := a.db.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &a.Table})
	if err != nil {
		return 0, fmt.Errorf("count the apps: %w", err)
	}
	return aws.ToInt64(out.Table.ItemCount), nil
}

// stackReader reads what is not in tables.
type stackReader struct {
	c   *session.Clients
	now func() time.Time
}

// ReadDepth implements queueReader.
func (r stackReader) ReadDepth(ctx context.Context, name string) (depth, bool, error) {
	url := r.c.Optional(name)
	if url == "" {
		return depth{}, false, nil
	}
	out, err := r.c.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{
		sqstypes.QueueAttributeNameApproximateNumberOfMessages,
		sqstypes.QueueAttributeNameApproximateNumberOfMessagesDelayed,
		sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
	}})
	if err != nil {
		return depth{}, false, fmt.Errorf("read the depth of %s: %w", path.Base(url), err)
	}
	number := func(name sqstypes.QueueAttributeName) int64 {
		n, _ := strconv.ParseInt(out.Attributes[string(name)], 10, 64)
		return n
	}
	return depth{
		Waiting:  number(sqstypes.QueueAttributeNameApproximateNumberOfMessages),
		Delayed:  number(sqstypes.QueueAttributeNameApproximateNumberOfMessagesDelayed),
		InFlight: number(sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible),
	}, true, nil
}

// lookBack is how far back the newest value of a metric is looked for: SQS writes one a
// minute, and none for a queue that was idle for hours.
const lookBack = 15 * time.Minute

// fewTries lets a call to CloudWatch fail soon: an answer without it is better than one
// that nobody waits for.
func fewTries(o *cloudwatch.Options) { o.RetryMaxAttempts = 2 }

// ReadAges implements watchReader.
func (r stackReader) ReadAges(ctx context.Context, names []string) (map[string]time.Duration, error) {
	now := r.now()
	in := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(now.Add(-lookBack)), EndTime: aws.Time(now),
		ScanBy: cwtypes.ScanByTimestampDescending}
	for i, name := range names {
		if url := r.c.Optional(name); url != "" {
			in.MetricDataQueries = append(in.MetricDataQueries, cwtypes.MetricDataQuery{
				Id: aws.String(fmt.Sprintf("q%d", i)),
				MetricStat: &cwtypes.MetricStat{Period: aws.Int32(60), Stat: aws.String("Maximum"), Metric: &cwtypes.Metric{
					Namespace: aws.String("AWS/SQS"), MetricName: aws.String("ApproximateAgeOfOldestMessage"),
					Dimensions: []cwtypes.Dimension{{Name: aws.String("QueueName"), Value: aws.String(path.Base(url))}}}},
			})
		}
	}
	out, err := r.c.CloudWatch.GetMetricData(ctx, in, fewTries)
	if err != nil {
		return nil, fmt.Errorf("read the queues' ages: %w", err)
	}
	ages := make(map[string]time.Duration)
	for _, result := range out.MetricDataResults {
		i, err := strconv.Atoi(strings.TrimPrefix(aws.ToString(result.Id), "q"))
		if err == nil && i < len(names) && len(result.Values) > 0 {
			ages[names[i]] = time.Duration(result.Values[0] * float64(time.Second))
		}
	}
	return ages, nil
}

// ReadAlarms implements watchReader. CloudFormation begins the names of the stack's
// alarms with the stack's own.
func (r stackReader) ReadAlarms(ctx context.Context) ([]alarm, error) {
	out, err := r.c.CloudWatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: aws.String(r.c.Stack + "-"), StateValue: cwtypes.StateValueAlarm, MaxRecords: aws.Int32(100)}, fewTries)
	if err != nil {
		return nil, fmt.Errorf("read the alarms: %w", err)
	}
	var ringing []alarm
	for _, a := range out.MetricAlarms {
		ringing = append(ringing, alarm{Name: logicalID(aws.ToString(a.AlarmName), r.c.Stack),
			Since: aws.ToTime(a.StateUpdatedTimestamp), Why: aws.ToString(a.AlarmDescription)})
	}
	return ringing, nil
}

// logicalID is the middle of <stack>-<logical id>-<random>.
func logicalID(name, stack string) string {
	id, _, _ := strings.Cut(strings.TrimPrefix(name, stack+"-"), "-")
	return id
}

// ReadDisable implements settingsReader.
func (r stackReader) ReadDisable(ctx context.Context) (env.Disable, error) {
	return session.Live(ctx, r.c, "DISABLE_FUNCTION", env.ReadDisable)
}

// ReadDeliver implements settingsReader.
func (r stackReader) ReadDeliver(ctx context.Context) (env.Deliver, error) {
	return session.Live(ctx, r.c, "DELIVER_FUNCTION", env.ReadDeliver)
}

// ReadPaused implements settingsReader.
func (r stackReader) ReadPaused(ctx context.Context) ([]paused, error) {
	var off []paused
	for _, part := range []struct{ function, what string }{{"DELIVER_FUNCTION", pausing.Deliveries}, {"DISABLE_FUNCTION", pausing.Disablings}} {
		name, err := r.c.Name(part.function)
		if err != nil {
			return nil, err
		}
		out, err := r.c.Lambda.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{FunctionName: &name})
		if err != nil {
			return nil, fmt.Errorf("read what %s listens to: %w", name, err)
		}
		for _, m := range out.EventSourceMappings {
			if state := aws.ToString(m.State); state == "Disabled" || state == "Disabling" {
				source := aws.ToString(m.EventSourceArn)
				if before, _, ok := strings.Cut(source, "/stream/"); ok {
					source = before // of a table's stream
				}
				off = append(off, paused{logicalID(source[strings.LastIndexAny(source, ":/")+1:], r.c.Stack), part.what})
			}
		}
	}
	swept, err := r.sweeps(ctx)
	if err == nil && !swept {
		off = append(off, paused{pausing.Sweep, pausing.Disablings})
	}
	return off, err
}

// sweeps reports whether the rule that starts the sweep is turned on.
func (r stackReader) sweeps(ctx context.Context) (bool, error) {
	resources, err := r.c.Resources(ctx)
	if err != nil {
		return false, err
	}
	rule := resources[pausing.SweepRule]
	out, err := eventbridge.NewFromConfig(r.c.Config).DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &rule})
	if err != nil {
		return false, fmt.Errorf("look at the rule that starts the sweep: %w", err)
	}
	return out.State != ebtypes.RuleStateDisabled, nil
}

// ReadSuppression implements suppressionReader. What an engine does not know, or the
// person may not ask, is not known.
func (r stackReader) ReadSuppression(ctx context.Context, address string) (suppression, error) {
	out, err := r.c.SES.GetSuppressedDestination(ctx, &sesv2.GetSuppressedDestinationInput{EmailAddress: &address})
	var none *sestypes.NotFoundException
	switch {
	case errors.As(err, &none):
		return suppression{Known: !r.c.Local}, nil // an engine that has no such list says so too
	case err != nil && ctx.Err() != nil:
		return suppression{}, err
	case err != nil:
		return suppression{}, nil
	}
	found := suppression{Known: true, Suppressed: true, Reason: string(out.SuppressedDestination.Reason)}
	found.Since = aws.ToTime(out.SuppressedDestination.LastUpdateTime)
	return found, nil
}
