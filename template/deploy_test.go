package template

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// account answers as AWS does to what make deploy asks before it builds.
type account struct {
	refused    bool              // it accepts no credentials
	verified   []string          // identities of SES
	status     string            // the stack's; empty if there is no stack
	parameters map[string]string // the stack's
	pollers    string            // the pollers that were set on the mapping
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if identity, ok := strings.CutPrefix(r.URL.Path, "/v2/email/identities/"); ok {
		for _, name := range a.verified {
			if name == identity {
				_, _ = fmt.Fprint(w, `{"VerifiedForSendingStatus": true}`)
				return
			}
		}
		w.Header().Set("X-Amzn-ErrorType", "NotFoundException")
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if mapping, ok := strings.CutPrefix(r.URL.Path, "/2015-03-31/event-source-mappings/"); ok {
		if r.Method == http.MethodPut {
			body := make([]byte, r.ContentLength)
			_, _ = r.Body.Read(body)
			a.pollers = mapping + " " + string(body)
		}
		_, _ = fmt.Fprint(w, `{"State": "Enabled"}`)
		return
	}
	_ = r.ParseForm()
	switch action := r.Form.Get("Action"); {
	case action == "GetCallerIdentity" && a.refused:
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprint(w, `<ErrorResponse><Error><Code>ExpiredToken</Code><Message>The token has expired.</Message></Error></ErrorResponse>`)
	case action == "GetCallerIdentity":
		_, _ = fmt.Fprint(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	case action == "DescribeStacks" && a.status == "":
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack with id x does not exist</Message></Error></ErrorResponse>`)
	case action == "DescribeStacks":
		var members strings.Builder
		for name, value := range a.parameters {
			fmt.Fprintf(&members, "<member><ParameterKey>%s</ParameterKey><ParameterValue>%s</ParameterValue></member>", name, value)
		}
		_, _ = fmt.Fprintf(w, `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>x</StackName><CreationTime>2026-11-25T10:00:00Z</CreationTime>
			<StackStatus>%s</StackStatus><Parameters>%s</Parameters></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`, a.status, &members)
	case action == "DescribeStackResource" && r.Form.Get("LogicalResourceId") == "DeliverFunctionWebhooks":
		_, _ = fmt.Fprint(w, `<DescribeStackResourceResponse><DescribeStackResourceResult><StackResourceDetail><PhysicalResourceId>11111111-2222-3333-4444-555555555555</PhysicalResourceId>
			</StackResourceDetail></DescribeStackResourceResult></DescribeStackResourceResponse>`)
	}
}

// deploy runs a command of deploy.py against an account.
func deploy(t *testing.T, a *account, command, config string, variables ...string) (arguments, said string) {
	t.Helper()
	server := httptest.NewServer(a)
	defer server.Close()
	process := exec.CommandContext(t.Context(), ".local/venv-sam/bin/python", "template/deploy.py", command, config)
	process.Dir = root
	process.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_ENDPOINT_URL=" + server.URL, "AWS_REGION=eu-central-1",
		"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=s", "AWS_EC2_METADATA_DISABLED=true"}, variables...)
	var stderr strings.Builder
	process.Stderr = &stderr
	output, err := process.Output()
	if err != nil && stderr.Len() == 0 {
		t.Errorf("%v without a word", err)
	}
	return strings.TrimSpace(string(output)), strings.TrimSpace(stderr.String())
}

func TestDeployRefusesBeforeItBuilds(t *testing.T) {
	t.Parallel()
	from, url, x := "MAIL_FROM=a@mail.b.example", "PLATFORM_URL=https://b.example", "STACK=x"
	rest := "PlatformId=b PlatformName=B HeaderPrefix=B-Hook- SubscribableResources=invoice"
	named := "OVERRIDES=" + rest + " "
	for _, test := range []struct {
		config    string
		variables []string
		want      string // part of the refusal; empty: it is not refused
	}{
		{"default", []string{from, url, named}, "say STACK, which has no default: make deploy STACK=hookwarden."}, // hookwarden is the local stack's name
		{"default", []string{x, from, url, named}, ""},
		{"default", []string{"STACK=" + strings.Repeat("x", 62), from, url, named}, ""},
		{"default", []string{"STACK=" + strings.Repeat("x", 63), from, url}, "must be at most 62 letters"}, // <stack>-NotificationQueue has 81 characters
		{"default", []string{"STACK=1_x", from, url}, "must be at most 62 letters, digits and dashes, with a letter first"},
		{"production", []string{from, url}, "samconfig.toml has no production: use default, staging, prod, sentry"},
		{"default", nil, "say STACK, PlatformId, PlatformName, PlatformUrl, MailFrom, HeaderPrefix, SubscribableResources, which have no default: make deploy " +
			"STACK=hookwarden PLATFORM_URL=https://your.example MAIL_FROM=webhooks@your.example " +
			`OVERRIDES="PlatformId=… PlatformName=… HeaderPrefix=… SubscribableResources=…"; CONFIG=sentry has the model's.`},
		{"default", []string{x}, "say PlatformId, PlatformName, PlatformUrl, MailFrom, HeaderPrefix, SubscribableResources, which have no default"},
		{"prod", []string{from, named}, "say PlatformUrl, which has no default: make deploy PLATFORM_URL=https://your.example."},
		{"prod", []string{from, url}, "say PlatformId, PlatformName, HeaderPrefix, SubscribableResources, which have no default"},
		{"prod", []string{from, url, named}, ""},
		{"prod", []string{from, url, "OVERRIDES=" + strings.Replace(rest, "invoice", "*", 1)}, ""},
		{"sentry", []string{from, url}, ""}, // that section has them
		{"staging", nil, "say PlatformId, PlatformName, PlatformUrl, MailFrom, HeaderPrefix, SubscribableResources, which have no default"},
		{"prod", []string{from, url, named, "AWS_REGION=", "AWS_DEFAULT_REGION="}, "no region is set"},
		{"prod", []string{from, url, named, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="}, "AWS accepts no credentials from here"},
		{"prod", []string{"MAIL_FROM=a@unverified.example", url, named}, "SES in eu-central-1 has verified neither a@unverified.example nor its domain"},
		{"prod", []string{"MAIL_FROM=Hook <a@b.example>", url}, "MailFrom is 'Hook <a@b.example>', which is not: "},
		{"prod", []string{from, "PLATFORM_URL=b.example"}, "PlatformUrl is 'b.example', which is not: An http or https URL"},
		{"prod", []string{from, url, named + "DeliverReservedConcurrency=69"}, "DeliverReservedConcurrency is 69, but must be 0 or at least 70"},
		{"prod", []string{from, url, named + "DeliverReservedConcurrency=70"}, ""},
		{"prod", []string{from, url, named + "DeliverReservedConcurrency=70 RetryConcurrency=21"}, "at least 71"},
		{"prod", []string{from, url, named + "DeliverReservedConcurrency=70 WebhookMinimumPollers=2 WebhookMaximumPollers=6"}, "at least 80"},
		{"prod", []string{from, url, named + "WebhookMinimumPollers=6"}, "WebhookMaximumPollers is 5, but must be at least WebhookMinimumPollers, 6"},
		{"prod", []string{from, url, named + "DeliverConcurrency=many"}, "DeliverConcurrency is 'many', but must be a number"},
		{"prod", []string{from, url, named + "DeliverConcurrency=2.5"}, "DeliverConcurrency is '2.5', but must be a whole number"},
		{"prod", []string{from, url, named + "WindowDays=31"}, "WindowDays is '31', which is not: 1 to 30"},
		{"prod", []string{from, url, named + "DisableMode=off"}, "DisableMode is 'off', which is not: enforce or observe"},
		{"prod", []string{from, url, named + "PlatformName=" + strings.Repeat("n", 300)}, "PlatformName is"},
		{"prod", []string{from, url, named + "WindowDay=8"}, "WindowDay is not a parameter of template.yaml"},
		{"prod", []string{from, url, named + "WindowDays"}, "must be Name=value"},
	} {
		arguments, refusal := deploy(t, &account{verified: []string{"b.example"}}, "check", test.config, test.variables...)
		refusal = strings.Join(strings.Split(refusal, "make deploy: this first deployment leaves DeletionProtection off"), "")
		if !strings.Contains(refusal, test.want) || (arguments == "") == (test.want == "") {
			t.Errorf("%s %v: %q, refused with %q", test.config, test.variables, arguments, refusal)
		}
	}
}

func TestDeploySaysAllThatIsWrongAtOnce(t *testing.T) {
	t.Parallel()
	_, refusal := deploy(t, &account{}, "check", "prod", "OVERRIDES=WindowDays=0 LogLevel=LOUD")
	want := "make deploy: WindowDays is '0', which is not: 1 to 30.\nmake deploy: LogLevel is 'LOUD', which is not: DEBUG, INFO, WARN or ERROR."
	if diff := cmp.Diff(want, refusal); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDeploySaysThatCredentialsAreRefused(t *testing.T) {
	t.Parallel()
	_, refusal := deploy(t, &account{refused: true}, "check", "sentry", "MAIL_FROM=a@b.example", "PLATFORM_URL=https://b.example")
	if !strings.Contains(refusal, "The token has expired") || !strings.Contains(refusal, "log in, or set AWS_PROFILE") {
		t.Error(refusal)
	}
}

// A parameter that is not named keeps the stack's value, which may differ from
// the template's default.
func TestDeployComparesWithTheStackThatIsThere(t *testing.T) {
	t.Parallel()
	there := &account{status: "UPDATE_COMPLETE", parameters: map[string]string{"MailFrom": "a@b.example", "PlatformUrl": "https://b.example",
		"PlatformId": "b", "PlatformName": "B", "HeaderPrefix": "B-Hook-", "SubscribableResources": "*",
		"DeliverConcurrency": "200", "WebhookMaximumPollers": "5"}}
	_, refusal := deploy(t, there, "check", "default", "STACK=x", "OVERRIDES=DeliverReservedConcurrency=100")
	if !strings.Contains(refusal, "DeliverReservedConcurrency is 100, but must be 0 or at least 220") {
		t.Errorf("refused with %q", refusal)
	}
	arguments, refusal := deploy(t, there, "check", "default", "STACK=x", "OVERRIDES=DeliverReservedConcurrency=220")
	if want := `--parameter-overrides 'DeliverReservedConcurrency="220"'`; !strings.Contains(arguments, want) || refusal != "" {
		t.Errorf("%q, refused with %q", arguments, refusal)
	}
}

// With protection on, CloudFormation could not remove the tables of a first
// deployment that fails.
func TestDeployLeavesDeletionProtectionOffTheFirstTime(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]string{"": "false", "ROLLBACK_COMPLETE": "false", "REVIEW_IN_PROGRESS": "false",
		"CREATE_COMPLETE": "true", "UPDATE_ROLLBACK_COMPLETE": "true"} {
		arguments, said := deploy(t, &account{verified: []string{"b.example"}, status: status}, "check", "prod",
			"MAIL_FROM=a@b.example", "PLATFORM_URL=https://b.example", "OVERRIDES=PlatformId=b PlatformName=B HeaderPrefix=B- SubscribableResources=*")
		if !strings.Contains(arguments, `'DeletionProtection="`+want+`"'`) || strings.Contains(said, "once more") != (want == "false") {
			t.Errorf("%s: %s, %s", status, arguments, said)
		}
	}
}

// Leaving the property out of the template does not turn the pollers off.
func TestDeployTurnsPollersOffThatAreNotWantedAnyMore(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ there, override, want string }{
		{"3", "WebhookMinimumPollers=0", `11111111-2222-3333-4444-555555555555 {"ProvisionedPollerConfig": {}}`},
		{"3", "", ""}, // they stay
		{"3", "WebhookMinimumPollers=4", ""},
		{"0", "WebhookMinimumPollers=0", ""},
	} {
		a := &account{status: "UPDATE_COMPLETE", parameters: map[string]string{"WebhookMinimumPollers": test.there}}
		_, said := deploy(t, a, "prepare", "default", "STACK=x", "OVERRIDES="+test.override)
		if a.pollers != test.want || (said == "") != (test.want == "") {
			t.Errorf("%+v: asked for %q, said %q", test, a.pollers, said)
		}
	}
}

func TestDeployCountsOverridesMoreThanSamconfig(t *testing.T) {
	t.Parallel()
	got, refusal := deploy(t, &account{verified: []string{"a@b.example"}}, "check", "prod", "MAIL_FROM=a@b.example", "PLATFORM_URL=https://b.example",
		"ARCHITECTURE=x86_64", `OVERRIDES=DeletionProtection=false PlatformName="My Platform" PlatformId=b HeaderPrefix=B- SubscribableResources=*`)
	want := `--config-env prod --stack-name hookwarden-prod --region eu-central-1 --parameter-overrides 'DeletionProtection="false"' ` +
		`'MailFrom="a@b.example"' 'PlatformUrl="https://b.example"' 'Architecture="x86_64"' 'PlatformName="My Platform"' ` +
		`'PlatformId="b"' 'HeaderPrefix="B-"' 'SubscribableResources="*"'`
	if got != want {
		t.Errorf("%s, refused with %q, want %s", got, refusal, want)
	}
}
