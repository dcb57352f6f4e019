package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/foyerhq/foyer/internal/cli/reach"
	"github.com/foyerhq/foyer/internal/integration"
)

const (
	// mostListed is how many notifications are listed of those that wait for staff.
	mostListed = 20
	// maxSince is how far back the API counts.
	maxSince = 31 * 24 * time.Hour
	// defaultSince is how far back the commands look that count.
	defaultSince = 24 * time.Hour
	// lateSweep is after what time something is wrong with the dispatcher, which looks at
	// all unpaid invoices each minute.
	lateSweep = 10 * time.Minute
)

type statusFlags struct {
	targetFlags
	since   time.Duration
	account string
	output  string
}

func newStatus(streams Streams, forward reach.Forward) *cobra.Command {
	flags := statusFlags{}
	command := &cobra.Command{
		Use:   "status",
		Short: "Tell how the delivery of notifications is going",
		Long: `Tell how the delivery of notifications is going: how many there are in each state, for
which reasons, what waits, the delivery mode and its limit, and the tenant's webhooks.

Notifications that are Dead or Uncertain are listed, each with the reason and with the command
that tries it again.

With --account it is told what the people of one account were sent, and what they were not and
why, the newest first: of the last 31 days, if --since does not say otherwise.`,
		Example: `  # since yesterday
  kubectl foyer status -n acme

  # of a week, for a script
  kubectl foyer status -n acme --since 168h -o json | jq '.counts'

  # what did they get, and why not
  kubectl foyer status -n acme --account 10001`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if flags.account != "" && !command.Flags().Changed("since") {
				flags.since = maxSince
			}
			if err := errors.Join(checkSince(flags.since), oneOf("-o", flags.output, "text", "json"), flags.check(command)); err != nil {
				return err
			}
			ctx, stop := interruptible(command.Context())
			defer stop()
			return runStatus(ctx, flags, streams, forward)
		},
	}
	command.Flags().DurationVar(&flags.since, "since", defaultSince, "how long ago to begin with, by when notifications were planned")
	command.Flags().StringVar(&flags.account, "account", "", "id of the account whose notifications to list")
	command.Flags().StringVarP(&flags.output, "output", "o", "text", "how to print it: text or json")
	complete(command, "output", values("text", "json"))
	flags.add(command)
	return command
}

func checkSince(since time.Duration) error {
	if since <= 0 || since > maxSince {
		return fmt.Errorf("--since %s is out of range, allowed is up to 744h, as 24h", since)
	}
	return nil
}

// deliveryStatus is what is told.
type deliveryStatus struct {
	integration.NotificationSummary
	Dead      []integration.Notification `json:"dead"`      // the newest
	Uncertain []integration.Notification `json:"uncertain"` // the newest
}

func runStatus(ctx context.Context, flags statusFlags, streams Streams, forward reach.Forward) error {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	api, err := flags.open(ctx, forward)
	if err != nil {
		return err
	}
	defer api.Renew() // leaves nothing open
	since := time.Now().Add(-flags.since)
	if flags.account != "" {
		return runAccountStatus(ctx, api.Client, flags, since, streams)
	}
	summary, err := api.Client.NotificationSummary(ctx, since)
	if err != nil {
		return err
	}
	found := deliveryStatus{NotificationSummary: summary}
	for state, list := range map[string]*[]integration.Notification{"Dead": &found.Dead, "Uncertain": &found.Uncertain} {
		page, err := api.Client.Notifications(ctx, integration.NotificationQuery{State: state, Since: since, Limit: mostListed})
		if err != nil {
			return err
		}
		*list = page.Items
	}
	if flags.output == "json" {
		return printJSON(streams.Out, found)
	}
	again := flags.words()
	if flags.since != defaultSince {
		again += " --since " + flags.since.String()
	}
	_, err = io.WriteString(streams.Out, found.page(streams, flags.words(), again))
	return err
}

// page is what a person reads of it. target are the flags that name the tenant again, and
// again those with the same time.
func (s deliveryStatus) page(streams Streams, target, again string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s%s\n", streams.coloured(bold, "Delivery is "+s.Mode), modeText(s.DeliveryState))
	if s.MaxPerHour > 0 {
		fmt.Fprintln(&out, limitText(s.DeliveryState))
	}
	out.WriteString("\n")
	s.table(&out, streams)
	if s.Due > 0 {
		fmt.Fprintf(&out, "\n%s, the first since %s\n", choose(s.Due == 1, "1 notification waits for its turn", fmt.Sprintf("%d notifications wait for their turn", s.Due)), inUTC(s.OldestDue))
	}
	if late := s.AsOf.Sub(s.SweptAt); late > lateSweep {
		since := choose(s.SweptAt.IsZero(), "at all yet", "since "+inUTC(s.SweptAt))
		fmt.Fprintf(&out, "\nThe dispatcher has not looked at unpaid invoices %s,\nwhich it does each minute: look whether its pods run, and at their logs\n", since)
	}
	if len(s.BrokenChannels) > 0 {
		fmt.Fprintf(&out, "\n%s does not work for anybody: look at the settings and at the provider of it\n", strings.Join(s.BrokenChannels, ", "))
	}
	s.webhookPage(&out, streams)
	listed(&out, streams, "Dead", s.Dead, target)
	listed(&out, streams, "Uncertain: they may have arrived, and would come twice", s.Uncertain, target)
	if len(s.Dead) == mostListed {
		out.WriteString("\nThese are the newest. kubectl foyer redrive --all" + again + " tries all again that are Dead.\n")
	}
	return out.String()
}

// table counts the notifications of each state, and explains the reasons.
func (s deliveryStatus) table(out *strings.Builder, streams Streams) {
	rows := [][]cell{heading("SINCE "+s.Since.UTC().Format("2006-01-02 15:04")+" UTC", "", "OF THESE")}
	seen := map[string]bool{}
	for _, state := range []string{"Sent", "Suppressed", "Dead", "Uncertain", "Cancelled", "Held", "Retry", "Leased", "Planned"} {
		var all int64
		of := map[string]int64{}
		for _, c := range s.Counts {
			if c.State == state {
				all += c.Count
				of[cmp.Or(c.Reason, c.Channel)] += c.Count
				seen[c.Reason] = true
			}
		}
		if all > 0 || state == "Sent" {
			rows = append(rows, []cell{{text: state}, {text: fmt.Sprint(all)}, {text: countsText(of)}})
		}
	}
	out.WriteString(layout(streams, rows))
	explainReasons(out, streams, seen)
}

// explainReasons says what each reason means.
func explainReasons(out *strings.Builder, streams Streams, seen map[string]bool) {
	var rows [][]cell
	for _, reason := range slices.Sorted(maps.Keys(seen)) {
		if why := integration.WhyOf(reason); why != "" {
			rows = append(rows, []cell{{text: reason}, {text: why}})
		}
	}
	if rows != nil {
		out.WriteString("\n" + layout(streams, rows))
	}
}

// modeText says what becomes of notifications.
func modeText(s integration.DeliveryState) string {
	switch {
	case s.Adopted:
		return ": the data was taken over from another cluster, and nothing goes out.\nSet spec.delivery.mode of the Tenant to Hold, look at what would go out, and then set it to Live."
	case s.Mode == "Hold":
		return ": notifications are kept and the tenant's webhooks wait, nothing goes out"
	case s.Mode == "Redirect":
		return ": mails go to " + s.RedirectTo + ", without copies. Secret links in them are\nplaceholders, but in mails for that address itself. Text messages, Webhook actions,\nbanners and notes are Suppressed. The tenant's webhooks get their events."
	case s.LiveSince.IsZero():
		return ""
	}
	return " since " + s.LiveSince.UTC().Format("2006-01-02 15:04 UTC")
}

func limitText(s integration.DeliveryState) string {
	return fmt.Sprintf("At most %d mails and text messages go out per hour%s", s.MaxPerHour, choose(s.LimitReached, ": that is reached, the others wait", ""))
}

func inUTC(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }

// webhookPage tells of the tenant's webhooks, if it has some.
func (s deliveryStatus) webhookPage(out *strings.Builder, streams Streams) {
	if len(s.Webhooks) == 0 {
		return
	}
	rows := [][]cell{heading("WEBHOOK", "BEHIND", "SINCE", "FAILED", "NEXT TRY")}
	at := func(t time.Time) cell { return cell{text: choose(t.IsZero(), "-", inUTC(t))} }
	for _, w := range s.Webhooks {
		behind := choose(w.Behind == 0, "-", plural(w.Behind, "event"))
		rows = append(rows, []cell{{text: w.Name}, {text: behind}, at(w.BehindAt), {text: choose(w.Failures == 0, "-", plural(w.Failures, "time"))}, at(w.NextAt)})
	}
	out.WriteString("\n" + layout(streams, rows))
	for _, w := range s.Webhooks {
		if w.Detail != "" {
			fmt.Fprintf(out, "\n%s failed last by:\n%s\n", w.Name, indent(strings.Join(wrap(w.Detail, pageWidth-2), "\n")))
		}
	}
}

// listed lists notifications that wait for staff.
func listed(out *strings.Builder, streams Streams, title string, list []integration.Notification, target string) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s\n", streams.coloured(bold, title))
	for _, n := range list {
		fmt.Fprintf(out, "\n%s %s to %s, account %s: %s\n", n.EventType, n.Channel, orDash(n.Address), orDash(n.AccountID), n.Reason)
		if n.Detail != "" {
			for _, line := range wrap(n.Detail, pageWidth-2) {
				out.WriteString("  " + line + "\n")
			}
		}
		if n.Reason != unplanned {
			out.WriteString("  kubectl foyer redrive " + n.ID + target + "\n")
		}
	}
}

// countsText lists counts, the largest first, as "3 optedOut, 1 paid".
func countsText(counts map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%d %s", counts[name], name)
	}
	return strings.Join(names, ", ")
}
