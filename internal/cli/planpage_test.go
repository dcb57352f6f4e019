package cli

import (
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/compare"
)

// Accounts without a sign-in are told beside the people who have one.
func TestPlanTellsAccountsBesidePeople(t *testing.T) {
	for name, test := range map[string]struct {
		owners int64
		want   int // rows of accounts
	}{
		"one of many has a sign-in": {1, 2},
		"all have one":              {10_000, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := &planReport{Difference: compare.Difference{
				Accounts: compare.ChangedAccounts{Total: 10_000, Changed: 10_000, Changes: []compare.AccountChange{
					{Key: "feature.ViewServices", Before: compare.Decided{Value: "NotInProfile", SourceName: "basic"}, After: compare.Decided{Value: "Allowed", SourceName: "basic"}, Accounts: 9_999},
					{Key: "feature.ViewServices", Before: compare.Decided{Value: "NotInProfile", SourceName: "basic"}, After: compare.Decided{Value: "Allowed", SourceName: "full"}, Accounts: 1},
				}},
				People: compare.ChangedPeople{Gaining: test.owners, Features: []compare.FeatureChange{{Feature: "ViewServices", Change: compare.Gained, Owners: test.owners}}},
			}}
			if rows := p.accountRows(); len(rows) != test.want {
				t.Errorf("%d rows of accounts, want %d", len(rows), test.want)
			}
		})
	}
}

// A reminder that comes on its day and at another time is not told to move to another day.
func TestPlanTellsTimesAndDays(t *testing.T) {
	for want, after := range map[string]string{"at another time of the day": "2026-11-03", "on another day": "2026-11-05"} {
		way := &compare.MessageWay{Source: "EventTemplate", Template: "reminders", Action: "first", DaysOverdue: 3}
		p := &planReport{Difference: compare.Difference{Upcoming: []compare.MessageChange{{
			Change: compare.Moves, EventType: "invoice.unpaid", Channel: "Email", Before: way, After: way, Messages: 1, Accounts: 1,
			Sample: []compare.MessageSample{{AccountID: "1", Before: "2026-11-03", After: after}},
		}}}}
		if rows := p.upcomingRows(); len(rows) != 1 || !strings.Contains(rows[0].texts[0], want+":") {
			t.Errorf("%s: %+v", want, rows)
		}
	}
}
