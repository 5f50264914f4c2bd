package template

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// accepts reports whether CloudFormation would take a value.
func (p Parameter) accepts(value string) bool {
	switch {
	case p.AllowedValues != nil:
		return slices.Contains(p.AllowedValues, value)
	case p.Type == "Number":
		n, err := strconv.ParseFloat(value, 64)
		return err == nil && n >= *p.MinValue && n <= *p.MaxValue
	}
	pattern := p.AllowedPattern
	if refused, rest, ok := strings.Cut(strings.TrimPrefix(pattern, "(?!"), "$)"); ok && strings.HasPrefix(pattern, "(?!") {
		// CloudFormation's patterns are Java's, which may begin with a negative look-ahead. Go's
		// may not.
		if pattern = rest; regexp.MustCompile(`^(?:` + refused + `)$`).MatchString(value) {
			return false
		}
	}
	return regexp.MustCompile(`^(?:`+pattern+`)$`).MatchString(value) && (p.MaxLength == 0 || len(value) <= p.MaxLength)
}

func TestParametersAreChecked(t *testing.T) {
	t.Parallel()
	parameters := expand(t).Parameters
	for name, p := range parameters {
		if p.Description == "" || p.ConstraintDescription == "" {
			t.Errorf("%s has the description %q and the constraint %q", name, p.Description, p.ConstraintDescription)
		}
		switch {
		case p.Type == "Number" && p.MinValue != nil && p.MaxValue != nil:
		case p.Type == "String" && (p.AllowedPattern != "" || p.AllowedValues != nil):
		default:
			t.Errorf("%s takes anything", name)
		}
		if p.Default != nil && !p.accepts(fmt.Sprint(p.Default)) {
			t.Errorf("%s does not take its own default %v", name, p.Default)
		}
	}
	for name, values := range map[string]struct{ good, bad []string }{
		"PlatformId":            {[]string{"sentry", "é", strings.Repeat("x", 40)}, []string{"", strings.Repeat("x", 41)}},
		"PlatformName":          {[]string{"My Platform", strings.Repeat("x", 64)}, []string{"", strings.Repeat("x", 65)}},
		"PlatformUrl":           {[]string{"https://platform.example", "http://127.0.0.1:8080/a", "https://a.example/" + strings.Repeat("x", 494)}, []string{"", "platform.example", "https://platform.example/", "https://a.example?x", "https://a.example/" + strings.Repeat("x", 495)}},
		"MailFrom":              {[]string{"hookwarden@platform.example", "hook@xn--bcher-kva.example", "a.b+c-d_e'f@b.example", strings.Repeat("x", 244) + "@b.example"}, []string{"", "Hook <a@b.example>", "a@b@c", "hook@bücher.example", "hööks@b.example", ".a@b.example", "a..b@b.example", "a.@b.example", "a@", "a@b..example", "a@b.example.", strings.Repeat("x", 245) + "@b.example"}},
		"HeaderPrefix":          {[]string{"Sentry-Hook-", "X-", "webhooks-", "My-Webhook-", "Webhook-X-"}, []string{"", "X", "1-", "X: ", "X" + strings.Repeat("-", 40), "webhook-", "Webhook-", "WEBHOOK-"}},
		"RetryDelays":           {[]string{"300", "1,2,3,4,5,6,7,8,9,10", "999999,999999,999999,999999,999999,999999,999999,999999,999999,999999"}, []string{"300,", "1,2,3,4,5,6,7,8,9,10,11", "-1", "1.5", "1000000"}},
		"LogLevel":              {[]string{"DEBUG", "warn", "Info", "error"}, []string{"", "LOUD", "INFO2"}},
		"WebhookTimeoutSeconds": {[]string{"0.1", "30"}, []string{"0", "30.1"}},
		"MaxAgeHours":           {[]string{"1", "96"}, []string{"0", "97"}},
		"WindowDays":            {[]string{"1", "30"}, []string{"0", "31"}},
		"TimeoutMinShare":       {[]string{"0", "0.5", "1"}, []string{"-0.1", "1.1"}},
		"DeliverConcurrency":    {[]string{"2", "1000"}, []string{"1", "1001"}},
		"WebhookMinimumPollers": {[]string{"0", "2", "10", "99", "200"}, []string{"1", "201", "-1", "", "02"}},
		"KmsKeyArn": {[]string{"", key, strings.Replace(key, "aws", "aws-us-gov", 1), strings.Replace(key, "key/", "key/mrk-", 1), key + "," + key, "," + key},
			[]string{"alias/x", "arn:aws:kms:us-east-1:123456789012:alias/x", key + " ", key + ",", ",", "," + key + "," + key, key + "," + key + "," + key}},
		"PlatformPrincipal":   {[]string{"", "123456789012", "arn:aws:iam::123456789012:role/a/b", "arn:aws-cn:iam::123456789012:root"}, []string{"*", "12345", "arn:aws:iam::123456789012:user/x", "arn:aws:iam::123456789012:role/*"}},
		"AlarmTopicArn":       {[]string{"", "arn:aws:sns:eu-west-1:123456789012:on-call"}, []string{"on-call", "arn:aws:sqs:eu-west-1:123456789012:q"}},
		"PreferenceUrl":       {[]string{"", "https://platform.example/mails?user=me", "https://xn--bcher-kva.example/a;b=%C3%A9~[1]#x", "https://a.example/" + strings.Repeat("x", 494)}, []string{"platform.example", "https://bücher.example/mails", "https://a.example/é", "https://a.example/a\tb", "https://a.example/a b", "https://a.example/>,<b", "https://a.example/" + strings.Repeat("x", 495)}},
		"AlarmEmail":          {[]string{"", "on.call@platform.example"}, []string{"on call@x", "x"}},
		"DisableMode":         {[]string{"enforce", "observe"}, []string{"", "off"}},
		"DeadDays":            {[]string{"0", "5", "29"}, []string{"-1", "30"}},
		"GuardedStatuses":     {[]string{"internal", "internal,unpublished,published"}, []string{"", "all", "internal,", "internal, published"}},
		"RequestLog":          {[]string{"all", "failures", "off"}, []string{"", "none"}},
		"CountServerErrors":   {[]string{"true", "false"}, []string{"", "yes"}},
		"Architecture":        {[]string{"arm64", "x86_64"}, []string{"", "amd64"}},
		"GoneThreshold":       {[]string{"0", "3"}, []string{"-1"}},
		"TimeoutThreshold":    {[]string{"1", "1000"}, []string{"0"}},
		"MaxDisablesPerHour":  {[]string{"1", "20"}, []string{"0"}},
		"MaxWarningsPerHour":  {[]string{"0", "50"}, []string{"-1"}},
		"EarlyWarningMinutes": {[]string{"0", "10", "1440"}, []string{"-1", "1441"}},
		"WarnAfterDays":       {[]string{"", "0", "3,5", "1,29"}, []string{"0,3", "3,", "30", "3;5", "-1"}},
		"RetryConcurrency":    {[]string{"2", "1000"}, []string{"1", "1001"}},
		"SubscribableResources": {[]string{"*", "issue,error,comment", "invoice", "a-c_D9", "installations,preinstallation", strings.Repeat("x", 64), strings.Repeat("x,", 255) + "x"},
			[]string{"", "*,issue", "issue,*", "issue,", "issue, error", "issue error", "issue.created", "installation", "installation,issue", "issue,installation", strings.Repeat("x", 65), strings.Repeat("x,", 256) + "x"}},
		"PlatformLinks":  {[]string{"true", "false"}, []string{"", "no"}},
		"PlatformEvents": {[]string{"true", "false"}, []string{"", "yes"}},
		"LogoUrl":        {[]string{"", "https://platform.example/logo.png?v=2", "https://a.example/" + strings.Repeat("x", 494)}, []string{"http://platform.example/logo.png", "logo.png", "https://", `https://a.example/"x`, "https://a.example/<b>", "https://a.example/a b", "https://a.example/" + strings.Repeat("x", 495)}},
		"SupportUrl":     {[]string{"", "https://help.platform.example"}, []string{"http://help.platform.example", "help@platform.example"}},
	} {
		for _, v := range values.good {
			if !parameters[name].accepts(v) {
				t.Errorf("%s refuses %q", name, v)
			}
		}
		for _, v := range values.bad {
			if parameters[name].accepts(v) {
				t.Errorf("%s takes %q", name, v)
			}
		}
	}
}

func TestParametersHaveDefaults(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"PlatformId": "<nil>", "PlatformName": "<nil>", "PlatformUrl": "<nil>", "MailFrom": "<nil>", "HeaderPrefix": "<nil>", "SubscribableResources": "<nil>",
		"PlatformLinks": "true", "LogoUrl": "", "SupportUrl": "", "PreferenceUrl": "", "PlatformEvents": "false",
		"WebhookTimeoutSeconds": "1.0", "RetryDelays": "300,300,300", "RetryInternal": "false", "MaxAgeHours": "72",
		"TimeoutThreshold": "1000", "TimeoutMinShare": "0.5", "DeadDays": "5", "GuardedStatuses": "internal", "GoneThreshold": "3", "WindowDays": "7", "CountServerErrors": "false",
		"DisableMode": "enforce", "MaxDisablesPerHour": "20", "WarnAfterDays": "3,5", "EarlyWarningMinutes": "10", "MaxWarningsPerHour": "50", "RequestLog": "all", "AllowPrivateTargets": "false", "AllowHttpTargets": "false",
		"DeliverConcurrency": "50", "RetryConcurrency": "20",
		"DeliverReservedConcurrency": "0", "WebhookMinimumPollers": "0", "WebhookMaximumPollers": "5",
		"KmsKeyArn": "", "PlatformPrincipal": "", "DeletionProtection": "false", "AlarmTopicArn": "", "AlarmEmail": "",
		"SesEndpoint": "", "Architecture": "arm64", "LogLevel": "INFO", "Tracing": "false",
	}
	got := make(map[string]string)
	for name, p := range expand(t).Parameters {
		got[name] = fmt.Sprint(p.Default)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}
