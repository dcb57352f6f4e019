package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/cli/bulk"
)

// How often progress is shown: on a terminal one line that changes, else a line more.
const (
	redrawEvery = 200 * time.Millisecond
	reportEvery = 5 * time.Second
)

// clearLine begins the line of a terminal anew.
const clearLine = "\r\x1b[K"

// progressView shows a person how far an import is.
type progressView struct {
	name  string
	quiet bool
	plain io.Writer
	// screen is a terminal, with its width; nil: there is none.
	screen io.Writer
	width  func() int

	mutex sync.Mutex
	drawn bool // a line is on the screen that will be replaced
}

func newProgressView(streams Streams, name string, quiet bool) *progressView {
	return &progressView{name: name, quiet: quiet, plain: streams.Err, screen: streams.screen, width: streams.Width}
}

// tell writes a line that stays.
func (v *progressView) tell(format string, args ...any) {
	if v.quiet {
		return
	}
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.clear()
	_, _ = fmt.Fprintf(v.plain, format+"\n", args...) // nobody can be told
}

func (v *progressView) clear() {
	if v.drawn {
		_, _ = io.WriteString(v.screen, clearLine)
		v.drawn = false
	}
}

func (v *progressView) away(err error, again time.Duration) {
	v.tell("The server is away (%v), trying again in %s", err, again.Round(100*time.Millisecond))
}

func (v *progressView) goesOn(line int64) {
	v.tell("%s: going on after line %s, where it was interrupted", v.name, grouped(line))
}

// watch shows the progress until it is stopped.
func (v *progressView) watch(job *bulk.Job) (stop func()) {
	if v.quiet {
		return func() {}
	}
	ended, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		v.show(job, ended)
	}()
	return func() {
		close(ended)
		<-over
		v.mutex.Lock()
		defer v.mutex.Unlock()
		v.clear()
	}
}

func (v *progressView) show(job *bulk.Job, ended <-chan struct{}) {
	every := redrawEvery
	if v.screen == nil {
		every = reportEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
			if v.screen == nil {
				v.tell("%s: %s", v.name, strings.Join(progressParts(job.Progress()), ", "))
				continue
			}
			v.draw(job.Progress())
		}
	}
}

func (v *progressView) draw(p bulk.Progress) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	_, _ = io.WriteString(v.screen, clearLine+progressBar(p, v.width()-1))
	v.drawn = true
}

// progressParts are what there is to tell, the most important first.
func progressParts(p bulk.Progress) []string {
	parts := []string{size(p.Bytes) + " read"}
	if p.Size > 0 {
		parts = []string{fmt.Sprintf("%3d%% of %s", percent(p), size(p.Size))}
	}
	parts = append(parts, lines(p.Lines), grouped(p.Refused)+" refused")
	if p.LinesPerSecond > 0 {
		parts = append(parts, grouped(int64(p.LinesPerSecond))+" lines/s")
	}
	if p.Left > 0 {
		parts = append(parts, p.Left.Round(time.Second).String()+" left")
	}
	return parts
}

func percent(p bulk.Progress) int64 { return min(100, 100*p.Bytes/p.Size) }

// narrowestBar is a bar that still says something.
const narrowestBar = 10

// progressBar is one line of at most width characters: a bar, where there is room and an end.
func progressBar(p bulk.Progress, width int) string {
	parts := progressParts(p)
	text := strings.Join(parts, "  ")
	for len(text) > width && len(parts) > 1 {
		parts = parts[:len(parts)-1]
		text = strings.Join(parts, "  ")
	}
	room := min(width-len(text)-3, 40)
	if p.Size <= 0 || room < narrowestBar {
		return text[:min(len(text), max(width, 0))]
	}
	done := int(percent(p)) * room / 100
	return "[" + strings.Repeat("#", done) + strings.Repeat("-", room-done) + "] " + text
}

// size writes bytes as people do.
func size(bytes int64) string {
	value, units := float64(bytes), []string{"B", "kB", "MB", "GB", "TB"}
	for value >= 1000 && len(units) > 1 {
		value, units = value/1000, units[1:]
	}
	if units[0] == "B" {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", value, units[0])
}
