package process

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/config/reload"
)

// ClockFile is a file with a duration, as "72h", that is added to the time. It is for
// demonstrations and development: with it "three days later" takes a second.
type ClockFile struct{ Path string }

// Flags declares the flag of the file.
func (c *ClockFile) Flags(set *flag.FlagSet) {
	set.StringVar(&c.Path, "clock-file", "", "development only: a file with a duration, as 72h, that is added to the time")
}

// Follow returns the clock. Without a file it is that of the machine; what cannot be read
// leaves the last duration in force, at first none.
func (c *ClockFile) Follow(r *Runtime) (now func() time.Time) {
	if c.Path == "" {
		return time.Now
	}
	r.Log.Warn("--clock-file moves the time of this process: it is for development only", "file", c.Path)
	looked := make(chan struct{})
	once := sync.OnceFunc(func() { close(looked) })
	file := reload.NewFile(c.Path, parseClock, func(_ string, err error) {
		defer once()
		if errors.Is(err, fs.ErrNotExist) {
			return // the file is there when the time is to be moved
		}
		if err != nil {
			r.Log.Error("the clock was not moved", "file", c.Path, "error", err)
			return
		}
		r.Log.Info("the clock was moved", "file", filepath.Base(c.Path))
	})
	r.Go(file.Run)
	select {
	case <-looked: // nothing is done at another time first
	case <-r.stop.Done():
	}
	return func() time.Time {
		if moved := file.Current(); moved != nil {
			return time.Now().Add(*moved)
		}
		return time.Now()
	}
}

func parseClock(content []byte) (*time.Duration, error) {
	moved, err := time.ParseDuration(strings.TrimSpace(string(content)))
	if err != nil {
		return nil, fmt.Errorf("it holds no duration such as 72h: %w", err)
	}
	return &moved, nil
}
