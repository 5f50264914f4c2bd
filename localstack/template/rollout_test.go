package template

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWithoutGradualRolloutThereIsNoCodeDeploy(t *testing.T) {
	t.Parallel()
	template := expand(t)
	for name, r := range template.Resources {
		if strings.HasPrefix(r.Type, "AWS::CodeDeploy::") || name == "CodeDeployRole" || r.UpdatePolicy != nil {
			t.Errorf("%s is a %s", name, r.Type)
		}
	}
	for name := range template.OfType("AWS::Lambda::Function") {
		alias := template.Resources[name+"Aliaslive"].Properties
		if alias["Name"] != "live" || Target(alias["FunctionName"]) != name ||
			template.Resources[Target(alias["FunctionVersion"])].Type != "AWS::Lambda::Version" {
			t.Errorf("%s has the alias %v", name, alias)
		}
	}
	for name, m := range template.OfType("AWS::Lambda::EventSourceMapping") {
		if !strings.HasSuffix(Target(m["FunctionName"]), "FunctionAliaslive") {
			t.Errorf("%s calls %v", name, m["FunctionName"])
		}
	}
}

func TestAGradualRolloutGoesBackWhenTheFunctionFails(t *testing.T) {
	t.Parallel()
	template := expand(t, "GradualRollout=true", "DeploymentType=Linear10PercentEvery1Minute")
	role := template.Resources["CodeDeployRole"].Properties
	for name := range template.OfType("AWS::Lambda::Function") {
		group := template.Resources[name+"DeploymentGroup"].Properties
		alarm := strings.TrimSuffix(name, "Function") + "ErrorsAlarm"
		if alarms := List(At(group, "AlarmConfiguration", "Alarms")); len(alarms) != 1 || Target(At(alarms[0], "Name")) != alarm {
			t.Errorf("%s is watched by %v", name, alarms)
		}
		if !slices.Contains(List(At(group, "AutoRollbackConfiguration", "Events")), any("DEPLOYMENT_STOP_ON_ALARM")) ||
			Target(group["ServiceRoleArn"]) != "CodeDeployRole" ||
			!strings.Contains(fmt.Sprint(group["DeploymentConfigName"]), "Linear10PercentEvery1Minute") {
			t.Errorf("%s is rolled out by %v", name, group)
		}
		if At(template.Resources[name+"Aliaslive"].UpdatePolicy, "CodeDeployLambdaAliasUpdate") == nil {
			t.Errorf("%s is not shifted by CodeDeploy", name)
		}
		for _, want := range []Grant{{"lambda:UpdateAlias", name}, {"lambda:GetAlias", name}, {"cloudwatch:DescribeAlarms", alarm}} {
			if !slices.ContainsFunc(Statements(role), func(s Object) bool { return slices.Contains(Grants(s), want) }) {
				t.Errorf("CodeDeploy may not %s on %s", want.Action, want.On)
			}
		}
	}
	if got := expand(t).Parameters["DeploymentType"].Default; got != "Canary10Percent5Minutes" {
		t.Errorf("the default is %v", got)
	}
}

// longest is how long a parameter's value may be, where neither a choice nor a
// number says so. TestParametersAreChecked proves it.
func longest(name string) int {
	return map[string]int{"PlatformId": 40, "PlatformName": 40, "HeaderPrefix": 40, "RetryDelays": 69, "LogLevel": 5, "WebhookTimeoutSeconds": 6, "TimeoutMinShare": 6}[name]
}

// SAM makes a new version when the template changes, and does not see that a
// parameter's value does: without this a new value would never reach the alias.
func TestANewValueOfAParameterMakesANewVersion(t *testing.T) {
	t.Parallel()
	template := expand(t)
	for name, f := range template.OfType("AWS::Lambda::Function") {
		version := template.Resources[Target(template.Resources[name+"Aliaslive"].Properties["FunctionVersion"])].Properties
		text, _ := At(version, "Description", "Fn::Sub").(string)
		var reads []string
		for _, value := range At(f, "Environment", "Variables").(Object) {
			if _, ok := template.Parameters[Target(value)]; ok {
				reads = append(reads, Target(value))
			}
		}
		reads = append(reads, Target(List(f["Architectures"])[0]))
		length := len(strings.Fields(text)) - 1
		var described []string
		for _, field := range strings.Fields(text) {
			parameter := strings.Trim(field, "${}")
			described = append(described, parameter)
			p := template.Parameters[parameter]
			most := max(p.MaxLength, longest(parameter))
			for _, v := range p.AllowedValues {
				most = max(most, len(v))
			}
			if p.MaxValue != nil {
				most = max(most, len(fmt.Sprintf("%.0f", *p.MaxValue)))
			}
			if most == 0 {
				t.Errorf("%s may be of any length", parameter)
			}
			length += most
		}
		slices.Sort(reads)
		slices.Sort(described)
		if diff := cmp.Diff(reads, described); diff != "" {
			t.Errorf("%s (-read +described):\n%s", name, diff)
		}
		if length > 256 {
			t.Errorf("%s may be described by %d characters, Lambda takes 256", name, length)
		}
	}
}

func TestConcurrencyIsReservedOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	for name, f := range expand(t).OfType("AWS::Lambda::Function") {
		if f["ReservedConcurrentExecutions"] != nil {
			t.Errorf("%s reserves %v", name, f["ReservedConcurrentExecutions"])
		}
	}
	for name, f := range expand(t, "DeliverReservedConcurrency=80").OfType("AWS::Lambda::Function") {
		if want := map[bool]string{true: "DeliverReservedConcurrency"}[name == "DeliverFunction"]; Target(f["ReservedConcurrentExecutions"]) != want {
			t.Errorf("%s reserves %v", name, f["ReservedConcurrentExecutions"])
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
