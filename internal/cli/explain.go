package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/foyerhq/foyer/internal/cli/reach"
	"github.com/foyerhq/foyer/internal/integration"
)

// askFor is how long an answer may take.
const askFor = 30 * time.Second

type explainFlags struct {
	targetFlags
	output string
}

func newExplain(streams Streams, forward reach.Forward) *cobra.Command {
	command := &cobra.Command{
		Use:     "explain",
		Short:   "Tell what applies to a customer, and why",
		Example: `  kubectl foyer explain account 10001 -n acme`,
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("name what to explain, as kubectl foyer explain account 10001")
		},
	}
	command.AddCommand(newExplainAccount(streams, forward))
	return command
}

func newExplainAccount(streams Streams, forward reach.Forward) *cobra.Command {
	flags := explainFlags{}
	command := &cobra.Command{
		Use:   "account ID",
		Short: "Tell every attribute and feature of an account, and which layer decided it",
		Long: `Tell every attribute and feature of an account, and which layer decided it: the account
itself, its AccountProfile, the Tenant or what is built in; for features, the
MyAccountProfile. Features are those of the account's owner: other contacts have those of
them that they were granted.`,
		Example: `  # in the only tenant of a namespace, through the cluster
  kubectl foyer explain account 10001 -n acme

  # one value, for a script
  kubectl foyer explain account 10001 -n acme -o json | jq -r '.attributes[] | select(.key == "currency").value'

  # from outside of the cluster
  kubectl foyer explain account 10001 --server https://api.acme.example --token-file token`,
		Args: oneAccount,
		RunE: func(command *cobra.Command, args []string) error {
			if err := errors.Join(oneOf("-o", flags.output, "text", "json"), flags.check(command)); err != nil {
				return err
			}
			ctx, stop := interruptible(command.Context())
			defer stop()
			return runExplainAccount(ctx, flags, args[0], streams, forward)
		},
	}
	command.Flags().StringVarP(&flags.output, "output", "o", "text", "how to print it: text or json")
	complete(command, "output", values("text", "json"))
	flags.add(command)
	return command
}

func oneAccount(_ *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] == "" {
		return errors.New("name one account by its id, as kubectl foyer explain account 10001")
	}
	return nil
}

func runExplainAccount(ctx context.Context, flags explainFlags, id string, streams Streams, forward reach.Forward) error {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	api, err := flags.open(ctx, forward)
	if err != nil {
		return err
	}
	defer api.Renew() // leaves nothing open
	settings, err := api.Client.AccountSettings(ctx, id)
	var problem *integration.Problem
	if errors.As(err, &problem) && problem.Status == http.StatusNotFound && problem.Detail != "" {
		return fmt.Errorf("%s has no account %q: its id is the one in the provider's own system", api.Name, id)
	}
	if err != nil {
		return err
	}
	if flags.output == "json" {
		return printJSON(streams.Out, settings)
	}
	_, err = io.WriteString(streams.Out, accountPage(streams, api.Tenant, settings))
	return err
}
