package cost

import (
	"encoding/json"
	"testing"
	"time"
)

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

func TestPlatformLinesAreJSON(t *testing.T) {
	for line, kind := range map[string]string{startLine: "platform.start", reportLine: "platform.report"} {
		var got struct {
			Time, Type string
			Record     map[string]any
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil || got.Type != kind || got.Record["requestId"] == nil {
			t.Errorf("%v: %+v", err, got)
		}
	}
}
