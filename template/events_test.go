package template

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlatformEventsMakeAQueueThatAllButNotifySendTo(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]string{"false": nil, "true": {"DeliverFunction", "DisableFunction", "RegisterFunction", "SweepFunction"}} {
		template := expand(t, "PlatformEvents="+value)
		var told, may []string
		for name, f := range template.OfType("AWS::Lambda::Function") {
			if url := At(f, "Environment", "Variables", "EVENTS_QUEUE_URL"); url != nil {
				told = append(told, name)
				if Target(url) != "EventsQueue" {
					t.Errorf("PlatformEvents=%s: %s sends to %v", value, name, url)
				}
			}
		}
		for name, role := range template.OfType("AWS::IAM::Role") {
			for _, s := range Statements(role) {
				for _, g := range Grants(s) {
					if g.On == "EventsQueue" {
						may = append(may, strings.TrimSuffix(name, "Role")+"Function")
						if g.Action != "sqs:SendMessage" {
							t.Errorf("PlatformEvents=%s: %s may %s", value, name, g.Action)
						}
					}
				}
			}
		}
		slices.Sort(told)
		slices.Sort(may)
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("PlatformEvents=%s: who knows the queue (-want +got):\n%s", value, diff)
		}
		if diff := cmp.Diff(want, may); diff != "" {
			t.Errorf("PlatformEvents=%s: who may send (-want +got):\n%s", value, diff)
		}
		for _, name := range []string{"EventsQueue", "EventsQueuePolicy", "EventsQueueAgeAlarm"} {
			if _, ok := template.Resources[name]; ok != (value == "true") {
				t.Errorf("PlatformEvents=%s: %s exists: %v", value, name, ok)
			}
		}
		if output, ok := template.Outputs["EventsQueueUrl"]; ok != (value == "true") || ok && Target(output.Value) != "EventsQueue" {
			t.Errorf("PlatformEvents=%s: the output is %v", value, output)
		}
	}
}

// Only the platform consumes this queue, so nothing else can give up a
// message.
func TestEventsQueueKeepsWhatItTellsForAsLongAsSQSDoes(t *testing.T) {
	t.Parallel()
	q := expand(t, "PlatformEvents=true").Resources["EventsQueue"].Properties
	want := Object{"QueueName": Object{"Fn::Sub": "${AWS::StackName}-EventsQueue"}, "MessageRetentionPeriod": 14 * 86400., "SqsManagedSseEnabled": true}
	if diff := cmp.Diff(want, q); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A reference to a queue that may not exist is not allowed.
func TestDashboardShowsTheEventsQueueByItsName(t *testing.T) {
	t.Parallel()
	text := At(expand(t).Resources["Dashboard"].Properties, "DashboardBody", "Fn::Sub").(string)
	for _, metric := range []string{"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"} {
		if shown := `"AWS/SQS", "` + metric + `", "QueueName", "${AWS::StackName}-EventsQueue"`; !strings.Contains(text, shown) {
			t.Errorf("the dashboard lacks %s", shown)
		}
	}
}
