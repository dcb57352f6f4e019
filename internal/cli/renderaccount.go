package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/cli/reach"
	"github.com/foyerhq/foyer/internal/integration"
)

// ofAccount are the flags that mean nothing without --account, and ofFiles those that mean
// nothing with it.
var (
	ofAccount = []string{"event-type", "output", "tenant", "kubeconfig", "context", "cluster", "user", "as", "as-group", "server", "token-file", "certificate-authority"}
	ofFiles   = []string{"name", "event", "locale", "currency", "time-zone", "out"}
)

// runRenderAccount asks the API what an account would get.
func runRenderAccount(command *cobra.Command, flags renderFlags, streams Streams, forward reach.Forward) error {
	for _, name := range ofFiles {
		if command.Flags().Changed(name) {
			return fmt.Errorf("--account and --%s exclude each other: the account decides", name)
		}
	}
	if err := errors.Join(oneOf("-o", flags.output, "text", "json"), flags.target.check(command)); err != nil {
		return err
	}
	ctx, stop := interruptible(command.Context())
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	query := integration.RenderQuery{AccountID: flags.account, Event: flags.eventType, Action: flags.action}
	if len(flags.files) > 0 {
		var err error
		changed := changedFlags{flags.files, flags.recursive}
		if query.Documents, err = changed.documents(ctx, flags.target, streams); err != nil {
			return err
		}
	}
	api, err := flags.target.open(ctx, forward)
	if err != nil {
		return err
	}
	defer api.Renew() // leaves nothing open
	rendered, err := api.Client.Render(ctx, query)
	if err != nil {
		return withFields(err)
	}
	if flags.output == "json" {
		return printJSON(streams.Out, rendered)
	}
	_, err = io.WriteString(streams.Out, renderedAccount(streams, rendered))
	return err
}

// withFields adds to an error what the API says of each field.
func withFields(err error) error {
	var problem *integration.Problem
	if !errors.As(err, &problem) {
		return err
	}
	for _, f := range problem.Errors {
		err = fmt.Errorf("%w\n%s: %s", err, f.Field, f.Message)
	}
	return err
}

// renderedAccount is what a person reads of it: everything that people would, and HTML by
// its size.
func renderedAccount(streams Streams, r integration.Rendered) string {
	var out strings.Builder
	about := choose(r.Sample, "with the sample of the event", "about its oldest unpaid invoice")
	if event, _ := catalog.BuiltIn().Lookup(r.Event); r.Sample && event.Anchor != "" {
		about = "about a made-up invoice, the account has none open"
	}
	fmt.Fprintf(&out, "%s of account %s, %s: %s\n", streams.coloured(bold, r.Event), r.AccountID, about, plural(len(r.Items), "notification"))
	for _, m := range r.Items {
		title := fmt.Sprintf("%s/%s (%s)", choose(m.Template == "", m.Source, m.Template), m.Action, m.Channel)
		if m.Locale != "" {
			title += ", in " + m.Locale
		}
		out.WriteString("\n" + streams.coloured(bold, title) + "\n")
		writeAccountMessage(&out, m)
	}
	for _, problem := range r.Problems {
		fmt.Fprintf(&out, "\nThe API notes: %s\n", problem)
	}
	return out.String()
}

func writeAccountMessage(out *strings.Builder, m integration.RenderedItem) {
	for _, line := range []struct{ name, value string }{
		{"Not sent", m.Suppressed}, {"From", m.From}, {"To", m.Address}, {"Contact", m.ContactID}, {"Cc", join(m.CC)}, {"Bcc", join(m.BCC)}, {"Attached", join(m.Attach)},
		{"Subject", m.Subject}, {"Problem", m.Problem},
	} {
		if line.value != "" {
			fmt.Fprintf(out, "%s: %s\n", line.name, line.value)
		}
	}
	if m.HTML != "" {
		fmt.Fprintf(out, "HTML: %s, which -o json has\n", plural(len(m.HTML), "byte"))
	}
	if m.Text != "" {
		fmt.Fprintf(out, "\n%s\n", indent(strings.TrimRight(m.Text, "\n")))
	}
	for _, language := range slices.Sorted(maps.Keys(m.Texts)) {
		fmt.Fprintf(out, "\n%s\n", indent(choose(language == "", "", language+": ")+m.Texts[language]))
	}
}
