package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/integration"
)

// mostOfAccount is how many notifications of an account are listed.
const mostOfAccount = 100

// runAccountStatus lists what the people of an account were sent, and what not.
func runAccountStatus(ctx context.Context, api *integration.Client, flags statusFlags, since time.Time, streams Streams) error {
	page, err := api.Notifications(ctx, integration.NotificationQuery{AccountID: flags.account, Since: since, Limit: mostOfAccount})
	if err != nil {
		return err
	}
	if flags.output == "json" {
		return printJSON(streams.Out, page)
	}
	_, err = io.WriteString(streams.Out, accountList(streams, flags.account, since, page))
	return err
}

func accountList(streams Streams, account string, since time.Time, page integration.NotificationPage) string {
	var out strings.Builder
	count := fmt.Sprint(len(page.Items))
	if page.Next != "" {
		count = "the newest " + count
	}
	fmt.Fprintf(&out, "%s since %s: %s\n", streams.coloured(bold, "Notifications of account "+account), since.UTC().Format("2006-01-02 15:04 UTC"), count)
	if len(page.Items) == 0 {
		return out.String()
	}
	rows := [][]string{{"PLANNED", "EVENT", "ABOUT", "BY", "TO", "STATE", "ID"}}
	seen := map[string]bool{}
	for _, n := range page.Items {
		state := n.State
		if n.Reason != "" {
			state += ": " + n.Reason
			seen[n.Reason] = true
		}
		rows = append(rows, []string{n.PlannedAt.UTC().Format("2006-01-02 15:04"), n.EventType, orDash(n.About), n.Channel, orDash(n.Address), state, n.ID})
	}
	out.WriteString("\n" + columns(rows, 2))
	explainReasons(&out, streams, seen)
	return out.String()
}
