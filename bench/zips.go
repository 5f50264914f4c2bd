package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"hookwarden/bench/report"
)

const zipName = "zip of %s for arm64, MB"

func (b *bench) measureZips(ctx context.Context) (report.Section, error) {
	s := report.Section{Title: "Size", Notes: []string{"The zip of the stripped program, built and packed as by the SAM CLI, in MB of 1,000,000 bytes."}}
	for _, function := range functions() {
		size, err := b.now.zipSize(ctx, function)
		if err != nil {
			return s, err
		}
		f := report.Figure{Name: fmt.Sprintf(zipName, function), Format: "%.2f", Goal: report.Goal{Value: 4}}
		f.Add(size, 0)
		s.Figures = append(s.Figures, f)
	}
	return s, nil
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
	// The SAM CLI zips with this module of Python's, so at zlib's default level.
	archive := filepath.Join(folder, "function.zip")
	command := exec.CommandContext(ctx, "python3", "-m", "zipfile", "-c", archive, filepath.Join(folder, "bootstrap"))
	if out, err := command.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("zip %s: %w\n%s", function, err, out)
	}
	info, err := os.Stat(archive)
	if err != nil {
		return 0, err
	}
	return float64(info.Size()) / 1e6, nil
}
