package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/cli/bulk"
	"github.com/foyerhq/foyer/internal/cli/reach"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/integration/csvlines"
)

type importFlags struct {
	targetFlags
	file    string
	format  string
	mode    string
	notify  string
	state   string
	restart bool
	wait    time.Duration
	refused string
	quiet   bool
}

func newImport(streams Streams, forward reach.Forward) *cobra.Command {
	flags := importFlags{}
	command := &cobra.Command{
		Use:   "import " + strings.Join(kindNames(), "|") + " -f FILE|-",
		Short: "Bring the customers of a tenant into Foyer, from CSV or NDJSON",
		Long: `Bring the customers of a tenant into Foyer, from CSV or NDJSON, plain or gzip, of any
size. Kinds depend on each other in this order:
` + strings.Join(kindNames(), ", ") + `.

CSV has a first row with the names of the API's fields: nested ones with dots, as
attributes.currency, lists separated by semicolons in their cell, and the provider's own
attributes as attributes.custom.NAME. An empty cell is a field that is left out; where a
field of an account can be cleared, null clears it, and "null" in quotes is that text.
Cells may be separated by semicolons as well.

Lines that the API refuses are told with their line in the file, and the others are
applied. How far it got is kept beside the file until all is done: after Ctrl-C or a
failure, the same command goes on from there. With --mode whole nothing is applied if one
line is refused; that is a single request of at most 15 minutes, which begins anew, and not
for calls. A line that is sent again changes nothing.`,
		Example: `  # into the only tenant of a namespace, through the cluster
  kubectl foyer import accounts -n acme -f accounts.csv

  # every refused line with its reasons, to mend and send again
  kubectl foyer import contacts -n acme -f contacts.csv --refused refused.ndjson

  # what another program writes, all of it or nothing
  billing-export | kubectl foyer import invoices -n acme --mode whole -f -

  # from outside of the cluster
  kubectl foyer import calls -f calls.ndjson.gz --server https://api.acme.example --token-file token`,
		Args:              oneKind,
		ValidArgsFunction: completeKind,
		RunE: func(command *cobra.Command, args []string) error {
			if err := flags.check(command); err != nil {
				return err
			}
			if args[0] == string(integration.Calls) && flags.mode == string(integration.ModeWhole) {
				return errors.New("--mode whole is not for calls: those that are there already are skipped, so send all of them again where it breaks off")
			}
			ctx, stop := interruptible(command.Context())
			defer stop()
			return runImport(ctx, flags, integration.Kind(args[0]), streams, forward)
		},
	}
	flags.add(command)
	return command
}

func (f *importFlags) add(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVarP(&f.file, "filename", "f", "", "file to read, - for standard input")
	flags.StringVar(&f.format, "format", "", "csv or ndjson; by the name of the file if not set, else by how it begins")
	flags.StringVar(&f.mode, "mode", string(integration.ModeLines), "lines: each line is applied by itself; whole: all of them or none")
	flags.StringVar(&f.notify, "notify", string(integration.NotifyNone), "whether customers are told of what changes: none or all")
	flags.StringVar(&f.state, "state", "", "file that keeps how far it got; the name of the input with .foyer-import if not set")
	flags.BoolVar(&f.restart, "restart", false, "begin anew, whatever an earlier run has handled")
	flags.DurationVar(&f.wait, "wait", 2*time.Minute, "how long to wait for a server that is away")
	flags.StringVar(&f.refused, "refused", "", "file to write every refused line to, with its reasons, as NDJSON")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "show no progress")
	f.targetFlags.add(command)
}

func (f *importFlags) check(command *cobra.Command) error {
	switch {
	case f.file == "":
		return errors.New("name what to import, as -f accounts.csv or -f -")
	case f.wait < 0:
		return errors.New("--wait must not be negative")
	case f.mode == string(integration.ModeWhole) && f.state != "":
		return errors.New("--mode whole is one request, so there is no position to keep: leave out --state")
	}
	return errors.Join(
		oneOf("--format", f.format, "", string(bulk.CSV), string(bulk.NDJSON)),
		oneOf("--mode", f.mode, string(integration.ModeLines), string(integration.ModeWhole)),
		oneOf("--notify", f.notify, string(integration.NotifyNone), string(integration.NotifyAll)),
		f.targetFlags.check(command))
}

func kindNames() []string {
	var names []string
	for _, kind := range integration.Kinds() {
		names = append(names, string(kind))
	}
	return names
}

func oneKind(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("name one kind to import: %s", strings.Join(kindNames(), ", "))
	}
	if !slices.Contains(kindNames(), args[0]) {
		return fmt.Errorf("there is no kind %q to import, there are (the nearest first): %s", args[0], strings.Join(catalog.Nearest(args[0], kindNames()), ", "))
	}
	return nil
}

// completeKind lists the kinds that begin as what a person has typed.
func completeKind(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := slices.DeleteFunc(kindNames(), func(name string) bool { return !strings.HasPrefix(name, typed) })
	return names, cobra.ShellCompDirectiveNoFileComp
}

func runImport(ctx context.Context, flags importFlags, kind integration.Kind, streams Streams, forward reach.Forward) error {
	input := bulk.Input{Path: flags.file, Stdin: streams.In, Format: bulk.Format(flags.format), Kind: kind}
	files, err := openImportFiles(flags, input)
	if err != nil {
		return err
	}
	api, err := flags.open(ctx, forward)
	if err != nil {
		return errors.Join(err, files.close())
	}
	defer api.Renew() // leaves nothing open
	job := &bulk.Job{
		Input: input,
		Options: integration.ImportOptions{
			Kind: kind, Mode: integration.Mode(flags.mode), Notify: integration.Notify(flags.notify), Compress: true,
		},
		Client: api.Client, Server: api.Name, Renew: api.Renew, Wait: flags.wait, NewToken: api.NewToken,
		Former: files.former, OnRefused: files.refuse,
	}
	if files.state != "" {
		job.Save = files.save
	}
	view := newProgressView(streams, input.Name(), flags.quiet)
	job.OnAway, job.OnBegin = view.away, view.goesOn
	stop := view.watch(job)
	err = job.Run(ctx)
	stop()
	if err := errors.Join(err, files.close()); err != nil {
		if files.state == "" && job.Line() > 0 { // no later run will tell
			_ = printReport(streams, input.Name(), flags, job.Report) // the error says more
		}
		return explainFailure(err, flags, files, job)
	}
	told := printReport(streams, input.Name(), flags, job.Report)
	if err := files.done(); err != nil {
		return err
	}
	return told
}

// explainFailure says how to go on.
func explainFailure(err error, flags importFlags, files *importFiles, job *bulk.Job) error {
	var unknown *csvlines.UnknownColumnError
	var another *bulk.AnotherImportError
	switch {
	case errors.As(err, &unknown):
		nearest := catalog.Nearest(unknown.Column, unknown.Known)[0]
		return fmt.Errorf("%s: there is no column %q for %s, the nearest is %s, there are: %s",
			job.Input.Name(), unknown.Column, unknown.Kind, nearest, strings.Join(unknown.Known, ", "))
	case errors.As(err, &another):
		return fmt.Errorf("%w: give what it was to finish it, or begin anew with --restart", err)
	case errors.Is(err, context.Canceled):
		err = errors.New("interrupted")
	}
	switch line := job.Line(); {
	case flags.mode == string(integration.ModeWhole):
		return fmt.Errorf("%w\nNothing is known to be applied: the same command sends all of it again", err)
	case line == 0:
		return err
	case files.state == "":
		return fmt.Errorf("%w\nThe lines up to %d of %s are handled. No position is kept of it without --state: send all of it again, what is applied stays", err, line, job.Input.Name())
	default:
		return fmt.Errorf("%w\nThe lines up to %d of %s are handled: the same command goes on from there", err, line, job.Input.Name())
	}
}
