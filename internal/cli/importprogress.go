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
	began := time.Now()
	for {
		select {
		case <-ended:
			return
		case now := <-tick.C:
			pace := pace{job.Progress(), now.Sub(began)}
			if v.screen == nil {
				v.tell("%s: %s", v.name, strings.Join(pace.parts(), ", "))
				continue
			}
			v.draw(pace)
		}
	}
}

func (v *progressView) draw(p pace) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	_, _ = io.WriteString(v.screen, clearLine+p.bar(v.width()-1))
	v.drawn = true
}

// pace is how far an import is, and how long it took for that.
type pace struct {
	now  bulk.Progress
	took time.Duration
}

// parts are what there is to tell, the most important first.
func (p pace) parts() []string {
	parts := []string{size(p.now.Bytes) + " read"}
	if p.now.Size > 0 {
		parts = []string{fmt.Sprintf("%3d%% of %s", p.percent(), size(p.now.Size))}
	}
	parts = append(parts, lines(p.now.Lines), grouped(p.now.Refused)+" refused")
	if n := p.now.Lines - p.now.FormerLines; p.took > 0 && n > 0 {
		parts = append(parts, grouped(int64(float64(n)/p.took.Seconds()))+" lines/s")
	}
	if bytes := p.now.Bytes - p.now.FormerBytes; p.now.Size > 0 && bytes > 0 {
		left := time.Duration(float64(p.took) * float64(p.now.Size-p.now.Bytes) / float64(bytes))
		parts = append(parts, max(left, 0).Round(time.Second).String()+" left")
	}
	return parts
}

func (p pace) percent() int64 { return min(100, 100*p.now.Bytes/p.now.Size) }

// narrowestBar is a bar that still says something.
const narrowestBar = 10

// bar is one line of at most width characters: a bar, where there is room and an end.
func (p pace) bar(width int) string {
	parts := p.parts()
	text := strings.Join(parts, "  ")
	for len(text) > width && len(parts) > 1 {
		parts = parts[:len(parts)-1]
		text = strings.Join(parts, "  ")
	}
	room := min(width-len(text)-3, 40)
	if p.now.Size <= 0 || room < narrowestBar {
		return text[:min(len(text), max(width, 0))]
	}
	done := int(p.percent()) * room / 100
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
