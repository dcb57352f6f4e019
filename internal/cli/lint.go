package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/foyerhq/foyer/internal/cli/lint"
	"github.com/foyerhq/foyer/internal/cli/manifest"
)

// sourceFlags say which files to read.
type sourceFlags struct {
	files     []string
	recursive bool
	namespace string
}

func (f *sourceFlags) addFiles(command *cobra.Command) {
	command.Flags().StringArrayVarP(&f.files, "filename", "f", nil, "file or directory to read, - for standard input; can be repeated")
	command.Flags().BoolVarP(&f.recursive, "recursive", "R", false, "read the directories in directories as well")
}

func (f *sourceFlags) add(command *cobra.Command) {
	f.addFiles(command)
	command.Flags().StringVarP(&f.namespace, "namespace", "n", "default", "namespace of objects that name none")
}

func (f *sourceFlags) read(streams Streams) (manifest.Set, error) {
	if len(f.files) == 0 {
		return manifest.Set{}, fmt.Errorf("name what to read, as -f config/ or -f -")
	}
	set, err := manifest.Read(manifest.Source{Paths: f.files, Recursive: f.recursive, In: streams.In})
	if err != nil {
		return manifest.Set{}, err
	}
	if len(set.Objects) == 0 && len(set.Problems) == 0 && set.Others == 0 {
		names := strings.Join(f.files, ", ")
		return manifest.Set{}, fmt.Errorf("there is nothing in %s", choose(names == "-", "standard input", names)) // as when what writes into a pipe has failed
	}
	return set, nil
}

// oneFile says that a single file was named, and no directory.
func (f *sourceFlags) oneFile() bool {
	if len(f.files) != 1 {
		return false
	}
	info, err := os.Stat(f.files[0])
	return f.files[0] == "-" || err == nil && !info.IsDir()
}

// nothingOfFoyer is an error where files that were to have objects of Foyer have none: in
// a pipeline that would pass for checked.
func (f *sourceFlags) nothingOfFoyer(result lint.Result) []lint.Finding {
	if len(result.Objects) > 0 || count(result.Findings).Errors > 0 {
		return nil
	}
	name := f.files[0]
	if name == "-" {
		name = manifest.Stdin
	}
	return []lint.Finding{{File: name, Line: 1, Severity: lint.Error, Message: "no object of Foyer (of apiVersion foyer.dev/v1alpha1) is here, so nothing was checked"}}
}

// lintFlags are those of lint alone.
type lintFlags struct {
	sourceFlags
	complete bool
	strict   bool
	output   string
}

func newLint(streams Streams) *cobra.Command {
	flags := lintFlags{}
	command := &cobra.Command{
		Use:   "lint -f FILE|DIRECTORY|- ...",
		Short: "Check objects before they are applied",
		Long: `Check objects before they are applied: schema and rules as the API server does,
references, conditions and texts as the operator does.

Errors are what the cluster would refuse, warnings what it would accept and may not be
meant, notes what could not be checked because it is not in the files. Objects that are
not Foyer's are left out. Directories are read without kustomization.yaml: give what
kustomize makes of them by -f -.`,
		Example: `  # a directory, and those in it
  kubectl foyer lint -R -f config/

  # what kustomize makes; these objects are all that the tenants have
  kubectl kustomize overlays/production | kubectl foyer lint --complete -f -

  # in a pipeline: warnings fail as well, findings as JSON
  kubectl foyer lint --strict -o json -f config/`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return runLint(flags, streams) },
	}
	flags.add(command)
	command.Flags().BoolVar(&flags.complete, "complete", false, "the files are the whole configuration: what they name and do not have is an error")
	command.Flags().BoolVar(&flags.strict, "strict", false, "end with code 1 for warnings as well")
	command.Flags().StringVarP(&flags.output, "output", "o", "text", "how to print findings: text or json")
	complete(command, "output", values("text", "json"))
	return command
}

func runLint(flags lintFlags, streams Streams) error {
	if !slices.Contains([]string{"text", "json"}, flags.output) {
		return fmt.Errorf("-o %s is not known, allowed is text or json", flags.output)
	}
	set, err := flags.read(streams)
	if err != nil {
		return err
	}
	result, err := lint.Check(set, lint.Options{Complete: flags.complete, Namespace: flags.namespace})
	if err != nil {
		return err
	}
	if flags.complete || flags.oneFile() {
		result.Findings = append(result.Findings, flags.nothingOfFoyer(result)...)
	}
	write := printFindings
	if flags.output == "json" {
		write = printFindingsJSON
	}
	if err := write(streams, result); err != nil {
		return err
	}
	counts := count(result.Findings)
	if counts.Errors > 0 || flags.strict && counts.Warnings > 0 {
		return errFindings
	}
	return nil
}

// counts are those of findings.
type counts struct {
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
	Notes    int `json:"notes"`
}

func count(findings []lint.Finding) counts {
	c := counts{}
	for _, f := range findings {
		switch f.Severity {
		case lint.Error:
			c.Errors++
		case lint.Warning:
			c.Warnings++
		case lint.Note:
			c.Notes++
		}
	}
	return c
}

func printFindingsJSON(streams Streams, result lint.Result) error {
	document := struct {
		Findings []lint.Finding `json:"findings"`
		Objects  map[string]int `json:"objects"`
		Others   int            `json:"others"`
		counts
	}{append([]lint.Finding{}, result.Findings...), result.Objects, result.Others, count(result.Findings)}
	return printJSON(streams.Out, document)
}

func printJSON(out io.Writer, document any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}
