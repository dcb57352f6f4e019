package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Stdin is the name under which what is read from standard input is reported.
const Stdin = "stdin"

// Source says what to read.
type Source struct {
	// Paths are files, directories, or "-" for In.
	Paths []string
	// Recursive reads the directories in directories as well.
	Recursive bool
	In        io.Reader
}

// Read reads every object of the source. The error says what could not be opened.
func Read(source Source) (Set, error) {
	set := Set{}
	seen := map[string]bool{}
	for _, path := range source.Paths {
		files, err := source.files(path)
		if err != nil {
			return Set{}, err
		}
		for _, file := range files {
			if seen[file.name] {
				continue // named twice, as by a directory and by itself
			}
			seen[file.name] = true
			content, err := source.content(file)
			if err != nil {
				return Set{}, err
			}
			set.add(file, content)
		}
	}
	return set, nil
}

// file is a file to read.
type file struct {
	name string
	// asked says that the file itself was named, so that it must hold objects.
	asked bool
}

func (s Source) content(f file) ([]byte, error) {
	if f.name == Stdin {
		content, err := io.ReadAll(s.In)
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		return content, nil
	}
	content, err := os.ReadFile(f.name)
	if err != nil {
		return nil, readError(f.name, err)
	}
	return content, nil
}

// files lists the files of a path.
func (s Source) files(path string) ([]file, error) {
	if path == "-" {
		return []file{{Stdin, true}}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, readError(path, err)
	}
	if !info.IsDir() {
		return []file{{path, true}}, nil
	}
	names, err := s.walk(path)
	if err != nil {
		return nil, readError(path, err)
	}
	if len(names) == 0 && s.Recursive {
		return nil, fmt.Errorf("no .yaml, .yml or .json file is in %s or below", path)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no .yaml, .yml or .json file is in %s (-R looks into its directories as well)", path)
	}
	files := make([]file, 0, len(names))
	for _, name := range names {
		files = append(files, file{name, false})
	}
	return files, nil
}

func (s Source) walk(root string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && !s.Recursive:
			return filepath.SkipDir
		case !entry.IsDir() && isManifest(entry.Name()):
			names = append(names, path)
		}
		return nil
	})
	slices.Sort(names)
	return names, err
}

// isManifest leaves out what kustomize reads itself.
func isManifest(name string) bool {
	if isKustomization(name) {
		return false
	}
	return slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name))
}

func isKustomization(name string) bool {
	return slices.Contains([]string{"kustomization.yaml", "kustomization.yml", "Kustomization"}, filepath.Base(name))
}

// readError says what a person can do about a file that cannot be read.
func readError(name string, err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err
	}
	return fmt.Errorf("read %s: %s", name, strings.TrimSpace(err.Error()))
}
