package pausing

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hookwarden/cmd/hookwarden/internal/fault"
)

// services are Lambda and EventBridge, a mapping a page.
type services struct {
	mappings []types.EventSourceMappingConfiguration
	rule     ebtypes.RuleState
	err      error
	calls    []string
}

func (s *services) ListEventSourceMappings(_ context.Context, in *lambda.ListEventSourceMappingsInput, _ ...func(*lambda.Options)) (*lambda.ListEventSourceMappingsOutput, error) {
	s.calls = append(s.calls, "list "+*in.FunctionName)
	n := len(aws.ToString(in.Marker))
	out := &lambda.ListEventSourceMappingsOutput{}
	if n < len(s.mappings) {
		out.EventSourceMappings = s.mappings[n : n+1]
		out.NextMarker = aws.String(aws.ToString(in.Marker) + "x")
	}
	return out, s.err
}

func (s *services) UpdateEventSourceMapping(_ context.Context, in *lambda.UpdateEventSourceMappingInput, _ ...func(*lambda.Options)) (*lambda.UpdateEventSourceMappingOutput, error) {
	s.calls = append(s.calls, "update "+*in.UUID+map[bool]string{true: " on", false: " off"}[*in.Enabled])
	return &lambda.UpdateEventSourceMappingOutput{}, s.err
}

func (s *services) DescribeRule(_ context.Context, in *eventbridge.DescribeRuleInput, _ ...func(*eventbridge.Options)) (*eventbridge.DescribeRuleOutput, error) {
	s.calls = append(s.calls, "describe "+*in.Name)
	return &eventbridge.DescribeRuleOutput{State: s.rule}, s.err
}

func (s *services) EnableRule(_ context.Context, in *eventbridge.EnableRuleInput, _ ...func(*eventbridge.Options)) (*eventbridge.EnableRuleOutput, error) {
	s.calls = append(s.calls, "enable "+*in.Name)
	return &eventbridge.EnableRuleOutput{}, s.err
}

func (s *services) DisableRule(_ context.Context, in *eventbridge.DisableRuleInput, _ ...func(*eventbridge.Options)) (*eventbridge.DisableRuleOutput, error) {
	s.calls = append(s.calls, "disable "+*in.Name)
	return &eventbridge.DisableRuleOutput{}, s.err
}

func (s *services) stack() stack {
	return stack{lambda: s, rules: s, name: func(name string) (string, error) { return "hw-" + name, nil },
		rule: func(context.Context) (string, error) { return "hw-Hourly", nil }}
}

func mapping(id, arn, state string) types.EventSourceMappingConfiguration {
	return types.EventSourceMappingConfiguration{UUID: &id, EventSourceArn: &arn, State: &state}
}

func TestStackPartsAreTheMappingsAndTheRule(t *testing.T) {
	s := &services{rule: ebtypes.RuleStateEnabled, mappings: []types.EventSourceMappingConfiguration{
		mapping("2", "arn:aws:sqs:eu-west-1:1:hw-WebhookQueue", "Disabling"), mapping("1", "arn:aws:sqs:eu-west-1:1:hw-RetryQueue", "Enabled")}}
	got, err := s.stack().Parts(t.Context(), Deliveries)
	want := []Part{{Name: "hw-RetryQueue", ID: "1", State: "Enabled", On: true}, {Name: "hw-WebhookQueue", ID: "2", State: "Disabling", busy: true}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Part{})); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	s.mappings = []types.EventSourceMappingConfiguration{mapping("3", "arn:aws:dynamodb:eu-west-1:1:table/hw-Buffer/stream/2026-11-25T00:00:00.000", "Enabling")}
	got, err = s.stack().Parts(t.Context(), Disablings)
	want = []Part{{Name: "stream of Buffer", ID: "3", State: "Enabling", On: true}, {Name: Sweep, ID: "hw-Hourly", State: "ENABLED", On: true}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Part{})); diff != "" || err != nil || !got[0].busy {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestStackWithoutMappingsIsAFault(t *testing.T) {
	if _, err := (&services{}).stack().Parts(t.Context(), Deliveries); fault.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
	for _, what := range whats() {
		s := &services{err: errLost}
		if _, err := s.stack().Parts(t.Context(), what); !errors.Is(err, errLost) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestStackSetsMappingsAndTheRule(t *testing.T) {
	s := &services{}
	for _, on := range []bool{true, false} {
		for _, p := range []Part{{Name: "hw-RetryQueue", ID: "1"}, {Name: Sweep, ID: "hw-Hourly"}} {
			if err := s.stack().Set(t.Context(), p, on); err != nil {
				t.Error(err)
			}
		}
	}
	if diff := cmp.Diff([]string{"update 1 on", "enable hw-Hourly", "update 1 off", "disable hw-Hourly"}, s.calls); diff != "" {
		t.Error(diff)
	}
	for want, err := range map[bool]error{true: &types.ResourceInUseException{}, false: errLost} {
		s.err = err
		if got := s.stack().Set(t.Context(), Part{ID: "1"}, true); errors.Is(got, errBusy) != want || !errors.Is(got, err) {
			t.Errorf("%v became %v", err, got)
		}
	}
}
