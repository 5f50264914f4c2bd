package e2e

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"hookwarden/localstack/receiver"
	"hookwarden/localstack/stack"
)

// holder is somebody who has policies of the template's, and nothing else.
type holder struct {
	*stack.Stack
	env     string // path of a stack.env with the operator's credentials
	program string // path of the operator's program
}

// newHolder makes a user of the engine's IAM, and is them. Policies are outputs' names
// as in stack.env.
func newHolder(t *testing.T, program string, policies ...string) holder {
	t.Helper()
	name := unique("operator")
	iam(t, url.Values{"Action": {"CreateUser"}, "UserName": {name}})
	for _, policy := range policies {
		iam(t, url.Values{"Action": {"AttachUserPolicy"}, "UserName": {name}, "PolicyArn": {running.Names[policy]}})
	}
	key := iam(t, url.Values{"Action": {"CreateAccessKey"}, "UserName": {name}})
	var text strings.Builder
	for name, value := range running.Names {
		if !strings.HasPrefix(name, "AWS_ACCESS") && !strings.HasPrefix(name, "AWS_SECRET") {
			text.WriteString(name + "=" + value + "\n")
		}
	}
	text.WriteString("AWS_ACCESS_KEY_ID=" + key["AccessKeyId"] + "\nAWS_SECRET_ACCESS_KEY=" + key["SecretAccessKey"] + "\n")
	env := filepath.Join(t.TempDir(), "stack.env")
	must(t, os.WriteFile(env, []byte(text.String()), 0o600))
	opened, err := stack.Open(t.Context(), env)
	must(t, err)
	return holder{opened, env, program}
}

// iam makes a call for which there is no client. It returns the texts in the answer by
// their elements.
func iam(t *testing.T, form url.Values) map[string]string {
	t.Helper()
	form.Set("Version", "2010-05-08")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, running.Names["AWS_ENDPOINT_URL"], strings.NewReader(form.Encode()))
	must(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", unchecked("iam"))
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	must(t, err)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %s", form.Get("Action"), response.Status, answer)
	}
	texts := make(map[string]string)
	element := ""
	for decoder := xml.NewDecoder(bytes.NewReader(answer)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return texts
		}
		must(t, err)
		switch token := token.(type) {
		case xml.StartElement:
			element = token.Name.Local
		case xml.CharData:
			texts[element] += string(token)
		}
	}
}

// runs runs the program in an empty folder, and returns its exit code and what it said.
func (o holder) runs(t *testing.T, arguments ...string) (code int, out, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, o.program, append([]string{"--env", o.env}, arguments...)...)
	command.Dir, command.Env = t.TempDir(), shellEnvironment(t)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// refused says whether IAM refused a call.
func refused(err error) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && strings.HasPrefix(answer.ErrorCode(), "AccessDenied")
}

// needsIAM skips on an engine that takes anybody for anybody.
func needsIAM(t *testing.T) {
	t.Helper()
	if onLocalStack() || running.Names["AWS_ENDPOINT_URL"] == "" {
		t.Skip("no users can be made here whom IAM holds to a policy; MiniStack does it, when it is started with AUTH=true")
	}
}

func TestOperatorPoliciesKeepFromSecretsAndReadingFromSending(t *testing.T) {
	needsIAM(t)
	both := newHolder(t, "", "OPERATOR_READ_POLICY", "OPERATE_POLICY")
	reader := newHolder(t, "", "OPERATOR_READ_POLICY")
	nobody := newHolder(t, "")
	get := func(o holder, table, key string) error {
		_, err := o.DB.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(running.Names[table]),
			Key: map[string]dynamotypes.AttributeValue{key: &dynamotypes.AttributeValueMemberS{Value: "none"}}})
		return err
	}
	scan := func(o holder, table string) error {
		_, err := o.DB.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(running.Names[table])})
		return err
	}
	send := func(o holder, queue string) error {
		_, err := o.SQS.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(running.Names[queue]),
			MessageBody: aws.String(`{"type": "app.delete", "version": 1, "app_id": "none"}`)})
		return err
	}
	receive := func(o holder, queue string) error {
		_, err := o.SQS.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(running.Names[queue])})
		return err
	}
	for _, c := range []struct {
		what string
		err  error
		may  bool
	}{
		{"nobody reads an app", get(nobody, "APPS_TABLE", "id"), false},
		{"a reader reads an app", get(reader, "APPS_TABLE", "id"), true},
		{"a reader reads all apps", scan(reader, "APPS_TABLE"), true},
		{"a reader reads a secret", get(reader, "SECRETS_TABLE", "app_id"), false},
		{"a reader reads all secrets", scan(reader, "SECRETS_TABLE"), false},
		{"an operator reads a secret", get(both, "SECRETS_TABLE", "app_id"), false},
		{"an operator reads all secrets", scan(both, "SECRETS_TABLE"), false},
		{"a reader sends to RegistryQueue", send(reader, "REGISTRY_QUEUE_URL"), false},
		{"a reader sends to WebhookQueue", send(reader, "WEBHOOK_QUEUE_URL"), false},
		{"a reader takes letters", receive(reader, "WEBHOOK_DLQ_URL"), false},
		{"an operator sends to RegistryQueue", send(both, "REGISTRY_QUEUE_URL"), true},
		{"an operator sends to RetryQueue", send(both, "RETRY_QUEUE_URL"), false},
		{"an operator takes letters", receive(both, "STREAM_DLQ_URL"), true},
		{"an operator takes webhooks", receive(both, "WEBHOOK_QUEUE_URL"), false},
	} {
		if c.may && c.err != nil || !c.may && !refused(c.err) {
			t.Errorf("%s: %v", c.what, c.err)
		}
	}
}

// unchecked is a signature for the eye only: the engine does not check the root key's.
func unchecked(service string) string {
	return fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s/%s/%s/aws4_request, SignedHeaders=host, Signature=%064d",
		running.Names["AWS_ACCESS_KEY_ID"], time.Now().UTC().Format("20060102"), running.Names["AWS_REGION"], service, 0)
}

// attempt is one run of a command by an operator who may.
type attempt struct {
	arguments string
	steers    bool   // it takes OperatePolicy as well
	says      string // somewhere in what it prints
}

// attemptsOn are the commands on an app that answers 400 and has been sent one webhook.
// They go from one to the next.
func attemptsOn(a *app, webhookID string) []attempt {
	return []attempt{
		{"status", false, "hookwarden"},
		{"apps --failing", false, a.id},
		{"apps --disabled", false, ""},
		{"apps --warned", false, ""},
		{"apps " + a.slug, false, a.id},
		{"app " + a.id, false, a.id},
		{"why " + a.id + " --event issue.created", false, "400"},
		{"requests " + a.id, false, webhookID},
		{"requests " + a.id + " --failures", false, webhookID},
		{"request " + a.id + " " + webhookID, false, "400"},
		{"audit " + a.org.id, false, ""},
		{"simulate --timeout-threshold 5", false, ""},
		{"disable --yes " + a.id, true, ""},
		{"notices " + a.id, false, a.org.emails[0]},
		{"enable " + a.id, true, ""},
		{"test " + a.id, true, "400"},
		{"open-brake --hours 1 --yes", true, ""},
		{"letters", true, "unknown_app"},
		{"redrive webhook --all --dry-run", true, ""},
		{"redrive webhook --reason unknown_app --yes", true, ""},
		{"pause disablings --yes", true, ""},
		{"resume disablings", true, ""},
		{"pause deliveries --yes", true, ""},
		{"resume deliveries", true, ""},
		{"delete-organization --version 99 --yes " + a.org.id, true, ""},
	}
}

// TestOperatorsRunEachCommandUnderJustTheirPolicies runs them as somebody who may nothing,
// as one who may look, and as one who may steer too.
func TestOperatorsRunEachCommandUnderJustTheirPolicies(t *testing.T) {
	needsIAM(t)
	program := buildOperator(t).path
	nobody := newHolder(t, program)
	reader := newHolder(t, program, "OPERATOR_READ_POLICY")
	both := newHolder(t, program, "OPERATOR_READ_POLICY", "OPERATE_POLICY")

	a := newApp(t, newOrganization(t, 1), "internal", receiver.Status(http.StatusBadRequest))
	webhook := a.webhook(nil)
	a.send(t, webhook)
	a.entries(t, 1)
	must(t, running.Send(t.Context(), "WEBHOOK_DLQ_URL", stack.Message{Body: a.webhook(nil), GroupID: a.id,
		Attributes: map[string]string{"hookwarden.reason": "unknown_app"}}))
	attempts := attemptsOn(a, webhook["id"].(string))
	tried := make(map[string]bool)
	for _, c := range attempts {
		arguments := strings.Fields(c.arguments)
		tried[arguments[0]] = true
		t.Run(c.arguments, func(t *testing.T) {
			if code, out, said := nobody.runs(t, arguments...); code != 1 || !strings.Contains(said, "AccessDenied") {
				t.Errorf("nobody: exit code %d\n%s%s", code, out, said)
			}
			// MiniStack 1.5.33 asks no policy who may update a mapping: there template/operators_test.go alone shows who may not.
			onlyMappings := strings.HasSuffix(c.arguments, "deliveries") || strings.HasSuffix(c.arguments, "deliveries --yes")
			code, out, said := reader.runs(t, arguments...)
			if c.steers && !onlyMappings && (code != 1 || !strings.Contains(said, "AccessDenied")) || !c.steers && code != 0 {
				t.Errorf("who may look: exit code %d\n%s%s", code, out, said)
			}
			want := 0
			if arguments[0] == "test" {
				want = 1 // the app answers 400
			}
			if code, out, said := both.runs(t, arguments...); code != want || !strings.Contains(out, c.says) || strings.Contains(said, "AccessDenied") {
				t.Errorf("who may steer: exit code %d\n%s%s", code, out, said)
			}
		})
	}
	for _, command := range both.commands(t) {
		if !tried[command] {
			t.Errorf("nothing shows that operators may run hookwarden %s", command)
		}
	}
}

// commands are the names of the program's commands, as its completion has them.
func (o holder) commands(t *testing.T) (names []string) {
	t.Helper()
	_, out, _ := o.runs(t, "__complete", "")
	for line := range strings.Lines(out) {
		name, _, described := strings.Cut(line, "\t")
		if described && name != "completion" && name != "help" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		t.Errorf("the program completes no command:\n%s", out)
	}
	return names
}
