package e2e

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// machines are the ELF machines of Lambda's architectures.
var machines = map[string]elf.Machine{"arm64": elf.EM_AARCH64, "x86_64": elf.EM_X86_64} //nolint:gochecknoglobals // a constant table

func TestBuildIsForTheArchitectureThatTheTemplateNames(t *testing.T) {
	if running.held == nil || runtime.GOOS != "linux" {
		t.Skip("the build folder is another stack's, or its programs are not ELF")
	}
	functions := []string{"Register", "Deliver", "Disable", "Sweep", "Notify"}
	for _, name := range functions {
		deployed, err := running.Lambda.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{
			FunctionName: aws.String(running.Names[strings.ToUpper(name)+"_FUNCTION"])})
		must(t, err)
		bootstrap := filepath.Join(filepath.Dir(running.held.Env), "build", name+"Function", "bootstrap")
		if want, got := machines[string(deployed.Architectures[0])], machineOf(t, bootstrap); got != want {
			t.Errorf("%s is built for %v and deployed as %v", name, got, want)
		}
	}
}

func TestBuildWithoutARCHIsForTheTemplatesDefault(t *testing.T) {
	template, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	must(t, err)
	found := regexp.MustCompile(`(?s)\n  Architecture:.*?Default: (\w+)`).FindSubmatch(template)
	if found == nil {
		t.Fatal("the template has no parameter Architecture with a default")
	}
	for arch, want := range map[string]elf.Machine{"": machines[string(found[1])], "x86_64": elf.EM_X86_64, "amd64": elf.EM_X86_64} {
		artifacts := t.TempDir()
		build := exec.CommandContext(t.Context(), "make", "build-SweepFunction", "ARTIFACTS_DIR="+artifacts, "ARCH="+arch)
		build.Dir = root
		if output, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		if got := machineOf(t, filepath.Join(artifacts, "bootstrap")); got != want {
			t.Errorf("ARCH=%s builds for %v, want %v", arch, got, want)
		}
	}
}

func machineOf(t *testing.T, path string) elf.Machine {
	t.Helper()
	file, err := elf.Open(path)
	must(t, err)
	defer func() { _ = file.Close() }()
	return file.Machine
}
