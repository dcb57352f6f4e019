package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/foyerhq/foyer/internal/cli/reach"
)

// treeFormat is the version of the tree as JSON: a field is never given another meaning
// within one.
const treeFormat = 1

type treeFlags struct {
	cluster       reach.Cluster
	allNamespaces bool
	check         bool
	output        string
}

// treeReport is everything that hangs on some tenants.
type treeReport struct {
	Format  int                  `json:"format"`
	Ready   bool                 `json:"ready"` // everything that was looked at
	Tenants []*treeNode          `json:"tenants"`
	Strays  []*treeNode          `json:"strays"` // objects of Foyer whose Tenant is not there
	Missing []reach.MissingRight `json:"missing"`
}

func newTree(streams Streams) *cobra.Command {
	flags := treeFlags{}
	command := &cobra.Command{
		Use:   "tree [TENANT]",
		Short: "Show a tenant and all that hangs on it, with its state",
		Long: `Show a tenant and all that hangs on it, with its state: profiles and templates, what is
live, pods, and what leads to them. Under what is not as it should be are the conditions that
say why.

Of Secrets only the names are asked for. A kind that you may not list is named below the tree,
and the rest is shown.`,
		Example: `  # the tenants of a namespace
  kubectl foyer tree -n acme

  # one tenant, and of all namespaces
  kubectl foyer tree acme -n acme
  kubectl foyer tree -A

  # for a pipeline: ends with code 1 if something is not ready
  kubectl foyer tree acme -n acme --check

  # every object that is not ready, for a script
  kubectl foyer tree -A -o json | jq -r '.. | objects | select(.ready == "False") | "\(.kind) \(.name): \(.reason)"'`,
		Args:              oneTenantAtMost,
		ValidArgsFunction: completeTenants(&flags.cluster),
		RunE: func(command *cobra.Command, args []string) error {
			if err := errors.Join(oneOf("-o", flags.output, "text", "json"), flags.checkFlags(command, args)); err != nil {
				return err
			}
			ctx, stop := interruptible(command.Context())
			defer stop()
			return runTree(ctx, flags, streams)
		},
	}
	command.Flags().BoolVarP(&flags.allNamespaces, "all-namespaces", "A", false, "the tenants of all namespaces")
	command.Flags().BoolVar(&flags.check, "check", false, "end with code 1 if something is not ready, or may not be looked at")
	command.Flags().StringVarP(&flags.output, "output", "o", "text", "how to print it: text or json")
	complete(command, "output", values("text", "json"))
	addCluster(command, &flags.cluster)
	return command
}

func oneTenantAtMost(command *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("%s takes one tenant at most, %q is too much", command.CommandPath(), args[1])
	}
	return nil
}

// checkFlags takes the tenant from the argument, which --tenant names as well, as of other
// commands.
func (f *treeFlags) checkFlags(command *cobra.Command, args []string) error {
	if f.allNamespaces && command.Flags().Changed("namespace") {
		return errors.New("--all-namespaces and --namespace exclude each other")
	}
	if len(args) == 0 {
		return nil
	}
	if command.Flags().Changed("tenant") && f.cluster.Tenant != args[0] {
		return fmt.Errorf("--tenant %s and the argument %s name two tenants", f.cluster.Tenant, args[0])
	}
	f.cluster.Tenant = args[0]
	return nil
}

func runTree(ctx context.Context, flags treeFlags, streams Streams) error {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	inventory, err := reach.ClusterInventory(ctx, flags.cluster, flags.allNamespaces)
	if err != nil {
		return err
	}
	report := newTreeReport(inventory, flags.cluster.Tenant)
	if err := report.nothing(flags); err != nil {
		return err
	}
	if flags.output == "json" {
		err = printJSON(streams.Out, report)
	} else {
		_, err = io.WriteString(streams.Out, treePage(streams, report))
	}
	if err == nil && flags.check && !report.Ready {
		return errFindings
	}
	return err
}

// nothing says so where there is no tenant to show.
func (r treeReport) nothing(flags treeFlags) error {
	if len(r.Tenants)+len(r.Strays) > 0 {
		return nil
	}
	where := "in the namespace, choose another by --namespace or all by -A"
	if flags.cluster.Namespace != "" {
		where = "in namespace " + flags.cluster.Namespace
	}
	if flags.allNamespaces {
		where = "in this cluster"
	}
	return fmt.Errorf("there is no Tenant%s %s", choose(flags.cluster.Tenant == "", "", " "+flags.cluster.Tenant), where)
}
