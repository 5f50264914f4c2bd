package main

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"hookwarden/localstack/bench/report"
)

const zipName = "zip of %s for arm64, MB"

func (b *bench) measureZips(ctx context.Context) (report.Section, error) {
	s := report.Section{Title: "Size", Notes: []string{"A deflated zip of the stripped program, as the SAM CLI has it built, in MB of 1,000,000 bytes."}}
	for _, function := range functions() {
		size, err := b.now.zipSize(ctx, function)
		if err != nil {
			return s, err
		}
		f := report.Figure{Name: fmt.Sprintf(zipName, function), Format: "%.2f", Goal: report.Goal{Value: 4}, Note: whyLarge(function)}
		f.Add(size, 0)
		s.Figures = append(s.Figures, f)
	}
	return s, nil
}

// whyLarge is what is known of a zip over the goal.
func whyLarge(function string) string {
	if function == "notify" {
		return "it carries three of AWS's clients, SES, SQS and DynamoDB"
	}
	return ""
}

// zipSize builds a function as the SAM CLI does, and returns the size of its
// zip, in MB.
func (b build) zipSize(ctx context.Context, function string) (float64, error) {
	folder, err := os.MkdirTemp("", "hookwarden-zip-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	target := "build-" + strings.ToUpper(function[:1]) + function[1:] + "Function"
	if err := b.make(ctx, "TARGET_OS=linux", "ARCH=arm64", "ARTIFACTS_DIR="+folder, target); err != nil {
		return 0, err
	}
	program, err := os.Open(filepath.Join(folder, "bootstrap"))
	if err != nil {
		return 0, err
	}
	defer func() { _ = program.Close() }()
	size, err := deflated(program)
	return float64(size) / 1e6, err
}

// deflated is the size of a zip that holds a program, in bytes.
func deflated(program io.Reader) (int, error) {
	var size counter
	archive := zip.NewWriter(&size)
	file, err := archive.Create("bootstrap")
	if err != nil {
		return 0, err
	}
	if _, err := io.Copy(file, program); err != nil {
		return 0, err
	}
	err = archive.Close()
	return int(size), err
}

// counter counts what is written to it, in bytes.
type counter int

// Write never fails.
func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
