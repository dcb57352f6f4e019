package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	exitFine     = 0
	exitFindings = 1
	exitUsage    = 2
)

// Streams are what a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// Colour says that Out is looked at by a person who wants colours.
	Colour bool
}

// errFindings ends a command that has told what is to be mended.
var errFindings = errors.New("there are findings")

// Main runs `kubectl foyer` with arguments, those after its name, and returns the exit code.
func Main(args []string, version string, streams Streams) int {
	streams.Out, streams.Err = terminal{streams.Out, streams.Colour}, terminal{streams.Err, false}
	root := newRoot(version, streams)
	root.SetArgs(args)
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	switch err := root.Execute(); {
	case err == nil:
		return exitFine
	case errors.Is(err, errFindings):
		return exitFindings
	default:
		_, _ = fmt.Fprintf(streams.Err, "error: %v\n", err) // where else would it be told
		return exitUsage
	}
}

func newRoot(version string, streams Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-foyer",
		Short: "Check and try out Foyer's objects, without a cluster",
		Long: `Check and try out Foyer's objects, without a cluster.

Everything is done by the files alone, by the same code as in the API server and in
the operator. Exit codes: 0 all is well, 1 there is something to mend in the files or
in the payload, 2 wrong usage, or nothing that can be read.`,
		Example: `  kubectl foyer lint -f config/            # before you apply or merge
  kubectl foyer events invoice.unpaid      # what a template can use
  kubectl foyer render -f reminder.yaml    # what people will read`,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl foyer"},
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(command *cobra.Command, err error) error {
		return fmt.Errorf("%w\nSee '%s --help'", err, command.CommandPath())
	})
	root.AddCommand(newLint(streams), newEvents(streams), newRender(streams), newVersion(version, streams))
	return root
}

// noArguments are what commands take that read files.
func noArguments(command *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if command.Flags().Lookup("filename") == nil {
		return fmt.Errorf("%s takes no arguments, %q is too much", command.CommandPath(), args[0])
	}
	return fmt.Errorf("%s takes no arguments: name what to read as -f %s", command.CommandPath(), args[0])
}

func newVersion(version string, streams Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  kubectl foyer version",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(streams.Out, version)
			return err
		},
	}
}
