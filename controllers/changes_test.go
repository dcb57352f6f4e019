package controllers

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"k8s.io/utils/ptr"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/catalog"
)

// TestSettingsChanged: an edit of a profile is announced once, however many accounts it
// is for, and what changes for nobody is not.
func TestSettingsChanged(t *testing.T) {
	t.Parallel()
	w, tenant := readyWorld(t)
	profile, portal := w.accountProfile("acme", "business"), w.myAccountProfile("acme", "full")
	w.create(profile, portal)
	w.expect(profile, "Ready=True")
	w.expect(portal, "Ready=True")

	edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.Attributes.TradingTermsDays = ptr.To(int32(21)) })
	w.expect(profile, "Ready=True", "Programmed=True")
	edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = "Businesses" })
	w.expect(profile, "Ready=True", "Programmed=True")
	edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.Attributes.TradingTermsDays = nil })
	w.expect(profile, "Ready=True", "Programmed=True")
	w.expect(tenant, "Ready=True")

	var got []string
	for _, data := range w.settingsEvents(tenant) {
		settings := data["settings"].(map[string]any)
		got = append(got, fmt.Sprint(settings["kind"], " ", settings["name"], " ", settings["changes"]))
	}
	want := []string{
		"MyAccountProfile full [map[key:ViewInvoices newValue:Enabled]]", // it is new in a document that is live
		"AccountProfile business [map[key:tradingTermsDays newValue:21]]",
		"AccountProfile business [map[key:tradingTermsDays oldValue:21]]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// settingsEvents reads the events of a tenant, each checked by the catalogue.
func (w *world) settingsEvents(tenant *v1alpha1.Tenant) (list []map[string]any) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.uri)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close(w.t.Context()) //nolint:errcheck // the test is over
	schema := pgx.Identifier{tenant.Status.Database.Schema}.Sanitize()
	if _, err := conn.Exec(w.t.Context(), "SET ROLE "+schema); err != nil {
		w.t.Fatal(err)
	}
	rows, err := conn.Query(w.t.Context(), "SELECT data FROM "+schema+".event WHERE type = 'settings.changed' ORDER BY position")
	if err != nil {
		w.t.Fatal(err)
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		w.t.Fatal(err)
	}
	declared, known := catalog.BuiltIn().Lookup("settings.changed")
	if !known {
		w.t.Fatal("the catalogue does not know settings.changed")
	}
	for _, text := range texts {
		var data, payload map[string]any
		if err := json.Unmarshal([]byte(text), &data); err != nil {
			w.t.Fatal(err)
		}
		if err := json.Unmarshal(declared.Sample, &payload); err != nil {
			w.t.Fatal(err)
		}
		payload["settings"] = data["settings"]
		if problems := declared.CheckPayload(payload); len(problems) > 0 {
			w.t.Errorf("%s: %v", text, problems)
		}
		list = append(list, data)
	}
	return list
}
