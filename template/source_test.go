package template

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// LocalStack resolves references before SAM's transform. A reference to
// something that only SAM makes stops it. A circle keeps it going round for
// ever, even if the transform would break it.
func TestSourceRefersToWhatItDeclaresAndNeverInACircle(t *testing.T) {
	t.Parallel()
	resources, err := Source(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range referenceFaults(resources, slices.Collect(maps.Keys(expand(t).Parameters))) {
		t.Error(fault)
	}
}

func TestSourceFaultsAreFound(t *testing.T) {
	t.Parallel()
	ref := func(name string) Object { return Object{"Ref": name} }
	for name, test := range map[string]struct {
		resources Object
		want      string // part of the only fault; empty: there is none
	}{
		"a parameter, a pseudo parameter and a resource": {Object{
			"A": Object{"Properties": Object{"x": ref("Parameter"), "y": ref("AWS::Region"), "z": Object{"Fn::GetAtt": []any{"B", "Arn"}}}}, "B": Object{}}, ""},
		"two ways to one resource": {Object{
			"A": Object{"x": ref("B"), "y": ref("C")}, "B": Object{"x": ref("C")}, "C": Object{}}, ""},
		"what only SAM makes":      {Object{"Alarm": Object{"x": ref("FunctionEvent")}}, "Alarm refers to FunctionEvent"},
		"the same in a text":       {Object{"A": Object{"x": Object{"Fn::Sub": "${AWS::StackName}-${Gone.Arn}/${!Literal}"}}}, "A refers to Gone"},
		"the same as a dependency": {Object{"A": Object{"DependsOn": "Gone"}}, "A refers to Gone"},
		"a circle of two":          {Object{"A": Object{"x": ref("B")}, "B": Object{"y": Object{"Fn::GetAtt": "A.Arn"}}}, "A -> B -> A"},
		"a circle behind another": {Object{"A": Object{"x": ref("B")}, "B": Object{"x": ref("C")},
			"C": Object{"DependsOn": []any{"B"}}}, "B -> C -> B"},
	} {
		t.Run(name, func(t *testing.T) {
			faults := referenceFaults(test.resources, []string{"Parameter"})
			if got := strings.Join(faults, "; "); !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// referenceFaults is the references to something that is not declared, and
// the circles, each named by its resources.
func referenceFaults(resources Object, parameters []string) (faults []string) {
	references := make(map[string][]string)
	for _, name := range slices.Sorted(maps.Keys(resources)) {
		for _, target := range referencesOf(resources[name]) {
			switch {
			case resources[target] != nil:
				references[name] = append(references[name], target)
			case !strings.HasPrefix(target, "AWS::") && !slices.Contains(parameters, target):
				faults = append(faults, name+" refers to "+target+", which the template does not declare")
			}
		}
	}
	done := make(map[string]bool)
	var walk func(path []string)
	walk = func(path []string) {
		last := path[len(path)-1]
		if i := slices.Index(path, last); i < len(path)-1 {
			faults = append(faults, "a circle: "+strings.Join(path[i:], " -> "))
			return
		}
		if done[last] {
			return
		}
		for _, next := range references[last] {
			walk(append(slices.Clone(path), next))
		}
		done[last] = true
	}
	for _, name := range slices.Sorted(maps.Keys(references)) {
		walk([]string{name})
	}
	return faults
}

var substituted = regexp.MustCompile(`\$\{([^!}.]+)[^}]*\}`)

// referencesOf is the names that a part of a resource refers to, sorted.
func referencesOf(v any) (names []string) {
	switch v := v.(type) {
	case Object:
		for key, inner := range v {
			switch text, isText := inner.(string); {
			case isText && (key == "Ref" || key == "DependsOn"):
				names = append(names, text)
			case key == "DependsOn":
				for _, name := range List(inner) {
					names = append(names, name.(string))
				}
			case key == "Fn::GetAtt" && isText:
				name, _, _ := strings.Cut(text, ".")
				names = append(names, name)
			case key == "Fn::GetAtt":
				names = append(names, List(inner)[0].(string))
			case key == "Fn::Sub" && isText:
				for _, match := range substituted.FindAllStringSubmatch(text, -1) {
					names = append(names, match[1])
				}
			default:
				names = append(names, referencesOf(inner)...)
			}
		}
	case []any:
		for _, inner := range v {
			names = append(names, referencesOf(inner)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
