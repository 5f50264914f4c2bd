// Package place finds the stack that a command is about, and what its things are called:
// by its name in an account, or by the stack.env of a local one.
package place

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"hookwarden/cmd/hookwarden/internal/fault"
)

// Choice is what the command line says of the stack. Empty fields are not said.
type Choice struct {
	Stack   string // its name in the account
	EnvFile string // a stack.env
	Region  string // for Stack
	Profile string // for Stack
}

// Place is a stack: what its queues, tables and functions are called, and how AWS is
// reached there.
type Place struct {
	Stack  string            // CloudFormation's name of it
	Local  bool              // it is on an engine of this machine, not in an account
	Config aws.Config        // for the clients
	names  map[string]string // as in stack.env
}

const wayOut = "Name it with --stack NAME (a stack in your AWS account) or --env FILE (a stack.env), or start a local one with `make up`."

// Find finds the stack. dir is where the search for a local stack's .local/stack.env
// begins, upwards, if the choice names none. tune is called on the AWS configuration
// before its first use.
func Find(ctx context.Context, choice Choice, dir string, tune func(*aws.Config)) (*Place, error) {
	switch {
	case choice.Stack != "" && choice.EnvFile != "":
		return nil, fault.NewUsage("Leave one of them out.", "--stack and --env both name a stack")
	case choice.Stack != "":
		return inAccount(ctx, choice, tune)
	case choice.Profile != "" || choice.Region != "":
		return nil, fault.NewUsage("Add --stack NAME.", "--profile and --region are for a stack in an account, and none is named")
	case choice.EnvFile != "":
		return byFile(ctx, choice.EnvFile, tune)
	}
	file := upwards(dir, filepath.Join(".local", "stack.env"))
	if file == "" {
		return nil, fault.NewUsage(wayOut, "which stack? No .local/stack.env is in %s or above it", dir)
	}
	return byFile(ctx, file, tune)
}

// upwards looks for a file in a folder and in those that it is in; empty if there is none.
func upwards(dir, name string) string {
	for {
		if file := filepath.Join(dir, name); isFile(file) {
			return file
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// byFile reads a stack.env. If it has an endpoint, that and its credentials are used;
// else the stack is in an account, and the credentials are the person's own.
func byFile(ctx context.Context, path string, tune func(*aws.Config)) (*Place, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.NewUsage(wayOut, "read the stack's names: %w", err)
	}
	names := make(map[string]string)
	for line := range strings.Lines(string(content)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			names[key] = value
		}
	}
	if names["WEBHOOK_QUEUE_URL"] == "" {
		return nil, fault.NewUsage("`make up` writes one.", "%s is no stack.env: it has no WEBHOOK_QUEUE_URL", path)
	}
	options := quiet()
	if region := names["AWS_REGION"]; region != "" {
		options = append(options, config.WithRegion(region))
	}
	endpoint := names["AWS_ENDPOINT_URL"]
	if endpoint != "" {
		options = append(options, config.WithBaseEndpoint(endpoint),
			config.WithSharedConfigFiles([]string{}), config.WithSharedCredentialsFiles([]string{}),
			config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(names["AWS_ACCESS_KEY_ID"], names["AWS_SECRET_ACCESS_KEY"], "")))
	}
	c, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("configure the AWS clients: %w", err)
	}
	tune(&c)
	return &Place{Stack: stackOf(names["WEBHOOK_QUEUE_URL"]), Local: endpoint != "", Config: c, names: names}, nil
}

// quiet keeps the SDK's own remarks off a person's screen: what matters comes as an error.
func quiet() []func(*config.LoadOptions) error {
	return []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})}
}

// stackOf is the stack's name, which the names of its queues begin with.
func stackOf(queueURL string) string {
	return strings.TrimSuffix(queueURL[strings.LastIndexByte(queueURL, '/')+1:], "-WebhookQueue")
}

// inAccount asks CloudFormation, with the person's own credentials.
func inAccount(ctx context.Context, choice Choice, tune func(*aws.Config)) (*Place, error) {
	options := quiet()
	if choice.Region != "" {
		options = append(options, config.WithRegion(choice.Region))
	}
	if choice.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(choice.Profile))
	}
	c, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fault.NewFailed("Look at --profile, ~/.aws/config and the AWS_… variables.", "configure the AWS clients: %w", err)
	}
	if c.Region == "" {
		return nil, fault.NewUsage("Name one: --region, AWS_REGION, or the profile's own.", "in which region is the stack %s?", choice.Stack)
	}
	tune(&c)
	out, err := cloudformation.NewFromConfig(c).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &choice.Stack})
	if isNoStack(err) || err == nil && len(out.Stacks) == 0 {
		return nil, fault.NewNotFound("Is it the right region and account? `aws cloudformation list-stacks` has them.",
			"there is no stack %s in %s", choice.Stack, c.Region)
	}
	if err != nil {
		return nil, fmt.Errorf("look for the stack %s: %w", choice.Stack, err)
	}
	names := namesOf(out.Stacks[0].Outputs)
	if names["WEBHOOK_QUEUE_URL"] == "" {
		return nil, fault.NewNotFound("Is it another application's?", "the stack %s is no hookwarden: it has no output WebhookQueueUrl", choice.Stack)
	}
	return &Place{Stack: choice.Stack, Local: c.BaseEndpoint != nil, Config: c, names: names}, nil
}

func isNoStack(err error) bool {
	var refused smithy.APIError
	return errors.As(err, &refused) && refused.ErrorCode() == "ValidationError"
}

func namesOf(outputs []types.Output) map[string]string {
	names := make(map[string]string, len(outputs))
	for _, o := range outputs {
		names[upperSnake(aws.ToString(o.OutputKey))] = aws.ToString(o.OutputValue)
	}
	return names
}

// upperSnake writes WebhookDlqUrl as WEBHOOK_DLQ_URL.
func upperSnake(camel string) string {
	var b strings.Builder
	for i, r := range camel {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}

// Name is what something is called that every stack has, such as APPS_TABLE.
func (p *Place) Name(name string) (string, error) {
	if value := p.names[name]; value != "" {
		return value, nil
	}
	return "", fault.NewFailed("It may be of an older version: deploy this one.", "the stack %s does not name its %s", p.Stack, name)
}

// Optional is what something is called that not every stack has, such as
// EVENTS_QUEUE_URL; empty if this one has none.
func (p *Place) Optional(name string) string { return p.names[name] }

// Resources are the physical names of all resources by their logical ids, as in
// "DisableFunctionCounts". It reads up to 100 resources a call.
func (p *Place) Resources(ctx context.Context) (map[string]string, error) {
	resources := make(map[string]string)
	pages := cloudformation.NewListStackResourcesPaginator(cloudformation.NewFromConfig(p.Config),
		&cloudformation.ListStackResourcesInput{StackName: &p.Stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the resources of the stack %s: %w", p.Stack, err)
		}
		for _, r := range page.StackResourceSummaries {
			resources[aws.ToString(r.LogicalResourceId)] = aws.ToString(r.PhysicalResourceId)
		}
	}
	return resources, nil
}
