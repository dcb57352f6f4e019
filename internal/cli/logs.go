package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/cli/podlog"
	"github.com/foyerhq/foyer/internal/cli/reach"
)

const (
	// defaultTail is how many lines are shown if nobody says how many.
	defaultTail = 200
	// settleLogs is how long lines are held back that come while a log is followed.
	settleLogs = 300 * time.Millisecond
	// againLogs is after what time a pod is asked again that has no log, or has ended it.
	againLogs = time.Second
)

type logsFlags struct {
	cluster           reach.Cluster
	component         string
	operator          bool
	operatorNamespace string
	follow            bool
	since             time.Duration
	tail              int
	level             string
	output            string
}

// logLevels are what --level takes.
var logLevels = []string{"debug", "info", "warn", "error"}

func newLogs(streams Streams) *cobra.Command {
	flags := logsFlags{}
	command := &cobra.Command{
		Use:   "logs [portal|backoffice|dispatcher]",
		Short: "Read the logs of all pods of a tenant as one",
		Long: `Read the logs of all pods of a tenant as one, in the order of time (UTC), and follow them with
-f: pods that come are followed as well. With --operator the lines are among them that the operator
writes about this tenant.

What the lines say is in docs/logs.md.`,
		Example: `  # the last lines of all pods of the only tenant of a namespace
  kubectl foyer logs -n acme

  # what goes wrong, from now on
  kubectl foyer logs -n acme -f --tail 0 --level warn

  # of one component, the last hour
  kubectl foyer logs dispatcher -n acme --since 1h

  # with what the operator decided about the tenant
  kubectl foyer logs -n acme --tenant acme --operator

  # the lines as they were written, for a script
  kubectl foyer logs portal -n acme -o json | jq 'select(.msg == "request" and .status >= 500)'`,
		Args:      oneComponentAtMost,
		ValidArgs: []string{string(provision.Portal), string(provision.Backoffice), string(provision.Dispatcher)},
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) > 0 {
				flags.component = args[0]
			}
			if err := flags.check(command); err != nil {
				return err
			}
			ctx, stop := interruptible(command.Context())
			defer stop()
			return runLogs(ctx, flags, streams)
		},
	}
	flags.add(command)
	return command
}

func (f *logsFlags) add(command *cobra.Command) {
	flags := command.Flags()
	flags.BoolVarP(&f.follow, "follow", "f", false, "go on with what is added, until Ctrl-C")
	flags.DurationVar(&f.since, "since", 0, "how long ago to begin with, as 1h")
	flags.IntVar(&f.tail, "tail", defaultTail, "how many of the last lines to show, of all pods together; -1: all. With --since all if not set")
	flags.StringVar(&f.level, "level", "debug", "the lowest level to show: "+strings.Join(logLevels, ", ")+"; what has no level is shown")
	flags.BoolVar(&f.operator, "operator", false, "also what the operator writes about the tenant")
	flags.StringVar(&f.operatorNamespace, "operator-namespace", "foyer-system", "namespace of the operator, for --operator")
	flags.StringVarP(&f.output, "output", "o", "text", "how to print it: text or json")
	complete(command, "level", values(logLevels...))
	complete(command, "output", values("text", "json"))
	addCluster(command, &f.cluster)
}

func oneComponentAtMost(command *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("%s takes one component at most, %q is too much", command.CommandPath(), args[1])
	}
	if len(args) == 1 && !slices.Contains(provision.Components(), provision.Component(args[0])) {
		return fmt.Errorf("there is no component %q, there are: portal, backoffice, dispatcher", args[0])
	}
	return nil
}

func (f *logsFlags) check(command *cobra.Command) error {
	if f.since < 0 {
		return errors.New("--since must not be negative")
	}
	if f.since > 0 && !command.Flags().Changed("tail") {
		f.tail = -1
	}
	if command.Flags().Changed("operator-namespace") && !f.operator {
		return errors.New("--operator-namespace is for --operator")
	}
	return errors.Join(oneOf("--level", strings.ToLower(f.level), logLevels...), oneOf("-o", f.output, "text", "json"))
}

func runLogs(ctx context.Context, flags logsFlags, streams Streams) error {
	where, err := reach.ClusterPods(ctx, flags.cluster)
	if err != nil {
		return err
	}
	var noting sync.Mutex
	reader := &podlog.Reader{Sources: flags.sources(where), Since: flags.since, Tail: flags.tail, Note: func(text string) {
		noting.Lock()
		defer noting.Unlock()
		_, _ = fmt.Fprintln(streams.Err, "note: "+text) // where else would it be told
	}}
	give := func(line podlog.Line) error {
		_, err := io.WriteString(streams.Out, logLine(streams, line, flags.output))
		return err
	}
	if flags.follow {
		return reader.Follow(ctx, podlog.Pace{Settle: settleLogs, Again: againLogs}, give)
	}
	lines, pods, err := reader.Read(ctx)
	if err != nil {
		return err
	}
	if pods == 0 {
		return fmt.Errorf("there are no pods of Tenant %s in namespace %s: see 'kubectl foyer tree %s -n %s'", where.Tenant, where.Namespace, where.Tenant, where.Namespace)
	}
	for _, line := range lines {
		if err := give(line); err != nil {
			return err
		}
	}
	return nil
}

// sources are the pods of the tenant, and those of the operator.
func (f *logsFlags) sources(where reach.Pods) []*podlog.Source {
	loud := f.loud()
	selector := provision.LabelTenant + "=" + where.Tenant
	if f.component != "" {
		selector += "," + provision.LabelComponent + "=" + f.component
	}
	sources := []*podlog.Source{{Core: where.Core, Namespace: where.Namespace, Selector: selector, Label: provision.LabelComponent, Want: loud}}
	if f.operator {
		sources = append(sources, &podlog.Source{
			Core: where.Core, Namespace: f.operatorNamespace, Label: provision.LabelComponent,
			Selector: provision.LabelName + "=" + provision.Name + "," + provision.LabelComponent + "=manager",
			Want:     func(l podlog.Line) bool { return about(l, where) && (loud == nil || loud(l)) },
		})
	}
	return sources
}

// loud says whether a line has the level that is wanted; nil: all have. What has none, as
// what a process writes when it fails, is never too quiet.
func (f *logsFlags) loud() func(podlog.Line) bool {
	least, known := levelOf(f.level)
	if !known || least <= slog.LevelDebug {
		return nil
	}
	return func(l podlog.Line) bool {
		level, known := levelOf(l.Level)
		return !known || level >= least
	}
}

func levelOf(text string) (level slog.Level, known bool) {
	return level, text != "" && level.UnmarshalText([]byte(text)) == nil
}

// about says whether the operator wrote a line about this tenant: its own lines have tenant,
// those of its framework name.
func about(l podlog.Line, where reach.Pods) bool {
	if l.Value("namespace") != where.Namespace {
		return false
	}
	return l.Value("tenant") == where.Tenant || l.Value("controller") == "tenant" && l.Value("name") == where.Tenant
}
