// Package reading has the commands that look at a stack and change nothing.
package reading

import (
	"github.com/spf13/cobra"

	"hookwarden/cmd/hookwarden/internal/session"
)

// Commands are the commands of this package.
func Commands(*session.Session) []*cobra.Command { return nil }
