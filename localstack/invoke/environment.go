package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"hookwarden/localstack/stack"
)

// surroundings is the URLs of what a function calls, as a container reaches
// them.
type surroundings struct {
	engine, mailbox string
}

// surroundings lets a container reach the stack's engine and mailbox, until
// stop.
func (m machine) surroundings(s *stack.Stack) (there surroundings, stop func(), err error) {
	engine, stopEngine, err := m.reach(s.Names["AWS_ENDPOINT_URL"])
	if err != nil {
		return there, nil, err
	}
	mailbox, stopMailbox := "", func() {}
	if s.Names["MAILBOX_URL"] != "" && s.Names["HOOKWARDEN_ENGINE"] != "ministack" { // MiniStack's mailbox is in the engine
		if mailbox, stopMailbox, err = m.reach(s.Names["MAILBOX_URL"]); err != nil {
			stopEngine()
			return there, nil, err
		}
	}
	return surroundings{engine: engine, mailbox: mailbox}, func() { stopEngine(); stopMailbox() }, nil
}

// put is a function's environment with these URLs. It sets SES's endpoint only
// if the stack has set one, which is then the mailbox under a name that only the
// stack's own containers know.
func (there surroundings) put(deployed map[string]string) map[string]string {
	variables := maps.Clone(deployed)
	if variables == nil {
		variables = make(map[string]string)
	}
	variables["ENDPOINT_URL"] = there.engine
	if variables["AWS_ENDPOINT_URL_SESV2"] != "" {
		variables["AWS_ENDPOINT_URL_SESV2"] = there.mailbox
	}
	return variables
}

// deployment is how the stack runs one of its functions.
type deployment struct {
	variables    map[string]string
	architecture string
}

// deployedAs reads a function's deployment; name is its name in stack.env.
func deployedAs(ctx context.Context, s *stack.Stack, name string) (deployment, error) {
	physical := s.Names[name]
	found, err := s.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &physical})
	if err != nil {
		return deployment{}, fmt.Errorf("look at %s: %w", physical, err)
	}
	d := deployment{architecture: "x86_64"} // Lambda's default
	if found.Environment != nil {
		d.variables = found.Environment.Variables
	}
	if len(found.Architectures) > 0 {
		d.architecture = string(found.Architectures[0])
	}
	return d, nil
}

// writeEnvironments writes a file for --env-vars: environments by logical id.
func writeEnvironments(file string, environments map[string]map[string]string) error {
	text, err := json.MarshalIndent(environments, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o600)
}

// samLocal is the options of sam local invoke that every call needs. With a
// mailbox it includes SesEndpoint, since the SAM CLI only passes on variables
// that the template has.
func (there surroundings) samLocal(port, architecture string) []string {
	options := []string{"--template-file", filepath.Join(".local", port, "build", "template.yaml"),
		"--add-host", fromContainer + ":host-gateway", "--parameter-overrides", "Architecture=" + architecture}
	if there.mailbox != "" {
		options = append(options, "SesEndpoint="+there.mailbox)
	}
	return options
}
