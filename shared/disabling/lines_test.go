package disabling_test

import (
	"strings"
	"testing"

	"hookwarden/shared/disabling"
	"hookwarden/shared/tally"
)

func TestLinesNameAnAppThatIsNotJudged(t *testing.T) {
	w := brokenWorld()
	record := w.count(app, w.today(), tally.Counts{Error: 3})
	w.arm(0, refused)
	if failed := w.disabler().Handle(t.Context(), []disabling.Record{record}); failed != record.Sequence {
		t.Fatalf("failed at %q", failed)
	}
	for line := range strings.Lines(w.log.String()) {
		if strings.Contains(line, `msg="app not judged"`) && strings.Contains(line, " app_id=17 ") {
			return
		}
	}
	t.Errorf("logged %s", w.log.String())
}

// Lambda writes a line as one JSON object, in which a second "level" hides the first.
func TestLinesOfWarningsHaveEachFieldOnce(t *testing.T) {
	w := warningWorld()
	w.config.MaxWarningsPerHour = 1
	w.put("18", org)
	for _, id := range []string{app, "18"} { // the second is held
		w.deliver(t, w.run(id, 3, tally.Counts{Error: 9}))
	}
	if log := w.log.String(); !strings.Contains(log, `msg="owners warned"`) || !strings.Contains(log, `msg="warning held by the brake"`) {
		t.Fatalf("logged %s", log)
	}
	for line := range strings.Lines(w.log.String()) {
		if strings.Count(line, " level=") > 1 {
			t.Errorf("it has two levels: %s", line)
		}
	}
}
