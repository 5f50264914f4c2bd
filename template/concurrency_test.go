package template

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConcurrencyIsReservedOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	for name, f := range expand(t).OfType("AWS::Lambda::Function") {
		if f["ReservedConcurrentExecutions"] != nil {
			t.Errorf("%s reserves %v", name, f["ReservedConcurrentExecutions"])
		}
	}
	for name, f := range expand(t, "DeliverReservedConcurrency=80").OfType("AWS::Lambda::Function") {
		want := ""
		if name == "DeliverFunction" {
			want = "DeliverReservedConcurrency"
		}
		if got := Target(f["ReservedConcurrentExecutions"]); got != want {
			t.Errorf("%s reserves %q, want %q", name, got, want)
		}
	}
}

func TestPollersExcludeAMaximumConcurrency(t *testing.T) {
	t.Parallel()
	mappings := expand(t, "WebhookMinimumPollers=3").OfType("AWS::Lambda::EventSourceMapping")
	m := mappings["DeliverFunctionWebhooks"]
	want := Object{"MinimumPollers": Object{"Ref": "WebhookMinimumPollers"}, "MaximumPollers": Object{"Ref": "WebhookMaximumPollers"}}
	if diff := cmp.Diff(want, m["ProvisionedPollerConfig"]); diff != "" || m["ScalingConfig"] != nil {
		t.Errorf("the mapping is %v", m)
	}
	if Target(At(mappings["DeliverFunctionRetries"], "ScalingConfig", "MaximumConcurrency")) != "RetryConcurrency" {
		t.Error("RetryQueue lost its maximum")
	}
}
