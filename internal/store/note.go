package store

import (
	"cmp"
	"context"
	"time"
)

// Note is what the provider's people write down about an account. Customers never see it.
type Note struct {
	Row
	Text   string    `db:"text" json:"text"`
	Author string    `db:"author" json:"author"` // empty in a new one: who writes
	At     time.Time `db:"at" json:"at"`         // zero in a new one: now
}

var notes = &kind[Note, *Note]{
	name:   "note",
	table:  "note",
	sel:    `t.id, t.account_id, t.version, t.created_at, t.updated_at, t.text, t.author, t.at`,
	insert: []string{"text", "author", "at"},
	values: func(n *Note) []any { return []any{n.Text, n.Author, n.At} },
	update: `
UPDATE note t SET text = i.text, author = i.author, at = i.at, version = i.version, updated_at = i.updated_at
FROM json_populate_recordset(NULL::note, $1) i WHERE t.id = i.id`,
	same: func(before, after *Note) bool {
		return before.Text == after.Text && before.Author == after.Author && before.At.Equal(after.At)
	},
	check: func(_ context.Context, p *putting[Note, *Note]) error {
		p.accepted(func(_ int, n *Note) {
			n.Author, n.At = cmp.Or(n.Author, p.origin.Actor), orNow(n.At, p.Writer)
		})
		return nil
	},
}

// orNow is a time as the database keeps it; a zero one is that of the writer.
func orNow(at time.Time, w *Writer) time.Time {
	if at.IsZero() {
		return w.origin.Now
	}
	return at.Truncate(time.Microsecond)
}

// Note returns a note by id, or ErrNotFound.
func (s *Store) Note(ctx context.Context, id string) (Note, error) { return one(ctx, s, notes, id) }

// Notes returns a page of notes.
func (s *Store) Notes(ctx context.Context, list List) ([]Note, *Place, error) {
	return page(ctx, s, notes, list)
}

// PutNotes creates and changes notes.
func (w *Writer) PutNotes(ctx context.Context, items []Item[Note]) ([]Written[Note], error) {
	return put(ctx, w, notes, items)
}

// DeleteNote deletes a note.
func (w *Writer) DeleteNote(ctx context.Context, id string, ifVersion int64) (Result, error) {
	return remove(ctx, w, notes, id, ifVersion)
}
