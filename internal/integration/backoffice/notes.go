package backoffice

import (
	"cmp"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// registerNotes adds notes, whose ids the server makes if asked.
func (a *api) registerNotes() {
	register(a, a.notes())
	registerCreate(a, a.notes())
}

func (a *api) notes() resource[integration.Note, store.Note] {
	return resource[integration.Note, store.Note]{
		path: "notes", one: "Note", many: "Notes",
		description: "Notes are what the provider's people write down about an account. Customers never see them.",
		show: func(n *store.Note) integration.Note {
			return integration.Note{ID: n.ID, AccountID: n.AccountID, Text: n.Text, Author: n.Author, At: n.At.UTC(), Meta: meta(n.Row)}
		},
		version: func(n *store.Note) int64 { return n.Version },
		key:     func(n *integration.Note) *string { return &n.ID },
		row: func(_ *config.Live, n integration.Note, old *store.Note) (store.Note, *store.Refusal) {
			row := store.Note{Row: store.Row{AccountID: n.AccountID}, Text: n.Text, Author: n.Author, At: kept(n.At)}
			if old != nil {
				row.Author, row.At = cmp.Or(row.Author, old.Author), orBefore(row.At, old.At)
			}
			return row, nil
		},
		get: a.Store.Note, list: a.Store.Notes, put: (*store.Writer).PutNotes, remove: (*store.Writer).DeleteNote,
	}
}

// kept is a time as the database keeps it, so that what was read is what was written.
func kept(at time.Time) time.Time { return at.Truncate(time.Microsecond) }

// orBefore is the time that there was, if none is given.
func orBefore(at, before time.Time) time.Time {
	if at.IsZero() {
		return before
	}
	return at
}
