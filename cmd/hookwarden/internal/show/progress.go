package show

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Progress shows on a terminal how far something long has come.
type Progress struct{ bar *progressbar.ProgressBar }

// NewProgress begins one; total -1 if nobody knows how long it takes. It writes nothing
// unless visible.
func NewProgress(out io.Writer, visible bool, total int64, what string) *Progress {
	return &Progress{progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(out),
		progressbar.OptionSetVisibility(visible),
		progressbar.OptionSetDescription(what),
		progressbar.OptionSetWidth(20),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)}
}

// Add says that n more are done. What goes wrong with the bar is nobody's concern.
func (p *Progress) Add(n int) { _ = p.bar.Add(n) }

// Done takes the bar off the screen.
func (p *Progress) Done() { _ = p.bar.Finish() }
