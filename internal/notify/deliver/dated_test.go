package deliver

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog/suite"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// Invoices that are overdue when they are first written remind nobody of days that had come
// before, as after a bulk import; days that come later do.
func TestImportedInvoices(t *testing.T) {
	w := newWorld(t)
	w.exec(t, `UPDATE delivery SET live_since = now() - interval '200 days'`)
	w.tenant.Attributes.TimeZone = "UTC"
	w.apply(t)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	w.write(t, func(ctx context.Context, tx *store.Writer) error {
		for i := range 3 {
			v := store.Invoice{Row: store.Row{ID: fmt.Sprint("i", i), AccountID: "A"}, Number: "1001", IssuedOn: today.AddDate(0, 0, -14), DueOn: today.AddDate(0, 0, -4), Currency: "EUR",
				Total: "89.00", Balance: "89.00", Status: store.InvoiceOpen, DueSource: string(settings.SourceBuiltIn), Today: today}
			written, err := tx.PutInvoices(ctx, always(v.ID, v))
			if err = put(t, written, err); err != nil {
				return err
			}
		}
		return nil
	})
	d, _ := w.dispatcher(t)
	last := int32(0)
	for _, day := range d.inForce().Days() { // of the standard suite
		last = max(last, day)
	}
	for _, at := range []time.Time{w.now(), today.AddDate(0, 0, int(last)-4).Add(10 * time.Hour)} {
		if whole, err := d.Sweep(t.Context(), at); err != nil || !whole {
			t.Fatal(whole, err)
		}
	}
	got := w.rows(t, `SELECT DISTINCT concat_ws(' ', state, nullif(reason, ''), suite) FROM notification ORDER BY 1`)
	if diff := cmp.Diff([]string{"Planned " + suite.Version, "Suppressed backdated " + suite.Version}, got); diff != "" {
		t.Errorf("on record (-want +got):\n%s", diff)
	}
}
