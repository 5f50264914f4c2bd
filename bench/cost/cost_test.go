package cost

import (
	"math"
	"testing"
	"time"
)

// Ten batches of ten webhooks. For a million there are 100,000 batches.
func TestBillIsAsWorkedOutByHand(t *testing.T) {
	lines, total := Bill(Usage{
		Webhooks: 100, Invocations: 10, Billed: 10 * 203 * time.Millisecond,
		WriteUnits: 110, ReadUnits: 10, SQSRequests: 1, LogBytes: 10 * 1087,
	})
	want := []float64{
		0.08 + 0.004, // 200,000 + 10,000 requests at 0.40
		0.02,         // 100,000 at 0.20
		0.067667,     // 100,000 × 0.203 s × 0.25 GB = 5,075 GB-s at 0.0000133334
		0.6875,       // 1,100,000 at 0.625
		0.0125,       // 100,000 at 0.125
		0.07325,      // 100,000 × (1,087 + 378) bytes = 0.1465 GB at 0.50
	}
	sum := 0.0
	for i, w := range want {
		sum += w
		if got := lines[i].Dollars; math.Abs(got-w) > 1e-6 {
			t.Errorf("%s: got %f, want %f", lines[i].What, got, w)
		}
	}
	if len(lines) != len(want) || math.Abs(total-sum) > 1e-6 || Dollars(total) != "$0.94" {
		t.Errorf("%d lines, total %f, want %f", len(lines), total, sum)
	}
}

func TestSendsOfTenCostWhatOneRequestCosts(t *testing.T) {
	if got := Dollars(Sends); got != "$0.04" {
		t.Errorf("got %s", got)
	}
}

func TestBillableIsABegunMillisecondToo(t *testing.T) {
	for d, want := range map[time.Duration]time.Duration{
		200 * time.Millisecond:     200 * time.Millisecond,
		200*time.Millisecond + 1:   201 * time.Millisecond,
		200_999 * time.Microsecond: 201 * time.Millisecond,
	} {
		if got := Billable(d); got != want {
			t.Errorf("%v: got %v", d, got)
		}
	}
}

func TestDollarsRoundHalfACentUp(t *testing.T) {
	for d, want := range map[float64]string{0.025: "$0.03", 0.025 - 1e-12: "$0.03", 0.0249: "$0.02", 1.005: "$1.01", 0: "$0.00"} {
		if got := Dollars(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}
