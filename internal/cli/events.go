package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/foyerhq/foyer/internal/catalog"
)

type eventsFlags struct {
	output     string
	tenantFile string
}

func newEvents(streams Streams) *cobra.Command {
	flags := eventsFlags{}
	command := &cobra.Command{
		Use:   "events [NAME]",
		Short: "List the events, or tell what one of them carries",
		Long: `List the events, or tell what one of them carries: its fields, how templates and
conditions write them, and a sample.`,
		Example: `  # all events, and all that is known of them
  kubectl foyer events
  kubectl foyer events -o wide

  # what a template for unpaid invoices can use
  kubectl foyer events invoice.unpaid

  # with the events that a tenant declares
  kubectl foyer events --tenant-file tenant.yaml

  # the schema of the data, for those who send or receive it
  kubectl foyer events payment.received -o jsonschema`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeEvent,
		RunE:              func(_ *cobra.Command, args []string) error { return runEvents(flags, args, streams) },
	}
	command.Flags().StringVarP(&flags.output, "output", "o", "", "wide, json, jsonschema or markdown; a table or a page of text if not set")
	complete(command, "output", values("wide", "json", "jsonschema", "markdown"))
	command.Flags().StringVar(&flags.tenantFile, "tenant-file", "", "file with a Tenant, to add the events that it declares")
	return command
}

// completeEvent lists the events that begin as what a person has typed.
func completeEvent(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := slices.DeleteFunc(catalog.BuiltIn().Names(), func(name string) bool { return !strings.HasPrefix(name, typed) })
	return names, cobra.ShellCompDirectiveNoFileComp
}

func runEvents(flags eventsFlags, args []string, streams Streams) error {
	if !slices.Contains([]string{"", "wide", "json", "jsonschema", "markdown"}, flags.output) {
		return fmt.Errorf("-o %s is not known, allowed is wide, json, jsonschema or markdown", flags.output)
	}
	known, err := tenantCatalog(flags.tenantFile, streams)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return printCatalog(known, flags.output, streams)
	}
	event, found := known.Lookup(args[0])
	if !found {
		return fmt.Errorf("there is no event %q, there are (the nearest first): %s",
			args[0], strings.Join(catalog.Nearest(args[0], known.Names()), ", "))
	}
	return printEvent(event, flags.output, streams)
}

// allEvents lists the events by name.
func allEvents(known *catalog.Catalog) []catalog.Event {
	var events []catalog.Event
	for _, name := range known.Names() {
		event, _ := known.Lookup(name)
		events = append(events, event)
	}
	return events
}

func printCatalog(known *catalog.Catalog, output string, streams Streams) error {
	events := allEvents(known)
	switch output {
	case "markdown":
		_, err := io.WriteString(streams.Out, known.Markdown())
		return err
	case "json":
		views := []eventView{}
		for _, e := range events {
			views = append(views, viewOf(e))
		}
		return printJSON(streams.Out, views)
	case "jsonschema":
		return printSchemas(events, streams)
	}
	return printTable(events, output == "wide", streams)
}

func printTable(events []catalog.Event, wide bool, streams Streams) error {
	rows := [][]string{{"EVENT", "CATEGORY", "DATED", "WHEN"}}
	if wide {
		rows = [][]string{{"EVENT", "CATEGORY", "DATED", "FOR", "FROM", "OPT-OUT", "LINK", "WHEN"}}
	}
	for _, e := range events {
		row := []string{e.Name, string(e.Category), orDash(e.Anchor)}
		if wide {
			row = append(row, choose(e.Message, "people", "webhooks"), choose(e.WhyNotSentIn() != "", "Foyer", "anywhere"),
				choose(optOut(e), "yes", "no"), orDash(e.RequiredLink))
		}
		rows = append(rows, append(row, e.Description))
	}
	_, err := io.WriteString(streams.Out, columns(rows, 3))
	return err
}

// optOut says whether people can choose not to be told.
func optOut(e catalog.Event) bool { return !e.Critical && e.Category != catalog.Security }

func orDash(text string) string { return choose(text != "", text, "-") }

func choose(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}
