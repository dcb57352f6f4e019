package store_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store"
)

// number is an item that writes a number, whatever was there.
func number(id, account, digits string, change ...func(*store.Number)) store.Item[store.Number] {
	return store.Item[store.Number]{ID: id, Decide: func(*store.Number) (store.Number, *store.Refusal) {
		n := store.Number{Row: store.Row{AccountID: account}, Number: digits, ProviderDescription: "Main line"}
		for _, f := range change {
			f(&n)
		}
		return n, nil
	}}
}

func campaign(id, account, name string) store.Item[store.Campaign] {
	return store.Item[store.Campaign]{ID: id, Decide: func(*store.Campaign) (store.Campaign, *store.Refusal) {
		return store.Campaign{Row: store.Row{AccountID: account}, Name: name}, nil
	}}
}

func (tn tenant) putNumbers(t *testing.T, items ...store.Item[store.Number]) (results []store.Result) {
	t.Helper()
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		written, err := w.PutNumbers(ctx, items)
		results = resultsOf(written)
		return err
	})
	return results
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A", "B")
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		if _, err := w.PutSites(ctx, []store.Item[store.Site]{site("home", "A", "Home"), site("office", "B", "Office")}); err != nil {
			return err
		}
		written, err := w.PutCampaigns(ctx, []store.Item[store.Campaign]{campaign("spring", "A", "Spring"), campaign("autumn", "B", "Autumn"), campaign("x", "C", "x")})
		wantResults(t, resultsOf(written), nil, "Created", "Created", `Refused accountId: there is no account "C"`)
		return err
	})
	at := func(site, campaign string) func(*store.Number) {
		return func(n *store.Number) { n.SiteID, n.CampaignID = site, campaign }
	}
	wantResults(t, tn.putNumbers(t,
		number("n1", "A", "+61299990001", at("home", "spring")), number("n2", "B", "+61299990002"),
		number("n3", "A", "+61299990001"), number("n4", "C", "+61299990004"),
		number("n5", "A", "+61299990005", at("office", "")), number("n6", "A", "+61299990006", at("", "autumn"))), nil,
		"Created", "Created", `Refused number: "+61299990001" is taken by the number with id "n1"`, `Refused accountId: there is no account "C"`,
		`Refused siteId: account "A" has no site "office"`, `Refused campaignId: account "A" has no campaign "autumn"`)
	wantResults(t, tn.putNumbers(t,
		number("n1", "A", "+61299990001", at("home", "spring")),
		number("n2", "B", "+61299990001"), number("n7", "B", "+61299990002")), nil,
		"Unchanged", `Refused number: "+61299990001" is taken by the number with id "n1"`, `Refused number: "+61299990002" is taken by the number with id "n2"`)
	wantResults(t, tn.putNumbers(t, number("n1", "A", "+61299990009", at("", ""))), nil, "Updated")
	wantResults(t, tn.putNumbers(t, number("n7", "B", "+61299990001")), nil, "Created")
	stored := tn.column(t, `SELECT concat_ws(' ', id, account_id, number, provider_description, site_id, campaign_id, version) FROM phone_number ORDER BY id`)
	if diff := cmp.Diff([]string{"n1 A +61299990009 Main line 2", "n2 B +61299990002 Main line 1", "n7 B +61299990001 Main line 1"}, stored); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
}

// TestCampaignsWithNumbersStay: and so do sites.
func TestCampaignsWithNumbersStay(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "A")
	tn.write(t, func(ctx context.Context, w *store.Writer) error {
		_, err := w.PutCampaigns(ctx, []store.Item[store.Campaign]{campaign("spring", "A", "Spring")})
		return err
	})
	tn.putNumbers(t, number("n1", "A", "+61299990001", func(n *store.Number) { n.CampaignID = "spring" }))
	remove := func(what func(*store.Writer) (store.Result, error)) (result store.Result) {
		tn.write(t, func(_ context.Context, w *store.Writer) (err error) {
			result, err = what(w)
			return err
		})
		return result
	}
	campaign := func(w *store.Writer) (store.Result, error) { return w.DeleteCampaign(t.Context(), "spring", 0) }
	if r := remove(campaign); r.Outcome != store.Refused || r.Message != `campaign "spring" cannot be deleted: there are numbers of it` {
		t.Errorf("got %+v", r)
	}
	if r := remove(func(w *store.Writer) (store.Result, error) { return w.DeleteNumber(t.Context(), "n1", 1) }); r.Outcome != store.Deleted {
		t.Errorf("got %+v", r)
	}
	if r := remove(campaign); r.Outcome != store.Deleted {
		t.Errorf("got %+v", r)
	}
	changes := tn.column(t, `SELECT concat_ws(' ', kind, id, account_id, operation) FROM change WHERE kind <> 'account' ORDER BY position`)
	if diff := cmp.Diff([]string{"campaign spring A Upsert", "number n1 A Upsert", "number n1 A Delete", "campaign spring A Delete"}, changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

// TestPlansOfNumbers: pages follow indexes and are never sorted.
func TestPlansOfNumbers(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	for _, sql := range []string{
		`INSERT INTO account (id, name, status) SELECT n, 'Customer', 'Active' FROM generate_series(1, 10000) n`,
		`INSERT INTO campaign (id, account_id, name, updated_at)
		 SELECT n, CASE WHEN n % 20 = 0 THEN '77' ELSE (1 + n % 10000)::text END, n, timestamptz '2026-01-01' + n * interval '1 minute' FROM generate_series(1, 20000) n`,
		`INSERT INTO phone_number (id, account_id, number, campaign_id, updated_at) SELECT id, account_id, id, id, updated_at FROM campaign`,
	} {
		tn.exec(t, sql)
	}
	tn.vacuum(t)
	for kind, of := range store.PagesOfNumbers {
		for _, page := range []struct {
			name      string
			list      store.List
			arguments string
		}{
			{"all", store.List{After: store.Place{ID: "5000"}, Limit: 100}, `'5000', 101`},
			{"of an account", store.List{AccountID: "77", After: store.Place{ID: "1"}, Limit: 100}, `'77', '1', 101`},
			{"since", store.List{UpdatedSince: now, Limit: 100}, `'2026-01-10', 101`},
			{"since, later", store.List{UpdatedSince: now, After: store.Place{ID: "5000", UpdatedAt: now}, Limit: 100}, `'2026-01-10', '5000', 101`},
		} {
			for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
				plan := explain(t, tn, store.PageSQL(of, page.list), page.arguments, mode, "COSTS")
				if strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, "Index") || strings.Contains(plan, "Sort") {
					t.Errorf("%s %s with %s:\n%s", kind, page.name, mode, plan)
				}
			}
		}
	}
}
