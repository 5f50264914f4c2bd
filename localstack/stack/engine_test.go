package stack

import (
	"os/exec"
	"testing"
)

func TestStackPyAndItsLocalStackEngines(t *testing.T) {
	command := exec.CommandContext(t.Context(), "python3", "-m", "unittest", "-q", "test_stack")
	command.Dir = ".."
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
}
