package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/settings"
)

// Banner is what the people of an account see in the portal until they close it.
type Banner struct {
	ID        string // of its notification
	AccountID string
	Category  string
	EventType string
	About     string            // the id of what the event is about
	Texts     map[string]string // by language; "" is the template's own
	From, To  time.Time
}

// Whoever is told of something must be one who may see it: by what an event is about, or by
// its category where that has no page.
var (
	featureOfObject = map[string]settings.Feature{
		"invoice": settings.ViewInvoices, "payment": settings.ViewPayments, "service": settings.ViewServices, "order": settings.PlaceOrders,
		"request": settings.RequestService, "contact": settings.ManageContacts, "portal": settings.ManageContacts,
	}
	featureOfCategory = map[string]settings.Feature{
		"Invoice": settings.ViewInvoices, "Product": settings.ViewServices, "Support": settings.RequestService, "Security": settings.ManageContacts,
	}
)

// feature is what a person needs to be shown the banner; empty: nothing. about is what it
// depends on besides, as sessionSQL has it.
func (b *Banner) feature() (feature settings.Feature, about string) {
	object, _, _ := strings.Cut(b.EventType, ".")
	feature, found := featureOfObject[object]
	if !found {
		return featureOfCategory[b.Category], ""
	}
	if feature == settings.ViewInvoices || feature == settings.ViewServices || feature == settings.RequestService {
		about = b.About
	}
	return feature, about
}

// What thanks for a payment is shown although nothing is left to pay.
const addBannerSQL = `
INSERT INTO banner (id, account_id, category, texts, shown_from, shown_to, feature, about)
SELECT $1, $2, $3, $4, $5, $6, $7, CASE WHEN $7 = 'ViewInvoices' AND NOT EXISTS (
    SELECT FROM invoice i WHERE i.id = $8 AND i.account_id = $2 AND i.status = 'Open' AND i.balance > 0) THEN '' ELSE $8 END
ON CONFLICT DO NOTHING`

// AddBanners shows banners. One that is there already stays as it is.
func (w *Writer) AddBanners(ctx context.Context, banners []Banner) error {
	batch := &pgx.Batch{}
	for _, b := range banners {
		texts := make(map[string]string, len(b.Texts))
		for language, text := range b.Texts {
			texts[language] = tidyText(text)
		}
		feature, about := b.feature()
		batch.Queue(addBannerSQL, b.ID, b.AccountID, b.Category, texts, b.From, b.To, string(feature), about)
	}
	if err := w.tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("add banners: %w", err)
	}
	return nil
}

// ShownBanner is a banner that a contact has not closed and was granted to see; a session has
// the newest few.
type ShownBanner struct {
	ID      string            `json:"id"`
	Feature settings.Feature  `json:"feature"` // that the account's portal must have; empty: none
	Texts   map[string]string `json:"texts"`   // as those of [Banner]
}

// bannersSQL are the newest banners of a contact c of a session: those that it was granted to
// see, and of an invoice that is to be paid only while it is.
const bannersSQL = `
SELECT jsonb_agg(jsonb_build_object('id', b.id, 'feature', b.feature, 'texts', b.texts)) FROM (
    SELECT b.id, b.feature, b.texts FROM banner b
    WHERE b.account_id = c.account_id AND b.shown_to > $2 AND b.shown_from <= $2 AND c.id <> ALL(b.closed_by)
      AND (b.feature = '' OR c.owner OR b.feature = ANY(c.grants))
      AND CASE WHEN b.about = '' THEN true
          WHEN b.feature = 'ViewInvoices' THEN coalesce((
              SELECT i.status = 'Open' AND i.balance > 0 FROM invoice i WHERE i.id = b.about AND i.account_id = b.account_id), false)
          WHEN c.owner OR c.sites = '{}' THEN true
          WHEN b.feature = 'ViewServices' THEN coalesce((
              SELECT t.site_id = ANY(c.sites) FROM service t WHERE t.id = b.about AND t.account_id = b.account_id), false)
          ELSE coalesce((
              SELECT t.site_id = ANY(c.sites) FROM service_request t WHERE t.id = b.about AND t.account_id = b.account_id), false) END
    ORDER BY b.shown_to DESC LIMIT 10) b`

// CloseBanner closes a banner of an account for one contact. The id is a UUID; one that is
// not there is closed already.
func (s *Store) CloseBanner(ctx context.Context, accountID, contactID, id string) error {
	_, err := s.db.Exec(ctx, `
UPDATE banner SET closed_by = closed_by || $2::text WHERE id = $3 AND account_id = $1 AND $2 <> ALL(closed_by)`, accountID, contactID, id)
	if err != nil {
		return fail("close banner", err)
	}
	return nil
}
