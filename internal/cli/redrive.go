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
		Short: "Try messages again that could not be delivered",
		Long: `Try messages again that could not be delivered, once the reason is mended: each as if it
never had been tried. status lists them. One that may have arrived is tried again only if it is
named: it might come twice.`,
		Example: `  kubectl foyer redrive 019ab0c4-7a31-7d3e-9f00-2b1d5c3a8e11 -n acme

  # everything that could not be delivered since yesterday
  kubectl foyer redrive --all -n acme`,
		RunE: func(command *cobra.Command, args []string) error {
			switch {
			case flags.all == (len(args) > 0):
				return errors.New("name the messages by their ids, or all by --all; kubectl foyer status lists them")
			case flags.since <= 0 || flags.since > maxSince:
				return fmt.Errorf("--since %s is out of range, allowed is up to 744h, as 24h", flags.since)
			}
			if err := flags.check(command); err != nil {
				return err
			}
			ctx, stop := interruptible(command.Context())
			defer stop()
			return runRedrive(ctx, flags, args, streams, forward)
		},
	}
	command.Flags().BoolVar(&flags.all, "all", false, "all that could not be delivered")
	command.Flags().DurationVar(&flags.since, "since", 24*time.Hour, "with --all: how long ago to begin with, by when messages were planned")
	flags.add(command)
	return command
}

func runRedrive(ctx context.Context, flags redriveFlags, ids []string, streams Streams, forward reach.Forward) error {
	api, err := flags.open(ctx, forward)
	if err != nil {
		return err
	}
	defer api.Renew() // leaves nothing open
	if flags.all {
		if ids, err = deadIDs(ctx, api.Client, time.Now().Add(-flags.since)); err != nil {
			return err
		}
	}
	r := &redriving{api: api.Client, streams: streams, quiet: flags.all}
	for _, id := range ids {
		if err := r.one(ctx, id); err != nil {
			return fmt.Errorf("%w\n%s tried again before", err, plural(r.done, "message"))
		}
	}
	switch {
	case flags.all:
		_, err = fmt.Fprintf(streams.Out, "%s tried again\n", choose(r.done == 1, "1 message is", fmt.Sprintf("%d messages are", r.done)))
		return err
	case r.refused > 0: // of all, others may have been faster: that is no fault
		return errFindings
	}
	return nil
}

// redriving tries messages again, one after the other.
type redriving struct {
	api           *integration.Client
	streams       Streams
	quiet         bool // each is not worth a line
	done, refused int
}

func (r *redriving) one(ctx context.Context, id string) error {
	again, err := redriveOne(ctx, r.api, id)
	var problem *integration.Problem
	switch {
	case errors.As(err, &problem) && (problem.Status == http.StatusNotFound || problem.Status == http.StatusConflict):
		r.refused++
		_, err = fmt.Fprintf(r.streams.Err, "%s: %s\n", id, problem.Detail)
		return err
	case err != nil:
		return err
	}
	r.done++
	if r.quiet {
		return nil
	}
	_, err = fmt.Fprintf(r.streams.Out, "%s: %s by %s to %s is tried again\n", id, again.EventType, again.Channel, orDash(again.Address))
	return err
}

// deadIDs are the notifications that are dead, the newest first.
func deadIDs(ctx context.Context, client *integration.Client, since time.Time) ([]string, error) {
	query := integration.NotificationQuery{State: "Dead", Since: since, Limit: 1000}
	var ids []string
	for {
		page, err := client.Notifications(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, n := range page.Items {
			ids = append(ids, n.ID)
		}
		if page.Next == "" {
			return ids, nil
		}
		query.Cursor = page.Next
	}
}

// redriveOne waits where the API asks to.
func redriveOne(ctx context.Context, client *integration.Client, id string) (integration.NotificationDetail, error) {
	for {
		again, err := client.Redrive(ctx, id)
		var problem *integration.Problem
		if !errors.As(err, &problem) || problem.Status != http.StatusTooManyRequests {
			return again, err
		}
		select {
		case <-ctx.Done():
			return again, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}
