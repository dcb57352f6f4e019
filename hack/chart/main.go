// Command chart writes what in charts/foyer follows from other files, so that the chart and
// the kustomizations cannot drift apart:
//
//	templates/config/     the objects of config/default, config/namespaced and
//	                      config/prometheus, with the places that a value decides (edits.go)
//	values.schema.json    from the defaults in values.yaml and the rules in schema.go
//	README.md             its table of values, from the comments in values.yaml
//
// `make generate` runs it, and `make verify` fails where it would change something. What is
// written by hand: Chart.yaml, values.yaml, _helpers.tpl with the manager's flags, NOTES.txt
// and the test.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

const (
	chartFolder     = "charts/foyer"
	templatesFolder = chartFolder + "/templates/config"
	secureFolder    = "config/prometheus/secure"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "chart: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	if err := writeTemplates(); err != nil {
		return err
	}
	values, err := readValues(filepath.Join(chartFolder, "values.yaml"))
	if err != nil {
		return err
	}
	schema, err := schemaOf(values)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(chartFolder, "values.schema.json"), schema); err != nil {
		return err
	}
	return writeTable(filepath.Join(chartFolder, "README.md"), values)
}

// writeTemplates makes the folder anew, so that nothing stays of a file that is gone.
func writeTemplates() error {
	files, err := readConfig("config/default", "config/namespaced/watched", "config/prometheus")
	if err != nil {
		return err
	}
	// What config/prometheus/secure patches is a choice in the templates.
	rights, err := readObjects(secureFolder + "/rbac.yaml")
	if err != nil {
		return err
	}
	files = append(files, configFile{path: secureFolder + "/rbac.yaml", objects: rights})
	if err := os.RemoveAll(templatesFolder); err != nil {
		return fmt.Errorf("remove the templates of before: %w", err)
	}
	for _, file := range files {
		text, err := templateOf(file)
		if err != nil {
			return fmt.Errorf("%s: %w", file.path, err)
		}
		if text == "" {
			continue
		}
		path := filepath.Join(templatesFolder, file.name())
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a folder of the checkout
			return fmt.Errorf("make a folder: %w", err)
		}
		if err := writeFile(path, []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

const (
	tableBegin = "<!-- values: written by make generate -->\n"
	tableEnd   = "<!-- end of values -->\n"
)

// writeTable replaces what is between the two marks of the page.
func writeTable(path string, values []value) error {
	page, err := os.ReadFile(path) //nolint:gosec // a file of the checkout
	if err != nil {
		return fmt.Errorf("read the chart's page: %w", err)
	}
	before, rest, found := bytes.Cut(page, []byte(tableBegin))
	_, after, ended := bytes.Cut(rest, []byte(tableEnd))
	if !found || !ended {
		return fmt.Errorf("%s has no %q and %q with the table between them", path, tableBegin, tableEnd)
	}
	table := []byte(tableOf(values))
	return writeFile(path, bytes.Join([][]byte{before, []byte(tableBegin), table, []byte(tableEnd), after}, nil))
}

func writeFile(path string, content []byte) error {
	if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // a file of the checkout
		return fmt.Errorf("write a part of the chart: %w", err)
	}
	return nil
}
