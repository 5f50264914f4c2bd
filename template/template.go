// Package template reads template.yaml as CloudFormation gets it, expanded by
// the SAM CLI's own translator. It decides the conditions. References to
// resources stay as they are.
package template

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"
)

// Object is a JSON object.
type Object = map[string]any

// Template is the expanded template for one set of parameters.
type Template struct {
	Parameters map[string]Parameter
	Resources  map[string]Resource // those whose condition holds
	Outputs    map[string]Output   // those whose condition holds
	Rules      Object
}

// Parameter is a parameter as the template declares it. Default is its value
// here.
type Parameter struct {
	Type, Description, ConstraintDescription string
	Default                                  any
	AllowedPattern                           string
	AllowedValues                            []string
	MinValue, MaxValue                       *float64
	MaxLength                                int
}

// Output is one output.
type Output struct {
	Description string
	Value       any
}

// Resource is one resource.
type Resource struct {
	Type                                string
	Condition                           string
	DeletionPolicy, UpdateReplacePolicy string
	UpdatePolicy                        Object
	Properties                          Object
}

// Expand runs the translator on the template of the project at root, with
// parameters such as "Name=value". All others have their defaults.
func Expand(ctx context.Context, root string, parameters ...string) (*Template, error) {
	text, err := run(ctx, root, parameters...)
	if err != nil {
		return nil, err
	}
	var raw struct {
		Parameters map[string]Parameter
		Conditions Object
		Resources  Object
		Outputs    Object
		Rules      Object
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("read the expanded template: %w", err)
	}
	d := decider{raw.Parameters, raw.Conditions}
	for _, all := range []Object{raw.Resources, raw.Outputs} {
		maps.DeleteFunc(all, func(_ string, v any) bool {
			condition, ok := At(v, "Condition").(string)
			return ok && !d.holds(condition)
		})
	}
	t := &Template{Parameters: raw.Parameters, Rules: raw.Rules}
	if err := convert(d.decide(raw.Resources), &t.Resources); err != nil {
		return nil, err
	}
	return t, convert(d.decide(raw.Outputs), &t.Outputs)
}

// Source returns the resources as written in template.yaml, before SAM expands
// them: their whole declarations by logical id.
func Source(ctx context.Context, root string) (resources Object, err error) {
	text, err := run(ctx, root, "--source")
	if err != nil {
		return nil, err
	}
	var raw struct{ Resources Object }
	err = json.Unmarshal(text, &raw)
	return raw.Resources, err
}

// run runs expand.py.
func run(ctx context.Context, root string, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, ".local/venv-sam/bin/python", append([]string{"template/expand.py"}, arguments...)...)
	command.Dir = root
	command.Env = append(os.Environ(), "AWS_DEFAULT_REGION=us-east-1", "SAM_CLI_TELEMETRY=0")
	text, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("expand the template (make setup makes what it needs): %w", err)
	}
	return text, nil
}

func convert(from, to any) error {
	text, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	return err
}

// OfType returns the properties of all resources of a type.
func (t *Template) OfType(kind string) map[string]Object {
	found := make(map[string]Object)
	for name, r := range t.Resources {
		if r.Type == kind {
			found[name] = r.Properties
		}
	}
	return found
}

// decider decides the conditions for the parameters' values.
type decider struct {
	parameters map[string]Parameter
	conditions Object
}

func (d decider) holds(condition string) bool { return d.truth(d.conditions[condition]) }

func (d decider) truth(expression any) bool {
	for operation, argument := range expression.(Object) {
		switch operands := List(argument); operation {
		case "Condition":
			return d.holds(argument.(string))
		case "Fn::Equals":
			return d.text(operands[0]) == d.text(operands[1])
		case "Fn::Not":
			return !d.truth(operands[0])
		case "Fn::And":
			for _, o := range operands {
				if !d.truth(o) {
					return false
				}
			}
			return true
		case "Fn::Or":
			for _, o := range operands {
				if d.truth(o) {
					return true
				}
			}
			return false
		}
	}
	panic(fmt.Sprintf("a condition that is not understood: %v", expression))
}

// text is the value of an expression over parameters.
func (d decider) text(v any) string {
	if name, ok := At(v, "Ref").(string); ok {
		v = d.parameters[name].Default
	}
	if list, ok := At(v, "Fn::Select").([]any); ok {
		return d.parts(list[1])[int(list[0].(float64))].(string)
	}
	if list, ok := At(v, "Fn::Join").([]any); ok {
		return d.text(list[1].([]any)[0]) // the list has one element
	}
	return fmt.Sprint(v)
}

// parts is the result of a Fn::Split.
func (d decider) parts(v any) (all []any) {
	split := At(v, "Fn::Split").([]any)
	for part := range strings.SplitSeq(d.text(split[1]), split[0].(string)) {
		all = append(all, part)
	}
	return all
}

// nothing is the value of a Ref to AWS::NoValue.
type nothing struct{}

// decide returns v with every Fn::If replaced by the branch that is taken, and
// every Fn::Select and Fn::Split by its result.
func (d decider) decide(v any) any {
	switch v := v.(type) {
	case Object:
		if v["Ref"] == "AWS::NoValue" {
			return nothing{}
		}
		if branches, ok := v["Fn::If"].([]any); ok {
			if d.holds(branches[0].(string)) {
				return d.decide(branches[1])
			}
			return d.decide(branches[2])
		}
		if v["Fn::Select"] != nil {
			return d.text(v)
		}
		if v["Fn::Split"] != nil {
			return d.parts(v)
		}
		kept := make(Object, len(v))
		for name, inner := range v {
			if inner = d.decide(inner); inner != (nothing{}) {
				kept[name] = inner
			}
		}
		return kept
	case []any:
		kept := make([]any, 0, len(v))
		for _, inner := range v {
			if inner = d.decide(inner); inner != (nothing{}) {
				kept = append(kept, inner)
			}
		}
		return kept
	}
	return v
}

// At reads a value inside nested objects; nil if there is none.
func At(v any, path ...string) any {
	for _, name := range path {
		o, _ := v.(Object)
		v = o[name]
	}
	return v
}

// List is a value that may be a single one or a list.
func List(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// Target is the logical id that a Ref or a GetAtt names; empty for anything
// else.
func Target(v any) string {
	if name, ok := At(v, "Ref").(string); ok {
		return name
	}
	if list, ok := At(v, "Fn::GetAtt").([]any); ok {
		return list[0].(string)
	}
	return ""
}

// Statements is the statements in a role's or policy's own documents.
func Statements(role Object) (all []Object) {
	documents := []any{role["PolicyDocument"]}
	for _, policy := range List(role["Policies"]) {
		documents = append(documents, At(policy, "PolicyDocument"))
	}
	for _, d := range documents {
		for _, s := range List(At(d, "Statement")) {
			all = append(all, s.(Object))
		}
	}
	return all
}

// Grant is one action on one resource. The resource is a logical id, with what
// follows it in the ARN ("BufferTable/index/failing"), "BufferTable.StreamArn"
// for a stream, or else the text of the statement.
type Grant struct{ Action, On string }

// Grants is everything that a statement allows.
func Grants(statement Object) (all []Grant) {
	for _, action := range List(statement["Action"]) {
		for _, on := range List(statement["Resource"]) {
			all = append(all, Grant{action.(string), nameOf(on)})
		}
	}
	return all
}

func nameOf(resource any) string {
	if list, ok := At(resource, "Fn::GetAtt").([]any); ok {
		return strings.TrimSuffix(fmt.Sprintf("%v.%v", list[0], list[1]), ".Arn")
	}
	if text, ok := At(resource, "Fn::Sub").(string); ok {
		if rest, ok := strings.CutPrefix(text, "${"); ok && strings.Contains(rest, ".Arn}") {
			return strings.Replace(rest, ".Arn}", "", 1)
		}
		return text
	}
	if name := Target(resource); name != "" {
		return name
	}
	text, _ := resource.(string)
	return text
}
