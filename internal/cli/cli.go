package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/foyerhq/foyer/internal/cli/reach"
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
	// Width is that of the terminal that Err is; nil: it is none.
	Width func() int

	screen io.Writer // Err as it is, if it is a terminal
}

// errFindings ends a command that has told what is to be mended.
var errFindings = errors.New("there are findings")

// Main runs `kubectl foyer` with arguments, those after its name, and returns the exit
// code. What reaches a cluster goes through forward.
func Main(args []string, version string, streams Streams, forward reach.Forward) int {
	if streams.Width != nil {
		streams.screen = streams.Err
	}
	streams.Out, streams.Err = terminal{streams.Out, streams.Colour}, terminal{streams.Err, false}
	root := newRoot(version, streams, forward)
	root.SetArgs(args)
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	switch err := root.Execute(); {
	case err == nil:
		return exitFine
	case errors.Is(err, errFindings):
		return exitFindings
	case errors.Is(err, errChanges):
		return exitChanges
	default:
		_, _ = fmt.Fprintf(streams.Err, "error: %v\n", err) // where else would it be told
		if wantsDetails(args) {
			return exitFindings
		}
		return exitUsage
	}
}

func newRoot(version string, streams Streams, forward reach.Forward) *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-foyer",
		Short: "See tenants, check Foyer's objects, and look after customers",
		Long: `See a tenant with all that hangs on it, check and try out Foyer's objects before they are
applied, bring in customers, and see what applies to them and what they are sent.

lint, events and render need no cluster: they look at files, by the same code as in the
API server and in the operator. tree and logs look at the cluster. The others, and
render --account, reach the API of a tenant, through the cluster or by its address. In a
cluster all have your own rights.

Exit codes: 0 all is well, 1 there is something to mend in the files, in the payload or
in the lines of an import, 2 wrong usage, or what cannot be read or reached.`,
		Example: `  kubectl foyer tree -n acme               # a tenant and all that hangs on it
  kubectl foyer logs -n acme -f            # what its pods write
  kubectl foyer lint -f config/            # before you apply or merge
  kubectl foyer plan -f config/ -n acme    # what changes for customers, before you apply
  kubectl foyer events invoice.unpaid      # what a template can use
  kubectl foyer render -f reminder.yaml    # what people will read
  kubectl foyer import accounts -n acme -f accounts.csv
  kubectl foyer explain account 10001 -n acme
  kubectl foyer upcoming -n acme           # who would be sent what this week
  kubectl foyer status -n acme             # what was sent, what was not, and why`,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl foyer"},
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(command *cobra.Command, err error) error {
		return fmt.Errorf("%w\nSee '%s --help'", err, command.CommandPath())
	})
	group(root, "See what is there", newTree(streams), newLogs(streams), newStatus(streams, forward), newUpcoming(streams, forward), newExplain(streams, forward))
	group(root, "Before you apply", newLint(streams), newEvents(streams), newRender(streams, forward), newPlan(streams, forward))
	group(root, "Look after customers", newImport(streams, forward), newRedrive(streams, forward), newCancel(streams, forward))
	root.AddCommand(newVersion(version, streams))
	addCompletion(root)
	return root
}

// group adds commands under a title of the first page.
func group(root *cobra.Command, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title + ":"})
	for _, c := range commands {
		c.GroupID = title
	}
	root.AddCommand(commands...)
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
