package template

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// deploy runs what make deploy asks for the arguments of sam deploy.
func deploy(t *testing.T, config string, variables ...string) (arguments, refusal string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), ".local/venv-sam/bin/python", "localstack/template/deploy.py", config)
	command.Dir = root
	command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, variables...)
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	if (err != nil) != (stderr.Len() > 0) {
		t.Errorf("%v: %s", err, &stderr)
	}
	return strings.TrimSpace(string(output)), strings.TrimSpace(stderr.String())
}

func TestMakeDeployRefusesWhatCloudFormationCannotCheck(t *testing.T) {
	t.Parallel()
	from, url := "MAIL_FROM=a@b.example", "PLATFORM_URL=https://b.example"
	for _, test := range []struct {
		config    string
		variables []string
		want      string // in the refusal; empty if there is none
	}{
		{"default", nil, "Say where and for whom"},
		{"default", []string{from, url}, "Say where and for whom"}, // hookwarden is the local stack's name
		{"default", []string{"STACK=x", from, url}, ""},
		{"production", []string{from, url}, "samconfig.toml has no production: use default, staging, prod"},
		{"prod", []string{from}, "Say where and for whom"},
		{"prod", []string{from, url}, ""},
		{"prod", []string{from, url, "OVERRIDES=DeliverReservedConcurrency=69"}, "DeliverReservedConcurrency is 69, but must be 0 or at least 70"},
		{"prod", []string{from, url, "OVERRIDES=DeliverReservedConcurrency=70"}, ""},
		{"prod", []string{from, url, "OVERRIDES=DeliverReservedConcurrency=70 RetryConcurrency=21"}, "at least 71"},
		{"prod", []string{from, url, "OVERRIDES=DeliverReservedConcurrency=70 WebhookMinimumPollers=2 WebhookMaximumPollers=6"}, "at least 80"},
		{"prod", []string{from, url, "OVERRIDES=WebhookMinimumPollers=6"}, "WebhookMaximumPollers is 5, but must be at least WebhookMinimumPollers, 6"},
		{"prod", []string{from, url, "OVERRIDES=DeliverConcurrency=many"}, "DeliverConcurrency is many, but must be a whole number"},
		{"prod", []string{from, url, "OVERRIDES=WindowDay=8"}, "WindowDay is no parameter of template.yaml"},
		{"prod", []string{from, url, "OVERRIDES=WindowDays"}, "wants Name=value"},
	} {
		arguments, refusal := deploy(t, test.config, test.variables...)
		if !strings.Contains(refusal, test.want) || (refusal == "") != (test.want == "") || (arguments == "") == (test.want == "") {
			t.Errorf("%s %v: %q, refused with %q", test.config, test.variables, arguments, refusal)
		}
	}
}

func TestOverridesCountMoreThanSamconfig(t *testing.T) {
	t.Parallel()
	got, refusal := deploy(t, "prod", "MAIL_FROM=a@b.example", "PLATFORM_URL=https://b.example", "ARCHITECTURE=x86_64",
		`OVERRIDES=DeletionProtection=false PlatformName="My Platform"`)
	want := `--config-env prod --stack-name hookwarden-prod --parameter-overrides 'DeletionProtection="false"' ` +
		`'MailFrom="a@b.example"' 'PlatformUrl="https://b.example"' 'Architecture="x86_64"' 'PlatformName="My Platform"'`
	if got != want {
		t.Errorf("%s, refused with %q, want %s", got, refusal, want)
	}
}
