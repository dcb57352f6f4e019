package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/foyerhq/foyer/internal/cli/reach"
)

// completeFor is how long a shell waits for a cluster.
const completeFor = 3 * time.Second

// complete says what a flag can be. That it is there and has none yet is a matter of this
// program.
func complete(command *cobra.Command, flag string, function cobra.CompletionFunc) {
	if err := command.RegisterFlagCompletionFunc(flag, function); err != nil {
		panic(err)
	}
}

// addCompletion gives the command that cobra makes an example as all others have one.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd("completion")
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Example = `  # in this bash; kubectl itself needs the file that docs/kubectl-foyer.md shows
  source <(kubectl foyer completion bash)`
		}
	}
}

// values completes one of few.
func values(all ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(all, cobra.ShellCompDirectiveNoFileComp)
}

// completeBy completes what is asked for. A shell shows no errors.
func completeBy(ask func(ctx context.Context) ([]string, error)) cobra.CompletionFunc {
	return func(command *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(command.Context(), completeFor)
		defer cancel()
		found, err := ask(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError | cobra.ShellCompDirectiveNoFileComp
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

func completeNamespaces(cluster *reach.Cluster) cobra.CompletionFunc {
	return completeBy(func(ctx context.Context) ([]string, error) { return reach.TenantNamespaces(ctx, *cluster) })
}

func completeTenants(cluster *reach.Cluster) cobra.CompletionFunc {
	ask := completeBy(func(ctx context.Context) ([]string, error) { return reach.TenantNames(ctx, *cluster) })
	return func(command *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 { // it is there already
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return ask(command, args, begun)
	}
}

func completeContexts(cluster *reach.Cluster) cobra.CompletionFunc {
	return completeBy(func(context.Context) ([]string, error) { return reach.ContextNames(*cluster) })
}
