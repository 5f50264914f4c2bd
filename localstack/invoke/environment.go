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

// surroundings are the URLs of what a function calls, as a container reaches
// them.
type surroundings struct {
	engine, mailbox string
}

// surroundings lets a container reach the stack's engine and its mailbox, until
// stop.
func (m machine) surroundings(s *stack.Stack) (there surroundings, stop func(), err error) {
	engine, stopEngine, err := m.reach(s.Names["AWS_ENDPOINT_URL"])
	if err != nil {
		return there, nil, err
	}
	mailbox, stopMailbox := "", func() {}
	if s.Names["MAILBOX_URL"] != "" && s.Names["HOOKWARDEN_ENGINE"] != "ministack" { // MiniStack's is the engine itself
		if mailbox, stopMailbox, err = m.reach(s.Names["MAILBOX_URL"]); err != nil {
			stopEngine()
			return there, nil, err
		}
	}
	return surroundings{engine: engine, mailbox: mailbox}, func() { stopEngine(); stopMailbox() }, nil
}

// put is a function's environment with where things are. SES's endpoint is set
// only where the stack has set one: there it is the mailbox, by a name that only
// the stack's own containers know.
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

// deployment is what the stack says of one of its functions.
type deployment struct {
	variables    map[string]string
	architecture string
}

// deployedAs looks at a function of the stack; name is as in stack.env.
func deployedAs(ctx context.Context, s *stack.Stack, name string) (deployment, error) {
	physical := s.Names[name]
	found, err := s.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &physical})
	if err != nil {
		return deployment{}, fmt.Errorf("look at %s: %w", physical, err)
	}
	d := deployment{architecture: "x86_64"} // Lambda's own default
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

// samLocal are the options of sam local invoke that every call needs. With a
// mailbox SesEndpoint is among them: the SAM CLI hands on no variable that the
// template leaves out.
func (there surroundings) samLocal(port, architecture string) []string {
	options := []string{"--template-file", filepath.Join(".local", port, "build", "template.yaml"),
		"--add-host", fromContainer + ":host-gateway", "--parameter-overrides", "Architecture=" + architecture}
	if there.mailbox != "" {
		options = append(options, "SesEndpoint="+there.mailbox)
	}
	return options
}
