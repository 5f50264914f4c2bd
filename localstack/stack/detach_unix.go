//go:build unix

package stack

import (
	"os/exec"
	"syscall"
)

// detach keeps a Ctrl-C in the terminal from the child, which ends by itself
// when its input does.
func detach(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
