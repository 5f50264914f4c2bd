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
