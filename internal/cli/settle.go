package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/foyerhq/foyer/internal/cli/reach"
	"github.com/foyerhq/foyer/internal/integration"
)

type redriveFlags struct {
	targetFlags
	all   bool
	since time.Duration
}

func newRedrive(streams Streams, forward reach.Forward) *cobra.Command {
	flags := redriveFlags{}
	command := &cobra.Command{
		Use:   "redrive ID ...",
		Short: "Try notifications again that are Dead or Uncertain",
		Long: `Try notifications again that are Dead, once the reason is mended: each as if it never had
been tried. status lists them. One that is Uncertain may have arrived, and is tried again only
if it is named: it might come twice. While delivery is Hold nothing is tried again.`,
		Example: `  kubectl foyer redrive 019ab0c4-7a31-7d3e-9f00-2b1d5c3a8e11 -n acme

  # everything that is Dead since yesterday
  kubectl foyer redrive --all -n acme`,
		RunE: func(command *cobra.Command, args []string) error {
			if flags.all == (len(args) > 0) {
				return errors.New("name the notifications by their ids, or all by --all; kubectl foyer status lists them")
			}
			if err := errors.Join(checkSince(flags.since), flags.check(command)); err != nil {
				return err
			}
			ctx, stop := interruptible(command.Context())
			defer stop()
			return runRedrive(ctx, flags, args, streams, forward)
		},
	}
	command.Flags().BoolVar(&flags.all, "all", false, "all that are Dead")
	command.Flags().DurationVar(&flags.since, "since", defaultSince, "with --all: how long ago to begin with, by when notifications were planned")
	flags.add(command)
	return command
}

func newCancel(streams Streams, forward reach.Forward) *cobra.Command {
	flags := targetFlags{}
	command := &cobra.Command{
		Use:   "cancel ID ...",
		Short: "Keep notifications from being sent that wait",
		Long: `Keep notifications from being sent that wait, or are Dead: they are Cancelled for good.
status --account lists those of an account.`,
		Example: `  kubectl foyer cancel 019ab0c4-7a31-7d3e-9f00-2b1d5c3a8e11 -n acme`,
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("name the notifications by their ids; kubectl foyer status --account lists them")
			}
			if err := flags.check(command); err != nil {
				return err
			}
			ctx, stop := interruptible(command.Context())
			defer stop()
			api, err := flags.open(ctx, forward)
			if err != nil {
				return err
			}
			defer api.Renew() // leaves nothing open
			s := &settling{change: api.Client.Cancel, became: "is cancelled", streams: streams}
			return s.all(ctx, args)
		},
	}
	flags.add(command)
	return command
}

func runRedrive(ctx context.Context, flags redriveFlags, ids []string, streams Streams, forward reach.Forward) error {
	api, err := flags.open(ctx, forward)
	if err != nil {
		return err
	}
	defer api.Renew() // leaves nothing open
	since := time.Now().Add(-flags.since)
	if flags.all {
		summary, err := api.Client.NotificationSummary(ctx, time.Now().Add(-defaultSince))
		if err != nil {
			return err
		}
		switch {
		case summary.Adopted:
			return errors.New("delivery is Hold, because the data was taken over from another cluster: set spec.delivery.mode of the Tenant to Hold, then to Live, and try again")
		case summary.Mode == "Hold":
			return errors.New("delivery is Hold: nothing is tried again, and going Live would suppress it. Set spec.delivery.mode of the Tenant to Live or Redirect first")
		}
		if ids, err = deadIDs(ctx, api.Client, since); err != nil {
			return err
		}
	}
	s := &settling{change: api.Client.Redrive, became: "is tried again", streams: streams, quiet: flags.all}
	err = s.all(ctx, ids)
	if flags.all && (err == nil || errors.Is(err, errFindings)) { // others may have been faster: that is no fault
		_, err = fmt.Fprintf(streams.Out, "%s tried again\n", choose(s.done == 1, "1 notification is", fmt.Sprintf("%d notifications are", s.done)))
	}
	return err
}

// settling changes what becomes of notifications, one after the other.
type settling struct {
	change        func(ctx context.Context, id string) (integration.NotificationDetail, error)
	became        string // in words
	streams       Streams
	quiet         bool // each is not worth a line
	done, refused int
}

func (s *settling) all(ctx context.Context, ids []string) error {
	for _, id := range ids {
		if err := s.one(ctx, id); err != nil {
			return fmt.Errorf("%w\n%s done before", err, plural(s.done, "notification"))
		}
	}
	if s.refused > 0 {
		return errFindings
	}
	return nil
}

func (s *settling) one(ctx context.Context, id string) error {
	now, err := s.patiently(ctx, id)
	var problem *integration.Problem
	switch {
	case errors.As(err, &problem) && (problem.Status == http.StatusNotFound || problem.Status == http.StatusConflict):
		s.refused++
		_, err = fmt.Fprintf(s.streams.Err, "%s: %s\n", id, problem.Detail)
		return err
	case err != nil:
		return err
	}
	s.done++
	if s.quiet {
		return nil
	}
	_, err = fmt.Fprintf(s.streams.Out, "%s: %s by %s to %s %s\n", id, now.EventType, now.Channel, orDash(now.Address), s.became)
	return err
}

// patiently waits where the API asks to.
func (s *settling) patiently(ctx context.Context, id string) (integration.NotificationDetail, error) {
	for {
		now, err := s.change(ctx, id)
		var problem *integration.Problem
		if !errors.As(err, &problem) || problem.Status != http.StatusTooManyRequests {
			return now, err
		}
		select {
		case <-ctx.Done():
			return now, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// unplanned is the reason of what stands for something that could not be planned: there is
// nothing that could be tried again.
const unplanned = "unplanned"

// deadIDs are the notifications that are Dead and can be tried again, the newest first.
func deadIDs(ctx context.Context, client *integration.Client, since time.Time) ([]string, error) {
	query := integration.NotificationQuery{State: "Dead", Since: since, Limit: 1000}
	var ids []string
	for {
		page, err := client.Notifications(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, n := range page.Items {
			if n.Reason != unplanned {
				ids = append(ids, n.ID)
			}
		}
		if page.Next == "" {
			return ids, nil
		}
		query.Cursor = page.Next
	}
}
