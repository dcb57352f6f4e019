package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/foyerhq/foyer/internal/cli/bulk"
	"github.com/foyerhq/foyer/internal/integration"
)

// importFiles are what an import writes.
type importFiles struct {
	state   string      // path; empty: the position is not kept
	former  *bulk.State // of an earlier run that did not finish
	file    *os.File    // of refused lines; nil: they are not written
	refused *bufio.Writer
}

// stateSuffix is added to the name of the input.
const stateSuffix = ".foyer-import"

func openImportFiles(flags importFlags, input bulk.Input) (*importFiles, error) {
	f := &importFiles{state: flags.state}
	if f.state == "" && !input.IsStdin() {
		f.state = flags.file + stateSuffix
	}
	if err := f.readState(flags.restart); err != nil {
		return nil, err
	}
	if flags.mode == string(integration.ModeWhole) {
		f.state = ""
	}
	if err := f.canKeep(); err != nil {
		return nil, err
	}
	return f, f.openRefused(flags)
}

// readState reads how far an earlier run got, if it is not to begin anew.
func (f *importFiles) readState(restart bool) error {
	if f.state == "" || restart {
		return nil
	}
	text, err := os.ReadFile(f.state)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read how far an earlier run got: %w", err)
	}
	f.former = &bulk.State{}
	if err := json.Unmarshal(text, f.former); err != nil || f.former.Version == 0 {
		return fmt.Errorf("%s does not say how far an import got: remove it, or begin anew with --restart", f.state)
	}
	return nil
}

// canKeep makes sure, before anything is sent, that the position can be kept.
func (f *importFiles) canKeep() error {
	if f.state == "" {
		return nil
	}
	probe, err := os.CreateTemp(filepath.Dir(f.state), ".foyer-*")
	if err != nil {
		return fmt.Errorf("keep how far it got, for which --state names another file: %w", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// openRefused makes the file of refused lines; a run that goes on adds to it.
func (f *importFiles) openRefused(flags importFlags) error {
	if flags.refused == "" {
		return nil
	}
	if same(flags.refused, flags.file) || f.state != "" && same(flags.refused, f.state) {
		return errors.New("--refused must be another file than the one that is read")
	}
	how := os.O_TRUNC
	if f.former != nil {
		how = os.O_APPEND
	}
	file, err := os.OpenFile(flags.refused, os.O_CREATE|os.O_WRONLY|how, 0o600)
	if err != nil {
		return fmt.Errorf("write refused lines: %w", err)
	}
	f.file, f.refused = file, bufio.NewWriter(file)
	return nil
}

// same says whether two paths are one file.
func same(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

func (f *importFiles) refuse(r integration.Refusal) error {
	if f.refused == nil {
		return nil
	}
	encoder := json.NewEncoder(f.refused)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

// save keeps a position, after what was refused before it.
func (f *importFiles) save(s bulk.State) error {
	if f.refused != nil {
		if err := f.refused.Flush(); err != nil {
			return fmt.Errorf("write refused lines: %w", err)
		}
	}
	text, err := json.Marshal(s)
	if err == nil {
		err = writeNew(f.state, string(text)+"\n")
	}
	if err != nil {
		return fmt.Errorf("keep how far it got: %w", err)
	}
	return nil
}

func (f *importFiles) close() error {
	if f.file == nil {
		return nil
	}
	if err := errors.Join(f.refused.Flush(), f.file.Close()); err != nil {
		return fmt.Errorf("write refused lines: %w", err)
	}
	return nil
}

// done removes the position of an import that has finished.
func (f *importFiles) done() error {
	if f.state == "" {
		return nil
	}
	if err := os.Remove(f.state); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the position, since all is done: %w", err)
	}
	return nil
}
