package queue

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"pgregory.net/rapid"

	"hookwarden/shared/delivery"
	"hookwarden/shared/platform"
)

// buried is the body of the dead letter that a registry message becomes.
func buried(t *testing.T, body string) string {
	t.Helper()
	f := &fakeSQS{t: t}
	if failed := handleRegistry(t, f, &fakeRegistry{}, 0, 1, body); failed != nil || len(f.sent) != 1 {
		t.Fatalf("back %v, %d letters", failed, len(f.sent))
	}
	if n := size(f.sent[0]); n > 1<<20 {
		t.Fatalf("a letter of %d bytes", n)
	}
	return aws.ToString(f.sent[0].MessageBody)
}

func TestDeadLettersOfTheRegistryShowNoSecret(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"a list":                      {`{"secrets":["hush","hush2"]}`, `{"secrets":["[redacted]","[redacted]"]}`},
		"a text":                      {`{"secrets":"hush"}`, `{"secrets":"[redacted]"}`},
		"a number":                    {`{"secrets": 4711 ,"x":1}`, `{"secrets": "[redacted]" ,"x":1}`},
		"an object":                   {`{"secrets": {"hush": ["hush", {}]}, "x": 1}`, `{"secrets": "[redacted]", "x": 1}`},
		"a list of lists and objects": {`{"secrets":[["hush"], {"a":["hush"]} ,null,"hush"],"x":["y"]}`, `{"secrets":["[redacted]", "[redacted]" ,"[redacted]","[redacted]"],"x":["y"]}`},
		"nothing":                     {`{"secrets":[],"x":{}}`, `{"secrets":[],"x":{}}`},
		"a name that comes twice":     {`{"secrets":["hush"],"secrets":["hush"],"app":1}`, `{"secrets":["[redacted]"],"secrets":["[redacted]"],"app":1}`},
		"an object that comes twice":  {`{"app":{"secrets":["hush"]},"app":{}}`, `{"app":{"secrets":["[redacted]"]},"app":{}}`},
		"a capital":                   {`{"Secrets":["hush"]}`, `{"Secrets":["[redacted]"]}`},
		"capitals":                    {`{"SECRETS":["hush"]}`, `{"SECRETS":["[redacted]"]}`},
		"a letter that folds to s":    {`{"ſecrets":["hush"]}`, `{"ſecrets":["[redacted]"]}`},
		"one secret":                  {`{"secret":"hush"}`, `{"secret":"[redacted]"}`},
		"another name":                {`{"app":{"client_secret":"hush","secretKey":"hush"}}`, `{"app":{"client_secret":"[redacted]","secretKey":"[redacted]"}}`},
		"an escaped name":             {`{"s\u0065crets":["hush"]}`, `{"s\u0065crets":["[redacted]"]}`},
		"an escaped value":            {`{"secrets":["\\\"hush\"", "a\\"],"x":"\""}`, `{"secrets":["[redacted]", "[redacted]"],"x":"\""}`},
		"deep":                        {`[[{"a":[{"secrets":"hush"}]}]]`, `[[{"a":[{"secrets":"[redacted]"}]}]]`},
		"JSON in a text":              {`{"Message":"{\"app\":{\"secrets\":[\"hush\"]}}"}`, `{"Message":"{\"app\":{\"secrets\":[\"[redacted]\"]}}"}`},
		"JSON in a text in a text":    {`{"a":"{\"b\":\"{\\\"secrets\\\":\\\"hush\\\"}\"}"}`, `{"a":"{\"b\":\"{\\\"secrets\\\":\\\"[redacted]\\\"}\"}"}`},
		"all else as it came":         {` {"type" : "app.put", "n": 1e400, "u": "\u00e9é\ufffe<", "n": 12345678901234567890 , "secrets":[ "hush" ]} `, ` {"type" : "app.put", "n": 1e400, "u": "\u00e9é\ufffe<", "n": 12345678901234567890 , "secrets":[ "[redacted]" ]} `},
		"nothing about secrets":       {`{"type":"app.put", "x":1e400, "note":"{not JSON}"}`, `{"type":"app.put", "x":1e400, "note":"{not JSON}"}`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := buried(t, c.body); got != c.want {
				t.Errorf("letter %s\nwant   %s", got, c.want)
			}
		})
	}
}

func TestDeadLettersKeepOnlyLengthAndHashOfWhatIsNotOneJSONValue(t *testing.T) {
	for _, body := range []string{
		``, `hush`, `{"secrets":["hush"]`, `{"secrets":["hush"]}]{"secrets":["hush"]}`, `{}{"secrets":["hush"]}`,
		`{"secrets":["hush"]} hush`, `{"secrets":["hush"],}`, `{'secrets':['hush']}`, `{"secrets":["hush"]}` + "\x00", `1 2`,
	} {
		if got := buried(t, body); strings.Contains(got, "hush") || !strings.HasPrefix(got, fmt.Sprintf("[not JSON: %d bytes, SHA-256 ", len(body))) {
			t.Errorf("letter of %q: %s", body, got)
		}
	}
	for _, text := range []string{`{\"secrets\":[\"hush\"]`, `\ufeff{\"secrets\":[\"hush\"]}`, `data: {\"secrets\":[\"hush\"]}`, `a, secrets: [hush]`} {
		if got := buried(t, `{"Message":"`+text+`"}`); strings.Contains(got, "hush") || !strings.HasPrefix(got, `{"Message":"[not JSON: `) {
			t.Errorf("letter of a text %s: %s", text, got)
		}
	}
	name := `{"app":{"name":"Secret Santa","webhook_url":"https://secret.example/"}}`
	if got := buried(t, name); got != name {
		t.Errorf("a name was taken for JSON: %s", got)
	}
}

func TestDeadLettersAreAlwaysWhatSQSTakes(t *testing.T) {
	for name, body := range map[string]string{
		"an escaped noncharacter":          `{"type":"app.put","version":1,"app":{"name":"\ufffe\uffff\u0001","secrets":["hush"]}}`,
		"a noncharacter in JSON in a text": `{"type":"x","m":"{\"a\":\"\\ufffe\",\"b\":\"\ufffe\",\"secrets\":[\"hush\"]}"}`,
		"a noncharacter as it is":          "{\"type\":\"x\",\"a\":\"\uffff\"}",
		"redacted, it is too large":        `{"type":"x","secrets":[` + strings.Repeat("1,", 500_000) + `1]}`,
		"levels without end":               `{"type":"x","a":` + strings.Repeat("[", 10_100) + `{"secrets":"hush"}` + strings.Repeat("]", 10_100) + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			if got := buried(t, body); strings.Contains(got, "hush") || !takes(got) {
				t.Errorf("letter %.300s", got)
			}
		})
	}
	t.Run("and is bare if SQS still refuses it", func(t *testing.T) {
		f := &fakeSQS{t: t, with: invalid, fault: func(body string) bool { return strings.HasPrefix(body, "{") }}
		if failed := handleRegistry(t, f, &fakeRegistry{}, 0, 1, `{"a":1}`); failed != nil {
			t.Errorf("back %v", failed)
		}
		if len(f.sent) != 1 || !strings.HasPrefix(*f.sent[0].MessageBody, "[refused by SQS: 7 bytes, SHA-256 ") || attribute(f.sent[0], attrReason) != "invalid_message" {
			t.Errorf("sent %+v", f.sent)
		}
	})
}

func TestDeadLettersOfAnAppPutOnTheWrongQueueShowNoSecretEither(t *testing.T) {
	put := strings.Replace(putApp, "hush", "hush\ufffd", 1)
	for body, want := range map[string]string{
		put:                           strings.Replace(put, "hush\ufffd", "[redacted]", 1),
		put[:len(put)-1]:              "[not JSON: ",
		`{"id":"a.b","secrets":"x"}`:  `{"id":"a.b","secrets":"x"}`, // not a message of the registry
		`{"id":"a.b","data":{}} junk`: `{"id":"a.b","data":{}} junk`,
	} {
		f := &fakeSQS{t: t}
		outbox(f).SendDeadLetters(t.Context(), []delivery.DeadLetter{{Message: delivery.Message{Body: body}, Reason: platform.ReasonInvalid, Detail: "id is required"}})
		if got := *f.sent[0].MessageBody; !strings.HasPrefix(got, want) || strings.Contains(got, "hush") {
			t.Errorf("letter of %s: %s", body, got)
		}
	}
	f := &fakeSQS{t: t}
	valid := delivery.DeadLetter{Message: delivery.Message{Body: `{"id":"1","data":{"secrets":"app.put"}}`}, Reason: platform.ReasonUnknownApp, Detail: "x"}
	outbox(f).SendDeadLetters(t.Context(), []delivery.DeadLetter{valid})
	if got := *f.sent[0].MessageBody; got != valid.Body {
		t.Errorf("a webhook that will be redriven was changed: %s", got)
	}
}

// bodies draws JSON with secrets. Each secret is the word hush, and nothing
// else contains that word.
func bodies() *rapid.Generator[string] {
	space := rapid.SampledFrom([]string{"", " ", "\n\t"})
	harmless := rapid.SampledFrom([]string{`"x"`, `1`, `-1.5e400`, `true`, `null`, `""`, `"\\"`, `"\""`, `"\ufffe"`, `"[{]"`, `"{"`, `[]`, `{}`, `"a,:\\\\"`})
	var value, secret func(depth int) *rapid.Generator[string]
	list := func(element func(int) *rapid.Generator[string], depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			return "[" + space.Draw(t, "space") + strings.Join(rapid.SliceOfN(element(depth-1), 1, 3).Draw(t, "elements"), space.Draw(t, "space")+",") + "]"
		})
	}
	object := func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			var fields []string
			for range rapid.IntRange(0, 3).Draw(t, "fields") {
				name, inner := rapid.SampledFrom([]string{"a", "app", "secre", ""}).Draw(t, "name"), value(depth-1)
				if rapid.Bool().Draw(t, "secret") {
					name, inner = rapid.SampledFrom([]string{"secrets", "secret", "Secrets", "SECRET", `s\u0065crets`, `\u0053ecrets`, "the_secret"}).Draw(t, "name"), secret(depth-1)
				}
				fields = append(fields, space.Draw(t, "space")+`"`+name+`"`+space.Draw(t, "space")+":"+inner.Draw(t, "value")+space.Draw(t, "space"))
			}
			return "{" + strings.Join(fields, ",") + "}"
		})
	}
	value = func(depth int) *rapid.Generator[string] {
		if depth <= 0 {
			return harmless
		}
		packed := rapid.Map(object(depth), func(s string) string { text, _ := json.Marshal(s); return string(text) })
		return rapid.OneOf(harmless, object(depth), list(value, depth), packed)
	}
	secret = func(depth int) *rapid.Generator[string] {
		one := rapid.SampledFrom([]string{`"hush"`, `"\"hush"`, `"{\"a\":\"hush\"}"`, `{"hush":1}`, `{"a":["hush"],"b":{"c":"hush"}}`})
		if depth <= 0 {
			return one
		}
		return rapid.OneOf(one, list(secret, depth))
	}
	return value(4)
}

func TestRedactLeavesNoSecretOfAnyBodyAndAllElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := bodies().Draw(t, "body")
		got := redactSecrets(body)
		if strings.Contains(got, "hush") {
			t.Fatalf("letter %s", got)
		}
		if !json.Valid([]byte(got)) {
			t.Fatalf("not JSON any more: %s", got)
		}
		if again := redactSecrets(got); again != got {
			t.Fatalf("redacted again it is %s, not %s", again, got)
		}
		if !strings.Contains(body, "hush") && got != body {
			t.Fatalf("%s was changed", body)
		}
		junk := rapid.SampledFrom([]string{"]", "}", "{", `"`, ",", "1", " x", `{"secrets":["hush"]}`}).Draw(t, "junk")
		if got := redactSecrets(body + junk); json.Valid([]byte(body+junk)) != !strings.HasPrefix(got, "[not JSON") {
			t.Fatalf("with %s: %s", junk, got)
		}
	})
}

func FuzzRedactSecretsTakesWhatIsOneJSONValueAndNothingElse(f *testing.F) {
	for _, seed := range []string{`{"secrets":["hush"]}`, `[1,{"a":"\u00e9"}] `, `{"a":"{\"secret\":1}"}`, `{}]`, `"`, `1 2`, ` null`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, err := redact(body)
		if valid := json.Valid([]byte(body)); valid != (err == nil) {
			t.Fatalf("valid %v, error %v", valid, err)
		}
		if err == nil && !json.Valid([]byte(got)) {
			t.Fatalf("not JSON any more: %s", got)
		}
	})
}
