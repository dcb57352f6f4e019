package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/foyerhq/foyer/internal/cli/reach"
	"github.com/foyerhq/foyer/internal/compare"
	"github.com/foyerhq/foyer/internal/integration"
)

// exitChanges is the exit code of a plan with changes, if it was asked for.
const exitChanges = 2

// errChanges ends a plan that was asked to say so by its exit code.
var errChanges = errors.New("something changes for customers")

const detailedFlag = "detailed-exitcode"

// wantsDetails says of arguments that cannot be read, too, that 2 is to mean changes and
// nothing else.
func wantsDetails(args []string) bool {
	return slices.ContainsFunc(args, func(a string) bool { return a == "--"+detailedFlag || strings.HasPrefix(a, "--"+detailedFlag+"=") })
}

type planFlags struct {
	targetFlags
	changedFlags
	days     int
	prune    bool
	samples  int
	detailed bool
	wait     time.Duration
	output   string
}

var planOutputs = []string{"text", "json", "markdown", "jsonl"}

func newPlan(streams Streams, forward reach.Forward) *cobra.Command {
	flags := planFlags{}
	command := &cobra.Command{
		Use:   "plan -f FILE|DIRECTORY|- ...",
		Short: "Tell what changes for customers, before objects are applied",
		Long: `Tell what changes for customers, before objects are applied: which accounts would have other
profiles, attributes and features, which people gain or lose a feature, which messages appear,
disappear, move or say something else, and what becomes of those that wait. Nothing is changed
and nothing is sent.

The files are put in the places of the cluster's objects, and made into what the operator would
make of them; the API of the tenant compares that with what is in force, for all customers. Only
what is in the files changes, unless --prune says that they are all that the tenant has.

Exit codes: 0 it can be applied, 1 something of it would be refused, 2 wrong usage, or what cannot
be read or reached. With --detailed-exitcode: 0 it can be applied and nothing changes for
customers, 2 something does, 1 refused or failed.`,
		Example: `  # what a directory changes
  kubectl foyer plan -f config/acme -n acme

  # the files are all that the tenant has: what is not in them is deleted
  kubectl kustomize overlays/production | kubectl foyer plan --prune -f -

  # in a pipeline: a comment on a pull request, and 2 if something changes for customers
  kubectl foyer plan -f config/acme -n acme -o markdown --detailed-exitcode > plan.md

  # every account, person and message that changes, one a line
  kubectl foyer plan -f config/acme -n acme -o jsonl`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := errors.Join(flags.bounds(), oneOf("-o", flags.output, planOutputs...), flags.check(command)); err != nil {
				return err
			}
			ctx, stop := interruptible(command.Context())
			defer stop()
			return runPlan(ctx, flags, streams, forward)
		},
	}
	command.Flags().IntVar(&flags.days, "days", 30, "how many of the coming days to compare messages on, 31 at most; 0: none, and none that wait")
	command.Flags().BoolVar(&flags.prune, "prune", false, "what the tenant has in the cluster and is not in the files counts as deleted")
	command.Flags().IntVar(&flags.samples, "samples", 5, "how many ids to tell of each change, 100 at most")
	command.Flags().BoolVar(&flags.detailed, detailedFlag, false, "end with code 2 if something changes for customers, and with 1 for everything that fails")
	command.Flags().DurationVar(&flags.wait, "wait", 10*time.Minute, "how long to look at customers; what was not looked at by then is told")
	command.Flags().StringVarP(&flags.output, "output", "o", "text", "how to print it: "+strings.Join(planOutputs, ", "))
	_ = command.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(planOutputs, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	flags.changedFlags.add(command)
	flags.targetFlags.add(command)
	return command
}

func (f *planFlags) bounds() error {
	switch {
	case f.days < 0 || f.days > maxUpcomingDays:
		return fmt.Errorf("--days %d is out of range, allowed is 0 to %d", f.days, maxUpcomingDays)
	case f.samples < 1 || f.samples > compare.MostSamples:
		return fmt.Errorf("--samples %d is out of range, allowed is 1 to %d", f.samples, compare.MostSamples)
	case f.wait <= 0:
		return fmt.Errorf("--wait %s is too short", f.wait)
	case f.prune && f.server.URL != "":
		return errors.New("--prune is for a cluster: with --server the files have to be all that the tenant has anyway")
	}
	return nil
}

func runPlan(ctx context.Context, flags planFlags, streams Streams, forward reach.Forward) error {
	p, err := flags.read(ctx, streams)
	if err != nil {
		return err
	}
	if p.documents != nil {
		if err := flags.ask(ctx, p, streams, forward); err != nil {
			return err
		}
	}
	p.conclude()
	if err := p.print(streams, flags); err != nil {
		return err
	}
	switch {
	case p.refused() > 0:
		return errFindings
	case flags.detailed && (p.Changes || !p.Complete):
		return errChanges
	}
	return nil
}

// ask has the API compare the documents, page by page.
func (f *planFlags) ask(ctx context.Context, p *planReport, streams Streams, forward reach.Forward) error {
	ctx, cancel := context.WithTimeout(ctx, f.wait+lookFor) // the last page may take longer
	defer cancel()
	api, err := f.open(ctx, forward)
	if err != nil {
		return err
	}
	defer api.Renew() // leaves nothing open
	query := integration.PlanQuery{Days: f.days, Samples: f.samples, Lines: f.output == "jsonl", Documents: *p.documents}
	for until := time.Now().Add(f.wait); ; {
		page, err := patientPlan(ctx, api.Client, query)
		if err != nil {
			return withFields(err)
		}
		if query.Cursor == "" {
			p.notes(page.Problems...)
		}
		p.Difference.Add(page.Difference, f.samples)
		if err := printLines(streams, page.Lines); err != nil {
			return err
		}
		if page.Next == "" {
			return nil
		}
		if time.Now().After(until) {
			p.Complete = false
			return nil
		}
		query.Cursor = page.Next
	}
}

// patientPlan asks for a page, and waits while others ask.
func patientPlan(ctx context.Context, api *integration.Client, query integration.PlanQuery) (integration.Plan, error) {
	for {
		page, err := api.Plan(ctx, query)
		var problem *integration.Problem
		if !errors.As(err, &problem) || problem.Status != http.StatusTooManyRequests && problem.Status != http.StatusServiceUnavailable {
			return page, err
		}
		select {
		case <-ctx.Done():
			return page, err
		case <-time.After(time.Second):
		}
	}
}
