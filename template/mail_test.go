package template

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hookwarden/shared/platform"
)

// mailKinds is the values of the tag kind, which may not have dots.
func mailKinds() (kinds []string) {
	for _, k := range []platform.NoticeKind{platform.AppDisabled, platform.AppEnabled} {
		kinds = append(kinds, strings.ReplaceAll(string(k), ".", "_"))
	}
	return kinds
}

func TestMailMetricsAreOfTheMailsKindAndStack(t *testing.T) {
	t.Parallel()
	template := expand(t)
	dimension := func(name string) Object {
		return Object{"DimensionName": name, "DimensionValueSource": "messageTag", "DefaultDimensionValue": "none"}
	}
	want := map[string]Object{"MailEvents": {
		"ConfigurationSetName": Object{"Ref": "ConfigurationSet"},
		"EventDestination": Object{
			"Enabled":               true,
			"MatchingEventTypes":    []any{"bounce", "complaint", "reject"},
			"CloudWatchDestination": Object{"DimensionConfigurations": []any{dimension("ses:configuration-set"), dimension("kind")}},
		},
	}}
	if diff := cmp.Diff(want, template.OfType("AWS::SES::ConfigurationSetEventDestination")); diff != "" {
		t.Errorf("event destinations (-want +got):\n%s", diff)
	}
	if Target(At(template.Resources["NotifyFunction"].Properties, "Environment", "Variables", "CONFIGURATION_SET")) != "ConfigurationSet" {
		t.Error("notify mails without the configuration set")
	}
	// The set's name tells stacks apart, so two stacks must not share it.
	set := template.Resources["ConfigurationSet"].Properties
	if set["Name"] != nil {
		t.Errorf("the set is named %v", set["Name"])
	}
	if diff := cmp.Diff([]any{"BOUNCE", "COMPLAINT"}, At(set, "SuppressionOptions", "SuppressedReasons")); diff != "" {
		t.Errorf("which addresses are remembered (-want +got):\n%s", diff)
	}
}

func TestMailMetricsAreNoneWithoutSES(t *testing.T) {
	t.Parallel()
	if got := expand(t, "SesEndpoint=http://mailbox:8005").OfType("AWS::SES::ConfigurationSetEventDestination"); len(got) > 0 {
		t.Errorf("there is %v", got)
	}
}
