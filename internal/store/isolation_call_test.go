package store_test

import (
	"context"
	"testing"

	"github.com/foyerhq/foyer/internal/store"
)

// callAttempts are those with calls, numbers and campaigns. A and B have one of each.
func callAttempts(t *testing.T, tn tenant) map[string]func(*testing.T) {
	t.Helper()
	calls := func(account, id string) store.Call {
		return call(id, account, "2026-11-20T10:00:00Z")
	}
	tn.exec(t, `UPDATE account SET attributes = '{"timeZone": "UTC"}' WHERE id IN ('A', 'B')`)
	wantResults(t, tn.putCalls(t, calls("A", "a-1"), calls("B", "b-1")), nil, store.Created, store.Created)
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		_, err := w.PutCampaigns(ctx, []store.Item[store.Campaign]{campaign("a-1", "A", "Spring"), campaign("b-1", "B", "Spring")})
		return err
	})
	tn.putNumbers(t, number("a-1", "A", "1"), number("b-1", "B", "2"))
	b := tn.Backoffice
	in := func(site, campaign string) store.Number {
		return store.Number{Row: store.Row{AccountID: "A"}, Number: "1", SiteID: site, CampaignID: campaign}
	}
	taken := store.Number{Row: store.Row{AccountID: "A"}, Number: "2"} // B has it
	ofA := store.Campaign{Row: store.Row{AccountID: "A"}, Name: "Autumn"}
	return map[string]func(*testing.T){
		"FindNumber": func(t *testing.T) {
			if found, _, err := b.FindNumber(t.Context(), taken.Number, store.List{AccountID: "A", Limit: 9}); err != nil || len(found) > 0 {
				t.Errorf("A finds the number of B: %v %v", found, err)
			}
		},
		"Number":    onlyOfA(tn, b.Number, b.Numbers, (*store.Writer).PutNumbers, in("", ""), in("b-site", ""), in("", "b-1"), taken),
		"Numbers":   onlyOfA(tn, b.Number, b.Numbers, (*store.Writer).PutNumbers, in("", "a-1")),
		"Campaign":  onlyOfA(tn, b.Campaign, b.Campaigns, (*store.Writer).PutCampaigns, ofA),
		"Campaigns": onlyOfA(tn, b.Campaign, b.Campaigns, (*store.Writer).PutCampaigns, ofA),
		"Calls": func(t *testing.T) {
			found, _, err := b.Calls(t.Context(), store.CallList{AccountID: "A", To: now.AddDate(0, 0, 2), After: store.CallPlace{StartedAt: now, ID: "b-1"}, Limit: 10})
			if err != nil || len(found) != 1 || found[0].ID != "a-1" {
				t.Errorf("got %+v, %v", found, err)
			}
			if r := tn.putCalls(t, calls("A", "b-1")); r[0].Outcome != store.Refused || r[0].Field != "accountId" {
				t.Errorf("a call of B is written: %+v", r)
			}
		},
		"CallDays": func(t *testing.T) {
			found, _, err := b.CallDays(t.Context(), store.CallDayList{AccountID: "A", From: now.AddDate(-1, 0, 0), To: now, Limit: 10})
			if err != nil || len(found) != 1 || found[0].AccountID != "A" || found[0].Calls != 1 {
				t.Errorf("got %+v, %v", found, err)
			}
		},
	}
}
