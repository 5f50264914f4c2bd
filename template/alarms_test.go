package template

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// describeAlarm is what an alarm watches: "AWS/SQS Age QueueName=WebhookQueue >300 5x60".
func describeAlarm(a Object) string {
	if a["Metrics"] != nil {
		expression := At(List(a["Metrics"])[0], "Expression").(string)
		for _, m := range List(a["Metrics"])[1:] {
			metric := At(m, "MetricStat", "Metric")
			expression = regexp.MustCompile(`\b`+At(m, "Id").(string)+`\b`).ReplaceAllString(expression,
				strings.TrimSpace(describeMetric(metric.(Object))))
		}
		return fmt.Sprintf("%s %vx%v", expression, a["EvaluationPeriods"], At(List(a["Metrics"])[1], "MetricStat", "Period"))
	}
	sign := ">"
	if a["ComparisonOperator"] == "GreaterThanOrEqualToThreshold" {
		sign = ">="
	}
	n := fmt.Sprint(a["EvaluationPeriods"])
	if a["DatapointsToAlarm"] != nil {
		n = fmt.Sprintf("%v/%s", a["DatapointsToAlarm"], n)
	}
	return fmt.Sprintf("%s%s%s%v %sx%v", a["Namespace"].(string)+" ", describeMetric(a), sign, a["Threshold"], n, a["Period"])
}

func describeMetric(m Object) string {
	text := m["MetricName"].(string) + " "
	for _, d := range List(m["Dimensions"]) {
		value := At(d, "Value")
		if literal, ok := value.(string); ok {
			text += literal + " "
			continue
		}
		text += Target(value) + " "
	}
	return text
}

// everyAlarm is parameters with which the template has every alarm.
var everyAlarm = []string{"AlarmEmail=a@b.example", "PlatformEvents=true"}

func TestAlarmsCallAPersonForWhatAPersonMustActOn(t *testing.T) {
	t.Parallel()
	alarms := expand(t, everyAlarm...).OfType("AWS::CloudWatch::Alarm")
	got := make(map[string]string)
	for name, a := range alarms {
		got[name] = describeAlarm(a)
	}
	want := map[string]string{
		"WebhookDLQAlarm":           "AWS/SQS ApproximateNumberOfMessagesVisible WebhookDLQ >0 1x60",
		"RegistryDLQAlarm":          "AWS/SQS ApproximateNumberOfMessagesVisible RegistryDLQ >0 1x60",
		"NotificationDLQAlarm":      "AWS/SQS ApproximateNumberOfMessagesVisible NotificationDLQ >0 1x60",
		"StreamDLQAlarm":            "AWS/SQS ApproximateNumberOfMessagesVisible StreamDLQ >0 1x60",
		"WebhookQueueAgeAlarm":      "AWS/SQS ApproximateAgeOfOldestMessage WebhookQueue >300 5x60",
		"RegistryQueueAgeAlarm":     "AWS/SQS ApproximateAgeOfOldestMessage RegistryQueue >1200 3x300",
		"NotificationQueueAgeAlarm": "AWS/SQS ApproximateAgeOfOldestMessage NotificationQueue >3600 3x300",
		"EventsQueueAgeAlarm":       "AWS/SQS ApproximateAgeOfOldestMessage EventsQueue >86400 3x300",
		"RetryQueueShareAlarm": "IF(NumberOfMessagesReceived RetryQueue > 5 * FILL(NumberOfMessagesReceived WebhookQueue, 0) AND " +
			"NumberOfMessagesReceived RetryQueue >= 100, 1, 0) 6x300",
		"RegisterErrorsAlarm":    "AWS/Lambda Errors RegisterFunction >0 3/5x60",
		"DeliverErrorsAlarm":     "AWS/Lambda Errors DeliverFunction >0 3/5x60",
		"DisableErrorsAlarm":     "AWS/Lambda Errors DisableFunction >0 3/5x60",
		"NotifyErrorsAlarm":      "AWS/Lambda Errors NotifyFunction >0 3/5x60",
		"SweepErrorsAlarm":       "AWS/Lambda Errors SweepFunction >0 1x300",
		"RegisterThrottlesAlarm": "AWS/Lambda Throttles RegisterFunction >0 3x300",
		"DeliverThrottlesAlarm":  "AWS/Lambda Throttles DeliverFunction >0 3x300",
		"DisableThrottlesAlarm":  "AWS/Lambda Throttles DisableFunction >0 3x300",
		"NotifyThrottlesAlarm":   "AWS/Lambda Throttles NotifyFunction >0 3x300",
		"SweepThrottlesAlarm":    "AWS/Lambda Throttles SweepFunction >0 3x300",
		"IteratorAgeAlarm":       "AWS/Lambda IteratorAge DisableFunction >1.8e+06 3x300",
		"StreamGivenUpAlarm":     "AWS/Lambda OnFailureDestinationDeliveredEventCount DisableFunctionCounts >0 1x300",
		"StreamReportsLostAlarm": "AWS/Lambda DestinationDeliveryFailures DisableFunction >0 1x300",
		"WebhooksExpiredAlarm":   "hookwarden webhook.skipped expired >0 1x300",
		"LogDroppedAlarm":        "hookwarden log.dropped >0 3x300",
		"SenderRefusedAlarm":     "hookwarden notice.deferred ours >0 2/6x300",
		"MailsThrottledAlarm":    "hookwarden notice.deferred throttled >0 4/20x900",
		"MailsUnansweredAlarm":   "hookwarden notice.deferred unknown >0 4/50x300",
		"MailsUncheckedAlarm":    "hookwarden notice.deferred unreadable >0 4/50x300",
		"NobodyToldAlarm":        "hookwarden notice.nobody >0 1/13x300",
		"CountsLostAlarm":        "hookwarden counts.lost >0 1x60",
		"MailsRejectedAlarm": "SUM([FILL(Reject ConfigurationSet app_disabled, 0), " +
			"FILL(Reject ConfigurationSet app_enabled, 0), FILL(Reject ConfigurationSet app_warning, 0), " +
			"FILL(Reject ConfigurationSet app_recovered, 0)]) 1x300",
		"MailsRefusedAlarm": "SUM([IF(SUM([notice.refused app.disabled * 0, notice.sent app.disabled]) == 0, notice.refused app.disabled, 0), " +
			"IF(SUM([notice.refused app.enabled * 0, notice.sent app.enabled]) == 0, notice.refused app.enabled, 0), " +
			"IF(SUM([notice.refused app.warning * 0, notice.sent app.warning]) == 0, notice.refused app.warning, 0), " +
			"IF(SUM([notice.refused app.recovered * 0, notice.sent app.recovered]) == 0, notice.refused app.recovered, 0)]) 1x3600",
		"DisableHeldAlarm":     "hookwarden disable.held >0 1x60",
		"DisableLatchedAlarm":  "hookwarden disable.latched >0 1/13x300",
		"WarningsHeldAlarm":    "hookwarden warning.held >0 1x60",
		"WarningsLatchedAlarm": "hookwarden warning.latched >0 1/13x300",
		"DisableRefusedAlarm":  "hookwarden disable.refused >0 1/13x300",
		"NoticeGivenUpAlarm":   "hookwarden notice.given_up >0 1x60",
		"BounceRateAlarm":      "AWS/SES Reputation.BounceRate >=0.05 1x3600",
		"ComplaintRateAlarm":   "AWS/SES Reputation.ComplaintRate >=0.001 1x3600",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
	for name, a := range alarms {
		if description, _ := a["AlarmDescription"].(string); len(description) < 60 || len(description) > 1024 {
			t.Errorf("%s says %q", name, description)
		}
		if a["TreatMissingData"] != "notBreaching" {
			t.Errorf("%s rings when nothing happens", name)
		}
	}
}

// In docs/operations.md a heading names each alarm. It marks the alarms on hookwarden's own
// metrics, which do not say which stack they are from.
func TestAlarmsAreOnTheOperationsPageWithThoseMarkedThatStacksShare(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]bool)
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "#### ") {
			for _, name := range regexp.MustCompile(`\w+Alarm\b`).FindAllString(line, -1) {
				got[name] = strings.Contains(line, `\*`)
			}
		}
	}
	want := make(map[string]bool)
	for name, a := range expand(t, everyAlarm...).OfType("AWS::CloudWatch::Alarm") {
		want[name] = a["Namespace"] == "hookwarden"
		for _, m := range List(a["Metrics"]) {
			if stat, ok := At(m, "MetricStat", "Metric").(Object); ok && stat["Namespace"] == "hookwarden" {
				want[name] = true
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alarms (-template +page):\n%s", diff)
	}
}

func TestQueuesHaveAnAlarmEach(t *testing.T) {
	t.Parallel()
	template := expand(t, everyAlarm...)
	var watched []string
	for _, a := range template.OfType("AWS::CloudWatch::Alarm") {
		watched = append(watched, strings.Fields(describeAlarm(a))...)
	}
	for name := range template.OfType("AWS::SQS::Queue") {
		if !slices.Contains(watched, name) {
			t.Errorf("%s has none", name)
		}
	}
}

func TestAlarmsGoToTheTopicsThatAreGiven(t *testing.T) {
	t.Parallel()
	topic := "AlarmTopicArn=arn:aws:sns:us-east-1:123456789012:alarms"
	for _, test := range []struct {
		parameters, want []string
	}{
		{nil, nil},
		{[]string{topic}, []string{"AlarmTopicArn"}},
		{[]string{"AlarmEmail=a@b.example"}, []string{"AlarmTopic"}},
		{[]string{topic, "AlarmEmail=a@b.example"}, []string{"AlarmTopicArn", "AlarmTopic"}},
	} {
		template := expand(t, test.parameters...)
		for name, a := range template.OfType("AWS::CloudWatch::Alarm") {
			var got []string
			for _, action := range List(a["AlarmActions"]) {
				got = append(got, Target(action))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%v: %s (-want +got):\n%s", test.parameters, name, diff)
			}
		}
		topics := template.OfType("AWS::SNS::Topic")
		if mailed := slices.Contains(test.want, "AlarmTopic"); (len(topics) == 1) != mailed {
			t.Errorf("%v: %d topics", test.parameters, len(topics))
		}
	}
}

func TestDashboardShowsEveryMetric(t *testing.T) {
	t.Parallel()
	template := expand(t)
	text := At(template.Resources["Dashboard"].Properties, "DashboardBody", "Fn::Sub").(string)
	for _, reference := range regexp.MustCompile(`\$\{([^}]*)\}`).FindAllStringSubmatch(text, -1) {
		name, _, _ := strings.Cut(reference[1], ".")
		if _, ok := template.Resources[name]; !ok && reference[1] != "AWS::Region" && reference[1] != "AWS::StackName" {
			t.Errorf("the dashboard names %s", name)
		}
	}
	var body struct {
		Widgets []struct {
			X, Y, Width, Height int
			Properties          struct {
				Title   string
				Metrics [][]any
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatal(err)
	}
	if len(text) > 30_000 {
		t.Errorf("%d bytes", len(text))
	}
	var titles []string
	places := make(map[[2]int]string)
	for _, w := range body.Widgets {
		titles = append(titles, w.Properties.Title)
		if len(w.Properties.Metrics) == 0 || w.X+w.Width > 24 {
			t.Errorf("%s is %v", w.Properties.Title, w)
		}
		for x := w.X; x < w.X+w.Width; x++ {
			for y := w.Y; y < w.Y+w.Height; y++ {
				if other := places[[2]int{x, y}]; other != "" {
					t.Fatalf("%s lies on %s", w.Properties.Title, other)
				}
				places[[2]int{x, y}] = w.Properties.Title
			}
		}
	}
	for _, shown := range []string{"outcome", "Latency", "not sent", "deferred", "Disablings", "Mails", "depths", "ages", "throttles", "units consumed", "Cost drivers"} {
		if !strings.Contains(strings.Join(titles, "\n"), shown) {
			t.Errorf("no widget shows %s", shown)
		}
	}
	// Each metric that the code counts or that a filter makes from its log, with its
	// dimension.
	metrics := counted(t)
	for _, filter := range template.OfType("AWS::Logs::MetricFilter") {
		for _, m := range List(filter["MetricTransformations"]) {
			metrics[At(m, "MetricName").(string)] = ""
		}
	}
	if len(metrics) < 14 {
		t.Errorf("the code counts only %v", metrics)
	}
	for name, dimension := range metrics {
		shown := fmt.Sprintf(`"hookwarden", "%s"`, name)
		if dimension != "" {
			shown = fmt.Sprintf(`{hookwarden,%s} MetricName=\"%s\"`, dimension, name)
		}
		if !strings.Contains(text, shown) {
			t.Errorf("the dashboard lacks %s", shown)
		}
	}
	for _, event := range []string{"Bounce", "Complaint", "Reject"} {
		for _, kind := range mailKinds() {
			shown := `"AWS/SES", "` + event + `", "ses:configuration-set", "${ConfigurationSet}", "kind", "` + kind + `"`
			if !strings.Contains(text, shown) {
				t.Errorf("the dashboard lacks %s", shown)
			}
		}
	}
	for kind, dimension := range map[string]string{"AWS::SQS::Queue": "QueueName", "AWS::DynamoDB::Table": "TableName", "AWS::Lambda::Function": "FunctionName"} {
		for name := range template.OfType(kind) {
			if !regexp.MustCompile(`"` + dimension + `", "\$\{` + name + `[.}]`).MatchString(text) {
				t.Errorf("the dashboard lacks %s", name)
			}
		}
	}
}

func TestDashboardShowsTheIndexesWhoseWritesHoldTheirTablesBack(t *testing.T) {
	t.Parallel()
	template := expand(t)
	text := At(template.Resources["Dashboard"].Properties, "DashboardBody", "Fn::Sub").(string)
	for name, table := range template.OfType("AWS::DynamoDB::Table") {
		for _, index := range List(table["GlobalSecondaryIndexes"]) {
			for _, metric := range []string{"WriteThrottleEvents", "ConsumedWriteCapacityUnits"} {
				shown := fmt.Sprintf(`"%s", "TableName", "${%s}", "GlobalSecondaryIndexName", "%s"`, metric, name, At(index, "IndexName"))
				if !strings.Contains(text, shown) {
					t.Errorf("the dashboard lacks %s", shown)
				}
			}
		}
	}
}

// counted is the metrics in the jobs' code, with their dimensions.
func counted(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "shared", "*", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	call := regexp.MustCompile(`Metrics\.(?:Count|Milliseconds)\("([^"]+)", (?:"([^"]*)")?`)
	metrics := make(map[string]string)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(text), -1) {
			metrics[m[1]] = m[2]
		}
	}
	return metrics
}

func TestMetricFilterCountsLostCountsFromTheirLine(t *testing.T) {
	t.Parallel()
	filter := expand(t).Resources["CountsLostFilter"].Properties
	want := Object{"LogGroupName": Object{"Ref": "DeliverLogGroup"}, "FilterPattern": `{ $.message = "counts lost" }`,
		"MetricTransformations": []any{Object{"MetricNamespace": "hookwarden", "MetricName": "counts.lost", "MetricValue": "1", "Unit": "Count"}}}
	if diff := cmp.Diff(want, filter); diff != "" {
		t.Errorf("the filter (-want +got):\n%s", diff)
	}
	code, err := os.ReadFile(filepath.Join(root, "shared", "delivery", "counts.go"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(code), `logger.ErrorContext(ctx, "counts lost"`) { // at ERROR, so that no LogLevel hides it
		t.Error("deliver does not write the line that the filter looks for")
	}
}
