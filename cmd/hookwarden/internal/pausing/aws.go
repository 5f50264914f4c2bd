package pausing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"hookwarden/cmd/hookwarden/internal/fault"
)

type lambdaAPI interface {
	ListEventSourceMappings(ctx context.Context, in *lambda.ListEventSourceMappingsInput, _ ...func(*lambda.Options)) (*lambda.ListEventSourceMappingsOutput, error)
	UpdateEventSourceMapping(ctx context.Context, in *lambda.UpdateEventSourceMappingInput, _ ...func(*lambda.Options)) (*lambda.UpdateEventSourceMappingOutput, error)
}

type rulesAPI interface {
	DescribeRule(ctx context.Context, in *eventbridge.DescribeRuleInput, _ ...func(*eventbridge.Options)) (*eventbridge.DescribeRuleOutput, error)
	EnableRule(ctx context.Context, in *eventbridge.EnableRuleInput, _ ...func(*eventbridge.Options)) (*eventbridge.EnableRuleOutput, error)
	DisableRule(ctx context.Context, in *eventbridge.DisableRuleInput, _ ...func(*eventbridge.Options)) (*eventbridge.DisableRuleOutput, error)
}

// stack is the switchboard of a stack.
type stack struct {
	lambda lambdaAPI
	rules  rulesAPI
	name   func(string) (string, error) // as in "DELIVER_FUNCTION"
	rule   func(context.Context) (string, error)
}

// Sweep is the name of the part that starts the sweep.
const Sweep = "hourly sweep"

// Parts implements switchboard.
func (s stack) Parts(ctx context.Context, what string) ([]Part, error) {
	if what == Deliveries {
		return s.mappings(ctx, "DELIVER_FUNCTION")
	}
	parts, err := s.mappings(ctx, "DISABLE_FUNCTION")
	if err != nil {
		return nil, err
	}
	rule, err := s.rule(ctx)
	if err != nil {
		return nil, err
	}
	out, err := s.rules.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &rule})
	if err != nil {
		return nil, fmt.Errorf("look at the rule %s: %w", rule, err)
	}
	return append(parts, Part{Name: Sweep, ID: rule, State: string(out.State), On: out.State == ebtypes.RuleStateEnabled}), nil
}

func (s stack) mappings(ctx context.Context, function string) ([]Part, error) {
	name, err := s.name(function)
	if err != nil {
		return nil, err
	}
	var parts []Part
	pages := lambda.NewListEventSourceMappingsPaginator(s.lambda, &lambda.ListEventSourceMappingsInput{FunctionName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look at what starts %s: %w", name, err)
		}
		for _, m := range page.EventSourceMappings {
			state := aws.ToString(m.State)
			parts = append(parts, Part{Name: sourceName(aws.ToString(m.EventSourceArn)), ID: aws.ToString(m.UUID), State: state,
				On: state == "Enabled" || state == "Enabling", busy: state != "Enabled" && state != "Disabled"})
		}
	}
	slices.SortFunc(parts, func(a, b Part) int { return strings.Compare(a.Name, b.Name) })
	if len(parts) == 0 {
		return nil, fault.NewFailed("Was the stack's mapping deleted by hand? Deploy it again.", "nothing starts %s", name)
	}
	return parts, nil
}

// sourceName is what a mapping reads: a queue, or the stream of a table.
func sourceName(arn string) string {
	last := arn[strings.LastIndexByte(arn, ':')+1:]
	if strings.Contains(arn, ":dynamodb:") {
		return "stream of Buffer"
	}
	return last
}

// Set implements switchboard.
func (s stack) Set(ctx context.Context, p Part, on bool) error {
	var err error
	switch {
	case p.Name == Sweep && on:
		_, err = s.rules.EnableRule(ctx, &eventbridge.EnableRuleInput{Name: &p.ID})
	case p.Name == Sweep:
		_, err = s.rules.DisableRule(ctx, &eventbridge.DisableRuleInput{Name: &p.ID})
	default:
		_, err = s.lambda.UpdateEventSourceMapping(ctx, &lambda.UpdateEventSourceMappingInput{UUID: &p.ID, Enabled: &on})
	}
	var inUse *types.ResourceInUseException
	var conflict *types.ResourceConflictException
	if errors.As(err, &inUse) || errors.As(err, &conflict) {
		return fmt.Errorf("%w: %w", errBusy, err)
	}
	return err
}
