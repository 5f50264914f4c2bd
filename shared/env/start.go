package env

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// Start is the first call of every function. It returns the settings, which
// read reads from the environment, a logger, and the AWS configuration. If the
// environment is bad, it ends the process before the first message, with a
// sentence for each fault.
func Start[Settings any](read func(*Reader) Settings) (Settings, *slog.Logger, aws.Config) {
	tune()
	log.SetOutput(io.Discard) // net/http would let receivers write into our log
	r := NewReader(os.LookupEnv)
	settings := read(r)
	logger := newLogger(os.Stdout, r.Level())
	if err := r.Err(); err != nil {
		exit(logger, fmt.Errorf("bad environment: %w", err))
	}
	var options []func(*config.LoadOptions) error
	if url := r.Text("ENDPOINT_URL", ""); url != "" {
		options = append(options, config.WithBaseEndpoint(url))
	}
	awsConfig, err := config.LoadDefaultConfig(context.Background(), options...)
	if err != nil {
		exit(logger, fmt.Errorf("load AWS configuration: %w", err))
	}
	awsConfig.APIOptions = append(awsConfig.APIOptions, plainBody)
	return settings, logger, awsConfig
}

func exit(logger *slog.Logger, err error) {
	logger.Error("function does not start", "error", err.Error()) // as a text: it names every bad setting
	os.Exit(1)
}
