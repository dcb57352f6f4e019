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
	// mostDead is how many dead notifications are listed.
	mostDead = 20
	// maxSince is how far back the API counts.
	maxSince = 31 * 24 * time.Hour
)

type statusFlags struct {
	targetFlags
	since  time.Duration
	output string
}

func newStatus(streams Streams, forward reach.Forward) *cobra.Command {
	flags := statusFlags{}
	command := &cobra.Command{
		Use:   "status",
		Short: "Tell how the delivery of messages is going",
		Long: `Tell how the delivery of messages is going: what was sent, what failed, what was not sent
on purpose and why, what waits, and the delivery mode.

Messages that could not be delivered are listed, each with the reason and with the command
that tries it again.`,
		Example: `  # since yesterday
  kubectl foyer status -n acme

  # of a week, for a script
  kubectl foyer status -n acme --since 168h -o json | jq '.counts'`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if flags.since <= 0 || flags.since > maxSince {
				return fmt.Errorf("--since %s is out of range, allowed is up to 744h, as 24h", flags.since)
			}
			if err := errors.Join(oneOf("-o", flags.output, "text", "json"), flags.check(command)); err != nil {
				return err
			}
			ctx, stop := interruptible(command.Context())
			defer stop()
			return runStatus(ctx, flags, streams, forward)
		},
	}
	command.Flags().DurationVar(&flags.since, "since", 24*time.Hour, "how long ago to begin with, by when messages were planned")
	command.Flags().StringVarP(&flags.output, "output", "o", "text", "how to print it: text or json")
	flags.add(command)
	return command
}

// deliveryStatus is what is told.
type deliveryStatus struct {
	integration.NotificationSummary
	Dead []integration.Notification `json:"dead"` // the newest
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
	summary, err := api.Client.NotificationSummary(ctx, since)
	if err != nil {
		return err
	}
	dead, err := api.Client.Notifications(ctx, integration.NotificationQuery{State: "Dead", Since: since, Limit: mostDead})
	if err != nil {
		return err
	}
	found := deliveryStatus{summary, dead.Items}
	if flags.output == "json" {
		return printJSON(streams.Out, found)
	}
	_, err = io.WriteString(streams.Out, found.page(streams, flags.words()))
	return err
}

// page is what a person reads of it. target are the flags that name the tenant again.
func (s deliveryStatus) page(streams Streams, target string) string {
	var out strings.Builder
	count := func(state string) (all int64, reasons map[string]int64) {
		reasons = map[string]int64{}
		for _, c := range s.Counts {
			if c.State == state {
				all += c.Count
				reasons[cmp.Or(c.Reason, c.Channel)] += c.Count
			}
		}
		return all, reasons
	}
	fmt.Fprintf(&out, "%s\n\n", streams.coloured(bold, "Delivery is "+s.Mode)+s.modeText())
	rows := [][]cell{heading("SINCE "+s.Since.UTC().Format("2006-01-02 15:04")+" UTC", "", "OF THESE")}
	for _, line := range []struct{ name, state string }{
		{"Sent", "Sent"}, {"Suppressed on purpose", "Suppressed"}, {"Could not be delivered", "Dead"}, {"May have arrived", "Uncertain"},
		{"Cancelled", "Cancelled"}, {"Kept by the delivery mode", "Held"}, {"To be tried again", "Retry"}, {"With a worker", "Leased"}, {"To be sent", "Planned"},
	} {
		if all, reasons := count(line.state); all > 0 || line.state == "Sent" {
			rows = append(rows, []cell{{text: line.name}, {text: fmt.Sprint(all)}, {text: countsText(reasons)}})
		}
	}
	out.WriteString(layout(streams, rows))
	if s.Due > 0 {
		fmt.Fprintf(&out, "\n%s, the first since %s\n", choose(s.Due == 1, "1 message waits for its turn", fmt.Sprintf("%d messages wait for their turn", s.Due)), s.OldestDue.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	if len(s.BrokenChannels) > 0 {
		fmt.Fprintf(&out, "\n%s does not work for anybody: look at the settings and at the provider of it\n", strings.Join(s.BrokenChannels, ", "))
	}
	s.deadPage(&out, streams, target)
	return out.String()
}

func (s deliveryStatus) modeText() string {
	switch s.Mode {
	case "Hold":
		return ": notifications are planned and kept, nothing goes out"
	case "Redirect":
		return ": mails go to one address, nothing else goes out"
	}
	return " since " + s.LiveSince.UTC().Format("2006-01-02 15:04 UTC")
}

func (s deliveryStatus) deadPage(out *strings.Builder, streams Streams, target string) {
	if len(s.Dead) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s\n", streams.coloured(bold, "Could not be delivered"))
	for _, n := range s.Dead {
		fmt.Fprintf(out, "\n%s %s to %s, account %s: %s\n", n.EventType, n.Channel, orDash(n.Address), orDash(n.AccountID), n.Reason)
		if n.Detail != "" {
			for _, line := range wrap(n.Detail, pageWidth-2) {
				out.WriteString("  " + line + "\n")
			}
		}
		out.WriteString("  kubectl foyer redrive " + n.ID + target + "\n")
	}
	if len(s.Dead) == mostDead {
		out.WriteString("\nThese are the newest. kubectl foyer redrive --all" + target + " tries all of them again.\n")
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
