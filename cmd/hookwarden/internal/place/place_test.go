package place_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"hookwarden/cmd/hookwarden/internal/fault"
	"hookwarden/cmd/hookwarden/internal/place"
)

const local = `AWS_ENDPOINT_URL=http://127.0.0.1:4566
AWS_REGION=us-east-1
AWS_ACCESS_KEY_ID=test
AWS_SECRET_ACCESS_KEY=test
WEBHOOK_QUEUE_URL=http://127.0.0.1:4566/000000000000/hookwarden-WebhookQueue
APPS_TABLE=hookwarden-AppsTable-1
`

// alone keeps this machine's own AWS configuration out of a test.
func alone(t *testing.T) {
	t.Helper()
	for _, name := range []string{"AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func find(t *testing.T, choice place.Choice, dir string) (*place.Place, error) {
	t.Helper()
	return place.Find(t.Context(), choice, dir, func(*aws.Config) {})
}

func TestFindTakesTheLocalStackFromTheFolderUpwards(t *testing.T) {
	alone(t)
	root := t.TempDir()
	write(t, filepath.Join(root, ".local", "stack.env"), local)
	deep := filepath.Join(root, "docs", "decisions")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	p, err := find(t, place.Choice{}, deep)
	if err != nil {
		t.Fatal(err)
	}
	table, err := p.Name("APPS_TABLE")
	if p.Stack != "hookwarden" || !p.Local || table != "hookwarden-AppsTable-1" || err != nil {
		t.Errorf("stack %q, local %t, table %q, %v", p.Stack, p.Local, table, err)
	}
	keys, err := p.Config.Credentials.Retrieve(t.Context())
	if err != nil || keys.AccessKeyID != "test" || aws.ToString(p.Config.BaseEndpoint) != "http://127.0.0.1:4566" || p.Config.Region != "us-east-1" {
		t.Errorf("key %q at %q in %q, %v", keys.AccessKeyID, aws.ToString(p.Config.BaseEndpoint), p.Config.Region, err)
	}
	if _, err := p.Name("BUFFER_TABLE"); fault.CodeOf(err) != fault.Failed {
		t.Errorf("a name that is not there: %v", err)
	}
	if got := p.Optional("EVENTS_QUEUE_URL"); got != "" {
		t.Errorf("a queue that is not there: %q", got)
	}
}

// The keys of a stack.env are for its own endpoint: one without an endpoint is of a stack
// in an account, and leads there with the person's own.
func TestFindUsesThePersonsOwnKeysForAStackInAnAccount(t *testing.T) {
	alone(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "mine")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	file := write(t, filepath.Join(t.TempDir(), "x.env"), "AWS_REGION=eu-west-1\nWEBHOOK_QUEUE_URL=https://sqs.eu-west-1.amazonaws.com/1/prod-WebhookQueue\n")
	p, err := find(t, place.Choice{EnvFile: file}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := p.Config.Credentials.Retrieve(t.Context())
	if err != nil || keys.AccessKeyID != "mine" || p.Local || p.Stack != "prod" || p.Config.Region != "eu-west-1" {
		t.Errorf("key %q, local %t, stack %q in %q, %v", keys.AccessKeyID, p.Local, p.Stack, p.Config.Region, err)
	}
}

func TestFindSaysWhatIsWrongWithTheCommandLine(t *testing.T) {
	alone(t)
	other := write(t, filepath.Join(t.TempDir(), "x.env"), "A=b\n")
	for name, c := range map[string]struct {
		choice place.Choice
		hint   string
	}{
		"no stack":            {place.Choice{}, "--stack NAME"},
		"two stacks":          {place.Choice{Stack: "a", EnvFile: other}, "Leave one"},
		"no such file":        {place.Choice{EnvFile: "/nowhere/stack.env"}, "--stack NAME"},
		"another file":        {place.Choice{EnvFile: other}, "make up"},
		"a region alone":      {place.Choice{Region: "us-east-1"}, "--stack"},
		"a profile and a env": {place.Choice{Profile: "p", EnvFile: other}, "--stack"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := find(t, c.choice, t.TempDir())
			if fault.CodeOf(err) != fault.Usage || !strings.Contains(fault.HintOf(err), c.hint) {
				t.Errorf("%v, hint %q", err, fault.HintOf(err))
			}
		})
	}
}

// cloudFormation answers DescribeStacks and ListStackResources.
func cloudFormation(t *testing.T, outputs string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case strings.Contains(string(body), "StackName=prod") && strings.Contains(string(body), "Action=DescribeStacks"):
			_, _ = fmt.Fprintf(w, `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>prod</StackName><CreationTime>2026-11-25T00:00:00Z</CreationTime>
				<StackStatus>CREATE_COMPLETE</StackStatus><Outputs>%s</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`, outputs)
		case strings.Contains(string(body), "Action=ListStackResources"):
			next, id := "<NextToken>2</NextToken>", "WebhookQueue"
			if strings.Contains(string(body), "NextToken=2") {
				next, id = "", "DisableFunctionCounts"
			}
			_, _ = fmt.Fprintf(w, `<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries><member><LogicalResourceId>%s</LogicalResourceId>
				<PhysicalResourceId>physical-%s</PhysicalResourceId></member></StackResourceSummaries>%s</ListStackResourcesResult></ListStackResourcesResponse>`, id, id, next)
		default:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id x does not exist</Message></Error></ErrorResponse>`)
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "mine")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
}

const outputs = `<member><OutputKey>WebhookQueueUrl</OutputKey><OutputValue>https://q/prod-WebhookQueue</OutputValue></member>
	<member><OutputKey>WebhookDlqUrl</OutputKey><OutputValue>https://q/prod-WebhookDLQ-1</OutputValue></member>
	<member><OutputKey>AppsTable</OutputKey><OutputValue>prod-AppsTable-1</OutputValue></member>`

func TestFindAsksCloudFormationForAStackByName(t *testing.T) {
	alone(t)
	cloudFormation(t, outputs)
	p, err := find(t, place.Choice{Stack: "prod", Region: "eu-west-1"}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"WEBHOOK_DLQ_URL": "https://q/prod-WebhookDLQ-1", "APPS_TABLE": "prod-AppsTable-1"} {
		if got, err := p.Name(name); got != want || err != nil {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	resources, err := p.Resources(t.Context())
	if err != nil || len(resources) != 2 || resources["DisableFunctionCounts"] != "physical-DisableFunctionCounts" {
		t.Errorf("resources %v, %v", resources, err)
	}
}

func TestFindKnowsAStackThatIsNotThereAndOneThatIsNoHookwarden(t *testing.T) {
	alone(t)
	cloudFormation(t, "<member><OutputKey>Other</OutputKey><OutputValue>x</OutputValue></member>")
	for _, stack := range []string{"staging", "prod"} {
		_, err := find(t, place.Choice{Stack: stack, Region: "eu-west-1"}, t.TempDir())
		if fault.CodeOf(err) != fault.NotFound || !strings.Contains(err.Error(), stack) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", stack, err)
		}
	}
}

func TestFindHintsAtWhatKeepsItFromAWS(t *testing.T) {
	alone(t)
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	_, err := find(t, place.Choice{Stack: "prod"}, t.TempDir())
	if hint := fault.HintOf(err); !strings.Contains(hint, "--region") {
		t.Errorf("without a region: %v, hint %q", err, hint)
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	_, err = find(t, place.Choice{Stack: "prod", Region: "eu-west-1"}, t.TempDir())
	if hint := fault.HintOf(err); !strings.Contains(hint, "aws sso login") {
		t.Errorf("without credentials: %v, hint %q", err, hint)
	}
	_, err = find(t, place.Choice{Stack: "prod", Region: "eu-west-1", Profile: "nobody"}, t.TempDir())
	if hint := fault.HintOf(err); !strings.Contains(hint, "--profile") {
		t.Errorf("with a profile that is not there: %v, hint %q", err, hint)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := place.Find(ctx, place.Choice{Stack: "prod", Region: "eu-west-1"}, t.TempDir(), func(*aws.Config) {}); errors.Is(err, context.Canceled) && fault.HintOf(err) != "" {
		t.Errorf("interrupted: hint %q", fault.HintOf(err))
	}
}
