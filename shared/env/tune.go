package env

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
)

// oneProcessor is the memory, in MB, at which Lambda gives a function a whole
// virtual CPU.
const oneProcessor = 1769

// tune fits the Go runtime to Lambda. With less than a whole CPU, a second
// processor only adds switches between threads, though the machine shows two.
// The heap, a few megabytes, is collected half as often; that costs 3 MB.
func tune() {
	if memory, err := strconv.Atoi(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")); err == nil && memory < oneProcessor {
		runtime.GOMAXPROCS(1)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}
