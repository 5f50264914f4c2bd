package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// previousSecret has the form that every library accepts.
const previousSecret = "whsec_TG91ZCBhbmQgY2xlYXIsIGFuZCB0aGlydHktdHdv"

// verifiers is the languages of the page's functions, with a program that calls each
// one. Given the name of a JSON file with a request, the program prints "fits", or
// fails with a reason.
var verifiers = []struct{ language, program, file, call string }{
	{"go", "go", "main.go", `
func main() {
	var r struct {
		Secret, Body string
		Headers      map[string]string
	}
	text, _ := os.ReadFile(os.Args[1])
	if err := json.Unmarshal(text, &r); err != nil {
		panic(err)
	}
	header := http.Header{}
	for name, value := range r.Headers {
		header.Set(name, value)
	}
	if err := Verify(r.Secret, header, []byte(r.Body)); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("fits")
}
`},
	{"python", "python3", "main.py", `
import json, sys
with open(sys.argv[1]) as file:
    r = json.load(file)
try:
    verify(r["secret"], r["headers"], r["body"].encode())
except ValueError as error:
    sys.exit(str(error))
print("fits")
`},
	{"js", "node", "main.js", `
const r = JSON.parse(require("node:fs").readFileSync(process.argv[2], "utf8"));
try {
  verify(r.secret, r.headers, Buffer.from(r.body));
} catch (error) {
  console.log(error.message);
  process.exit(1);
}
console.log("fits");
`},
}

// request is a webhook as a receiver gets it.
type request struct {
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// verifiesEverywhere runs the page's functions on the app's first webhook.
func verifiesEverywhere(t *testing.T, a *app) {
	t.Helper()
	got := a.Got()[0]
	headers := make(map[string]string)
	for name := range got.Header {
		headers[strings.ToLower(name)] = got.Header.Get(name)
	}
	changed := func(name, value string) map[string]string {
		other := map[string]string{}
		for n, v := range headers {
			other[n] = v
		}
		other[name] = value
		return other
	}
	signed := func(at time.Time) map[string]string {
		library, err := standardwebhooks.NewWebhook(previousSecret)
		must(t, err)
		signature, err := library.Sign(headers["webhook-id"], at, got.Body)
		must(t, err)
		other := changed("webhook-signature", signature)
		other["webhook-timestamp"] = strconv.FormatInt(at.Unix(), 10)
		return other
	}
	body, commands := string(got.Body), verifyCommands(t)
	for _, test := range []struct {
		name, want string
		request    request
	}{
		{"as it came", "fits", request{previousSecret, headers, body}},
		{"a changed body", "no signature matches", request{previousSecret, headers, strings.Replace(body, "invoice", "Invoice", 1) + " "}},
		{"another id", "no signature matches", request{previousSecret, changed("webhook-id", "evt_other"), body}},
		{"another secret", "no signature matches", request{"whsec_" + strings.Repeat("QUJD", 8), headers, body}},
		{"no signature", "no signature matches", request{previousSecret, changed("webhook-signature", ""), body}},
		{"signed six minutes ago", "too old, or from the future", request{previousSecret, signed(time.Now().Add(-6 * time.Minute)), body}},
		{"signed in six minutes", "too old, or from the future", request{previousSecret, signed(time.Now().Add(6 * time.Minute)), body}},
		{"signed four minutes ago", "fits", request{previousSecret, signed(time.Now().Add(-4 * time.Minute)), body}},
	} {
		file := filepath.Join(t.TempDir(), "request.json")
		text, err := json.Marshal(test.request)
		must(t, err)
		must(t, os.WriteFile(file, text, 0o600))
		for _, v := range commands {
			out, err := exec.CommandContext(t.Context(), v[0], append(v[1:], file)...).CombinedOutput()
			if said := strings.TrimSpace(string(out)); said != test.want || (err == nil) != (test.want == "fits") {
				t.Errorf("%s, %s: %q, %v; want %q", v[0], test.name, said, err, test.want)
			}
		}
	}
}

// verifyCommands makes a program from each function on the page. It leaves out
// languages that this machine does not have, and logs that.
func verifyCommands(t *testing.T) [][]string {
	t.Helper()
	page := readPlatformPage(t)
	var commands [][]string
	for _, v := range verifiers {
		code := regexp.MustCompile("(?s)```" + v.language + "\n(.*?)```").FindStringSubmatch(page)
		if code == nil {
			t.Errorf("%s has no function in %s", platformPage, v.language)
			continue
		}
		program, err := exec.LookPath(v.program)
		if err != nil {
			t.Logf("%s is not on this machine: the function in %s did not run", v.program, v.language)
			continue
		}
		file := filepath.Join(t.TempDir(), v.file)
		text := code[1] + v.call
		if v.language == "go" {
			text = "package main\n" + strings.Replace(text, "import (", "import (\n\"encoding/json\"\n\"fmt\"\n\"os\"", 1)
		}
		must(t, os.WriteFile(file, []byte(text), 0o600))
		command := []string{program, file}
		if v.language == "go" {
			command = []string{filepath.Join(filepath.Dir(file), "verify")}
			out, err := exec.CommandContext(t.Context(), program, "build", "-o", command[0], file).CombinedOutput()
			if err != nil {
				t.Errorf("the function in go: %v\n%s", err, out)
				continue
			}
		}
		commands = append(commands, command)
	}
	return commands
}
