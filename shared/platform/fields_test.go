package platform

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// checkSplit checks that valid JSON is opened as encoding/json opens it.
func checkSplit(t *testing.T, body []byte) {
	t.Helper()
	var want, got map[string]json.RawMessage
	_ = json.Unmarshal(body, &want)
	if f := split(body); f != nil {
		got = make(map[string]json.RawMessage)
		for _, field := range f {
			got[string(field.name)] = f.get(string(field.name))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%q (-want +got):\n%s", body, diff)
	}
}

func TestFieldsOfAnObjectAreThoseOfEncodingJSON(t *testing.T) {
	for _, body := range []string{
		`{}`, " {\t}\n", `[]`, `1`, `"{"`, `null`,
		`{"a":1}`, "\n{ \"a\" :\r\n1 , \"b\":\t-1.5e3\n}\t", `{"a":true,"b":null,"c":false}`,
		`{"a":{"b":[{}]},"c":[[],{"d":"}"}]}`, `{"a":"","b":"\"","c":"\\","d":"\\\"]}","e":"\\\\"}`,
		`{"":1,"\u0061":2,"a\"b":3,"é":4}`, `{"a":1,"A":2,"a":3}`, "{\"\xff\":\"\xff\"}", `{"a":"[{,:","b":[",]"]}`,
	} {
		checkSplit(t, []byte(body))
	}
}
