// The trial reports on a run of the end-to-end tests: what ran, what did not and why, and
// what it cost, by the requests that were counted, since AWS's bill and metrics come much
// later. make up ENGINE=aws prints this report at its end, as text to paste into an issue.
//
//	go run ./localstack/trial -tests FILE -calls FILE -logs FILE -where "aws, eu-central-1"
//
// -tests is what go test -json printed, -calls what the tests sent, by operation,
// and -logs what the functions logged, a line each.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	var r run
	where := flag.String("where", "", "engine and region, for the report")
	tests := flag.String("tests", "", "what go test -json printed")
	calls := flag.String("calls", "", "requests of the tests, by operation, as JSON")
	logs := flag.String("logs", "", "what the functions logged")
	flag.Parse()
	for _, read := range []struct {
		file string
		take func([]byte) error
	}{{*tests, r.readTests}, {*calls, r.readCalls}, {*logs, r.readLogs}} {
		text, err := os.ReadFile(read.file)
		if os.IsNotExist(err) {
			r.missing = append(r.missing, read.file)
			continue
		}
		if err == nil {
			err = read.take(text)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "trial: read %s: %v\n", read.file, err)
			os.Exit(1)
		}
	}
	fmt.Print(r.report(*where))
}
