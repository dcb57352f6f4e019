package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Banner is what the people of an account see in the portal until they close it.
type Banner struct {
	ID        string // of its notification
	AccountID string
	Category  string
	Texts     map[string]string // by language; "" is the template's own
	From, To  time.Time
}

// AddBanners shows banners. One that is there already stays as it is.
func (w *Writer) AddBanners(ctx context.Context, banners []Banner) error {
	batch := &pgx.Batch{}
	for _, b := range banners {
		texts := make(map[string]string, len(b.Texts))
		for language, text := range b.Texts {
			texts[language] = tidyText(text)
		}
		batch.Queue(`
INSERT INTO banner (id, account_id, category, texts, shown_from, shown_to) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
			b.ID, b.AccountID, b.Category, texts, b.From, b.To)
	}
	if err := w.tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("add banners: %w", err)
	}
	return nil
}

// ShownBanner is a banner that a contact has not closed; a session has the newest few.
type ShownBanner struct {
	ID    string            `json:"id"`
	Texts map[string]string `json:"texts"` // as those of [Banner]
}

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
