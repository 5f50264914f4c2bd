package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"

	"hookwarden/bench/loopback"
	"hookwarden/bench/report"
)

// gauge measures a figure of a function's program, for any tree, and compares it
// with the bare program.
type gauge struct {
	report.Figure
	function       string
	take, baseline func(ctx context.Context, program string) (float64, error)
}

const (
	cpuWebhooks  = 12_000 // for deliver: a second and a half
	bareWebhooks = 40_000
	starts       = 5    // of a program; a run's value is their median
	oneApp       = "17" // the app whose webhooks are measured
)

func cpuGauges() []gauge {
	var sample []loopback.Request // requests as deliver sent them
	return []gauge{{function: "deliver",
		Figure: report.Figure{Name: "CPU per delivered webhook, µs", Format: "%.0f", Against: "bare", Goal: report.Goal{Ratio: 2},
			Note: "docs/decisions/0013 has the profile; the SDK and the JSON of the event alone leave 2.3"},
		take: func(ctx context.Context, program string) (float64, error) {
			return cpuPerWebhook(ctx, program, cpuWebhooks, func(d loopback.Driven) error {
				err := deliverAll(d, cpuWebhooks)
				_, sample = d.Receiver.Requests(oneApp)
				return err
			})
		},
		baseline: func(ctx context.Context, program string) (float64, error) {
			return cpuPerWebhook(ctx, program, bareWebhooks, func(d loopback.Driven) error {
				_, _, err := d.Invoke(map[string]any{"URL": d.Receiver.URL + oneApp, "Requests": sample, "Webhooks": bareWebhooks})
				return err
			})
		}}}
}

// cpuPerWebhook is in microseconds.
func cpuPerWebhook(ctx context.Context, program string, webhooks int, send func(loopback.Driven) error) (float64, error) {
	used, err := loopback.Run(ctx, program, loopback.Answers(0, http.StatusOK, "ok\n"), loopback.Settings{}, func(d loopback.Driven) error {
		if err := send(d); err != nil {
			return err
		}
		got, first := d.Receiver.Requests(oneApp)
		for _, r := range first {
			if len(r.Body) != loopback.BodySize || r.Header.Get("Webhook-Signature") == "" {
				return errors.New("the webhooks are not what they should be")
			}
		}
		if got != webhooks {
			return fmt.Errorf("%d webhooks were sent and %d arrived", webhooks, got)
		}
		return nil
	})
	return float64(used) / float64(webhooks) / float64(time.Microsecond), err
}

func deliverAll(d loopback.Driven, webhooks int) error {
	for range webhooks / loopback.BatchSize {
		if _, err := d.Deliver(oneApp); err != nil {
			return err
		}
	}
	return nil
}

func startGauges() (all []gauge) {
	for _, function := range functions() {
		all = append(all, gauge{function: function, take: startTime, baseline: startTime,
			Figure: report.Figure{Name: "start of " + function + " until it asks for work, ms", Format: "%.1f", Against: "bare", Goal: report.Goal{Ratio: 2.5}}})
	}
	return all
}

func startTime(ctx context.Context, program string) (float64, error) {
	var times []float64
	for range starts {
		_, err := loopback.Run(ctx, program, loopback.Answers(0, http.StatusOK, ""), loopback.Settings{}, func(d loopback.Driven) error {
			took, err := d.Ready()
			times = append(times, milliseconds(took))
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	return report.Median(times), nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// memoryGauges is empty except on Linux, whose /proc has the peak.
func memoryGauges() []gauge {
	if runtime.GOOS != "linux" {
		return nil
	}
	return []gauge{{function: "deliver", take: peakMemory, baseline: peakMemory,
		Figure: report.Figure{Name: "peak memory of deliver after 10,000 webhooks, MB", Format: "%.1f", Against: "bare", Goal: report.Goal{Ratio: 2.5}}}}
}

func peakMemory(ctx context.Context, program string) (megabytes float64, err error) {
	_, err = loopback.Run(ctx, program, loopback.Answers(0, http.StatusOK, "ok\n"), loopback.Settings{}, func(d loopback.Driven) error {
		if err := deliverAll(d, 10_000); err != nil {
			return err
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.PID()))
		if err != nil {
			return err
		}
		_, after, _ := strings.Cut(string(status), "VmHWM:")
		_, err = fmt.Sscan(after, &megabytes) // still in KB
		megabytes *= 1024 / 1e6
		return err
	})
	return megabytes, err
}
