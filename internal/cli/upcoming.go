package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/foyerhq/foyer/internal/cli/reach"
	"github.com/foyerhq/foyer/internal/compare"
	"github.com/foyerhq/foyer/internal/integration"
)

const (
	// lookFor is how long the answers of what would be sent may take, and morePagesFor how
	// long another is asked for.
	lookFor      = 90 * time.Second
	morePagesFor = 40 * time.Second
	// mostUpcoming is after how many notifications no more are asked for.
	mostUpcoming = 50_000
)

const maxUpcomingDays = 31

type upcomingFlags struct {
	targetFlags
	changedFlags
	days    int
	account string
	all     bool
	output  string
}

func newUpcoming(streams Streams, forward reach.Forward) *cobra.Command {
	flags := upcomingFlags{}
	command := &cobra.Command{
		Use:   "upcoming",
		Short: "Tell who would be sent what in the coming days",
		Long: `Tell who would be sent what in the coming days: the reminders of unpaid invoices, if
nobody pays and nothing changes. Nothing is sent.

With -f it is told how that changes by objects that are not applied yet: who would be sent
more, less or something else. The files may be some of the tenant's objects, those of the
cluster go with them; with --server they have to be all that the tenant has.`,
		Example: `  # the coming week
  kubectl foyer upcoming -n acme

  # what an edited template changes, before it is applied
  kubectl foyer upcoming --days 14 -n acme -f reminders.yaml

  # one account, with what would not be sent and why
  kubectl foyer upcoming -n acme --account 10001 --all`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if flags.days < 1 || flags.days > maxUpcomingDays {
				return fmt.Errorf("--days %d is out of range, allowed is 1 to %d", flags.days, maxUpcomingDays)
			}
			if err := errors.Join(oneOf("-o", flags.output, "text", "json"), flags.check(command)); err != nil {
				return err
			}
			ctx, stop := interruptible(command.Context())
			defer stop()
			return runUpcoming(ctx, flags, streams, forward)
		},
	}
	command.Flags().IntVar(&flags.days, "days", 7, "how many days from now, 31 at most")
	command.Flags().StringVar(&flags.account, "account", "", "id of the only account to look at")
	command.Flags().BoolVar(&flags.all, "all", false, "tell of what would not be sent as well, and why")
	command.Flags().StringVarP(&flags.output, "output", "o", "text", "how to print it: text or json")
	complete(command, "output", values("text", "json"))
	flags.changedFlags.add(command)
	flags.targetFlags.add(command)
	return command
}

// outlook is what is upcoming, and with changed objects how that differs.
type outlook struct {
	integration.Upcoming
	Difference *difference `json:"difference,omitempty"`
}

func runUpcoming(ctx context.Context, flags upcomingFlags, streams Streams, forward reach.Forward) error {
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	query := integration.UpcomingQuery{Days: flags.days, AccountID: flags.account}
	if len(flags.files) > 0 {
		var err error
		query.Compare = true
		if query.Documents, err = flags.documents(ctx, flags.targetFlags, streams); err != nil {
			return err
		}
	}
	api, err := flags.open(ctx, forward)
	if err != nil {
		return err
	}
	defer api.Renew() // leaves nothing open
	all, err := lookAhead(ctx, api.Client, query)
	if err != nil {
		return withFields(err)
	}
	found := outlook{Upcoming: all}
	if query.Compare {
		found.Difference = differ(all.InForce, all.Items)
	}
	if flags.output == "json" {
		return printJSON(streams.Out, found)
	}
	_, err = io.WriteString(streams.Out, found.page(streams, flags))
	return err
}

// lookAhead asks for page after page, as far as a person waits and reads. Next of the answer
// says that there is more: then it tells all of some accounts, and nothing of the others.
func lookAhead(ctx context.Context, api *integration.Client, query integration.UpcomingQuery) (integration.Upcoming, error) {
	all, err := api.Upcoming(ctx, query)
	for until := time.Now().Add(morePagesFor); err == nil && all.Next != "" && len(all.Items) < mostUpcoming && time.Now().Before(until); {
		var page integration.Upcoming
		query.Cursor = all.Next
		page, err = api.Upcoming(ctx, query)
		all.Items, all.InForce, all.Next = append(all.Items, page.Items...), append(all.InForce, page.InForce...), page.Next
	}
	slices.SortStableFunc(all.Items, integration.UpcomingItem.Compare)
	slices.SortStableFunc(all.InForce, integration.UpcomingItem.Compare)
	return all, err
}

// difference is how what is upcoming changes.
type difference struct {
	More  []integration.UpcomingItem `json:"more"`  // would be sent as well
	Less  []integration.UpcomingItem `json:"less"`  // would not be sent any more
	Other []changedItem              `json:"other"` // would be sent at another time, or by another action
}

// changedItem is a notification before and after a change.
type changedItem struct {
	Before integration.UpcomingItem `json:"before"`
	After  integration.UpcomingItem `json:"after"`
}

// sameOne is what makes two notifications the same one: to whom, about what.
type sameOne struct{ account, invoice, channel, address string }

func keyOf(i integration.UpcomingItem) sameOne {
	return sameOne{i.AccountID, i.Invoice, i.Channel, i.Address}
}

// sent leaves out what is not sent.
func sent(items []integration.UpcomingItem) []integration.UpcomingItem {
	return slices.DeleteFunc(slices.Clone(items), func(i integration.UpcomingItem) bool { return i.Suppressed != "" })
}

// differ tells what of two lists is different. What is in one only, to the same person
// about the same invoice by the same channel as something that is in the other only, became
// that.
func differ(before, after []integration.UpcomingItem) *difference {
	d := &difference{More: []integration.UpcomingItem{}, Less: []integration.UpcomingItem{}, Other: []changedItem{}}
	itself := func(i integration.UpcomingItem) integration.UpcomingItem { return i }
	_, changed, less, more := compare.Match(sent(before), sent(after), itself, keyOf)
	for _, both := range changed {
		d.Other = append(d.Other, changedItem{both[0], both[1]})
	}
	d.Less, d.More = append(d.Less, less...), append(d.More, more...)
	return d
}

// page is what a person reads of it.
func (o outlook) page(streams Streams, flags upcomingFlags) string {
	var out strings.Builder
	span := fmt.Sprintf("in the next %s", plural(flags.days, "day"))
	if o.Difference != nil {
		o.changePage(&out, streams, span)
	} else {
		o.plainPage(&out, streams, span, flags.all)
	}
	if o.Next != "" {
		out.WriteString("\nNot all accounts were looked at, of the others nothing is told: ask for fewer days, or for one account by --account.\n")
	}
	fmt.Fprintf(&out, "\nDelivery is %s%s\n", o.Mode, modeText(o.DeliveryState))
	if o.MaxPerHour > 0 {
		fmt.Fprintln(&out, limitText(o.DeliveryState))
	}
	for _, problem := range o.Problems {
		fmt.Fprintf(&out, "\nThe API notes: %s\n", problem)
	}
	return out.String()
}

// atLeast goes before counts, where not all accounts were looked at.
func (o outlook) atLeast() string { return choose(o.Next == "", "", "at least ") }

func (o outlook) plainPage(out *strings.Builder, streams Streams, span string, all bool) {
	going := sent(o.Items)
	shown := going
	if all {
		shown = o.Items
	}
	fmt.Fprintf(out, "%s would be sent %s\n", streams.coloured(bold, o.atLeast()+plural(len(going), "notification")), span)
	if len(shown) > 0 {
		rows := [][]string{{"DAY", "ACCOUNT", "INVOICE", "BY", "TO", "ACTION"}}
		for _, i := range shown {
			rows = append(rows, itemRow(i))
		}
		out.WriteString("\n" + columns(rows, 3))
	}
	if rest := len(o.Items) - len(going); rest > 0 {
		fmt.Fprintf(out, "\n%s would not be sent: %s%s\n", plural(rest, "other"), reasonsOf(o.Items), choose(all, "", " (--all tells which)"))
	}
}

func (o outlook) changePage(out *strings.Builder, streams Streams, span string) {
	d := o.Difference
	fmt.Fprintf(out, "%s would be sent %s, and %s%d now:\n%s%d more (+), %d less (-), %d at another time or by another action (~)\n",
		streams.coloured(bold, o.atLeast()+plural(len(sent(o.Items)), "notification")), span, o.atLeast(), len(sent(o.InForce)), o.atLeast(), len(d.More), len(d.Less), len(d.Other))
	rows := [][]string{{"", "DAY", "ACCOUNT", "INVOICE", "BY", "TO", "ACTION"}}
	add := func(sign string, i integration.UpcomingItem) {
		rows = append(rows, append([]string{sign}, itemRow(i)...))
	}
	for _, i := range d.Less {
		add("-", i)
	}
	for _, c := range d.Other {
		add("~ now", c.Before)
		add("~ then", c.After)
	}
	for _, i := range d.More {
		add("+", i)
	}
	if len(rows) > 1 {
		out.WriteString("\n" + columns(rows, 3))
	}
}

func itemRow(i integration.UpcomingItem) []string {
	invoice := i.Number
	if i.Invoices > 1 {
		invoice += fmt.Sprintf(" and %d more", i.Invoices-1)
	}
	action := choose(i.Template == "", i.Source, i.Template) + "/" + i.Action
	to := orDash(i.Address)
	if i.Suppressed != "" {
		to = "not sent: " + i.Suppressed
	}
	return []string{i.Day, i.AccountID, invoice, i.Channel, to, action}
}

// reasonsOf counts what is not sent by its reason.
func reasonsOf(items []integration.UpcomingItem) string {
	counts := map[string]int64{}
	for _, i := range items {
		if i.Suppressed != "" {
			counts[i.Suppressed]++
		}
	}
	return countsText(counts)
}
