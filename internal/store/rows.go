package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Row is what the rows of all kinds have. Its fields, and those of the kinds, carry the
// names of their columns twice: db for reading, json for the update of many rows by
// json_populate_recordset.
type Row struct {
	ID        string    `db:"id" json:"id"`
	AccountID string    `db:"account_id" json:"account_id"`
	Version   int64     `db:"version" json:"version"`
	CreatedAt time.Time `db:"created_at" json:"created_at"`
	UpdatedAt time.Time `db:"updated_at" json:"updated_at"`
}

func (r *Row) row() *Row { return r }

// rowOf is the constraint of a pointer to a struct that embeds Row.
type rowOf[R any] interface {
	*R
	row() *Row
}

// Item is one row to be written. Decide gets the row as it is, locked, or nil, and returns
// the row as it shall be, or why it is refused. It may be called more than once and must
// do no I/O. Of the Row that it returns only AccountID counts.
type Item[R any] struct {
	ID string
	// IfVersion is the version that the writer has seen; 0: any. IfNone: only if there is
	// no row yet.
	IfVersion int64
	IfNone    bool
	Decide    func(old *R) (R, *Refusal)
}

// Refusal says which field is refused and why, in lower camel case and with dots for
// nested ones ("user.username").
type Refusal struct {
	Field   string
	Message string
}

func refusal(field, format string, args ...any) *Refusal {
	return &Refusal{field, fmt.Sprintf(format, args...)}
}

// Written is what became of an item: its outcome, and the row as it is now unless it was
// refused.
type Written[R any] struct {
	Result
	Row R
}

// kind says how the rows of one kind are kept. Its SQL is written by hand beside its
// declaration.
type kind[R any, P rowOf[R]] struct {
	name  string // in changes, audit and messages: "site"
	table string
	key   string // the column of the id; empty: "id"
	sel   string // SELECT list of "table t", every column by name
	// accountOf is for tables without a column account_id, whose rows are accounts or of
	// no account: the account of a row by its id. nil: Decide says it.
	accountOf func(id string) string
	insert    []string // columns of an insert
	values    func(*R) []any
	update    string // UPDATE of many rows, out of json_populate_recordset(NULL::table, $1) i
	// same says whether a write would change nothing.
	same func(before, after *R) bool
	// references lists the rows that a row refers to, which must belong to its account.
	references func(*R) []reference
	// check refuses what the rows of one kind alone have to be asked.
	check func(context.Context, *putting[R, P]) error
	// usedBy lists who may refer to a row, which is then not deleted; listedBy those who
	// do in a column that is a list of ids.
	usedBy, listedBy []user
	// announce emits the events of a change; before is nil for a new row, after for a
	// deleted one.
	announce func(ctx context.Context, w *Writer, before, after *R) error
}

// reference is another row of the same account that a row refers to; an empty id is none.
type reference struct {
	field, table, id string
}

// user is a table with a column that refers to rows of a kind.
type user struct {
	what, table, column string // what as people say it: "services"
}

// id is the column of the id.
func (k *kind[R, P]) id() string { return cmp.Or(k.key, "id") }

// put writes items of a kind and returns what became of each, in order: new rows by
// COPY, changed ones by one UPDATE. Ids must differ from each other.
func put[R any, P rowOf[R]](ctx context.Context, w *Writer, k *kind[R, P], items []Item[R]) ([]Written[R], error) {
	p := &putting[R, P]{Writer: w, kind: k, items: items, written: make([]Written[R], len(items))}
	if err := p.lock(ctx); err != nil {
		return nil, fmt.Errorf("read %s: %w", k.table, err)
	}
	if err := p.beginVersions(ctx); err != nil {
		return nil, fmt.Errorf("read the feed: %w", err)
	}
	p.decide()
	if err := p.checkAccounts(ctx); err != nil {
		return nil, fmt.Errorf("look up accounts: %w", err)
	}
	if err := p.checkReferences(ctx); err != nil {
		return nil, fmt.Errorf("look up what %s refer to: %w", k.table, err)
	}
	if p.kind.check != nil {
		if err := p.kind.check(ctx, p); err != nil {
			return nil, fmt.Errorf("check %s: %w", k.table, err)
		}
	}
	if err := p.write(ctx); err != nil {
		return nil, fmt.Errorf("write %s: %w", k.table, err)
	}
	return p.written, p.record(ctx)
}

type putting[R any, P rowOf[R]] struct {
	*Writer
	kind    *kind[R, P]
	items   []Item[R]
	before  map[string]*R
	first   int64 // version of what is new
	written []Written[R]
}

func (p *putting[R, P]) refuse(i int, r *Refusal) {
	if p.written[i].Outcome != Refused {
		p.written[i].Result = Result{Outcome: Refused, Field: r.Field, Message: r.Message}
	}
}

// lock reads the rows that are there and holds them until the transaction ends. They
// come in the order of their ids, so that two writers never wait for each other.
func (p *putting[R, P]) lock(ctx context.Context) error {
	id, ids := p.kind.id(), make([]string, len(p.items))
	for i, item := range p.items {
		ids[i] = item.ID
	}
	rows, err := p.tx.Query(ctx, `SELECT `+p.kind.sel+` FROM `+p.kind.table+` t WHERE t.`+id+` = ANY($1) ORDER BY t.`+id+` FOR NO KEY UPDATE`, storable(ids))
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[R])
	p.before = make(map[string]*R, len(found))
	for _, r := range found {
		p.before[P(r).row().ID] = r
	}
	return err
}

// beginVersions says where the versions of new rows begin: above those of all rows that
// were ever deleted. An entity tag that was read before a row was deleted never fits the
// one that is made again under its id. It reads that after lock, which waits for whoever
// deletes one of the rows.
func (p *putting[R, P]) beginVersions(ctx context.Context) error {
	if len(p.before) == len(p.items) {
		return nil
	}
	if err := p.tx.QueryRow(ctx, `SELECT deleted FROM feed`).Scan(&p.first); err != nil {
		return err
	}
	p.first = max(p.first, p.deleted) + 1
	return nil
}

// decide asks every item what it becomes.
func (p *putting[R, P]) decide() {
	for i, item := range p.items {
		old := p.before[item.ID]
		if r := checkVersion[R, P](item, old); r != nil {
			p.written[i].Result = *r
			continue
		}
		next, r := item.Decide(old)
		if r != nil {
			p.refuse(i, r)
			continue
		}
		row := P(&next).row()
		if p.kind.accountOf != nil {
			row.AccountID = p.kind.accountOf(item.ID)
		}
		row.ID, row.Version, row.CreatedAt, row.UpdatedAt = item.ID, p.first, p.origin.Now, p.origin.Now
		outcome := Created
		if old != nil {
			was := P(old).row()
			if was.AccountID != row.AccountID {
				p.refuse(i, refusal("accountId", "%s %q belongs to account %q, and never moves", p.kind.name, item.ID, was.AccountID))
				continue
			}
			outcome = Updated
			row.Version, row.CreatedAt = was.Version+1, was.CreatedAt
			if p.kind.same(old, &next) {
				outcome, next = Unchanged, *old
			}
		}
		p.written[i] = Written[R]{Result{Outcome: outcome}, next}
	}
}

// checkVersion refuses what was written for another version than the one that is there.
func checkVersion[R any, P rowOf[R]](item Item[R], old *R) *Result {
	switch {
	case item.IfNone && old != nil:
		return &Result{Outcome: Conflict, Message: "exists already"}
	case item.IfVersion == 0:
		return nil
	case old == nil:
		return &Result{Outcome: Conflict, Message: "does not exist any more"}
	case P(old).row().Version != item.IfVersion:
		return &Result{Outcome: Conflict, Message: fmt.Sprintf("is at version %d, not %d", P(old).row().Version, item.IfVersion)}
	}
	return nil
}

// accepted calls f for every item that is written.
func (p *putting[R, P]) accepted(f func(i int, row *R)) {
	for i := range p.written {
		if o := p.written[i].Outcome; o == Created || o == Updated {
			f(i, &p.written[i].Row)
		}
	}
}

func (p *putting[R, P]) checkAccounts(ctx context.Context) error {
	if p.kind.accountOf != nil {
		return nil
	}
	var ids []string
	p.accepted(func(i int, row *R) {
		if p.written[i].Outcome == Created {
			ids = append(ids, P(row).row().AccountID)
		}
	})
	if len(ids) == 0 {
		return nil
	}
	known, err := knownAccounts(ctx, p.tx, ids)
	p.accepted(func(i int, row *R) {
		if id := P(row).row().AccountID; p.written[i].Outcome == Created && !known[id] {
			p.refuse(i, refusal("accountId", "there is no account %q", id))
		}
	})
	return err
}

func (p *putting[R, P]) checkReferences(ctx context.Context) error {
	if p.kind.references == nil {
		return nil
	}
	wanted := map[string][]string{} // table -> ids
	p.accepted(func(_ int, row *R) {
		for _, ref := range p.kind.references(row) {
			if ref.id != "" {
				wanted[ref.table] = append(wanted[ref.table], ref.id)
			}
		}
	})
	for table, ids := range wanted {
		holders, err := pairs(ctx, p.tx, `SELECT id, account_id FROM `+table+` WHERE id = ANY($1)`, distinct(ids))
		if err != nil {
			return err
		}
		p.accepted(func(i int, row *R) {
			for _, ref := range p.kind.references(row) {
				if ref.table == table && ref.id != "" && holders[ref.id] != P(row).row().AccountID {
					p.refuse(i, refusal(ref.field, "account %q has no %s %q", P(row).row().AccountID, table, ref.id))
				}
			}
		})
	}
	return nil
}

func (p *putting[R, P]) write(ctx context.Context) error {
	var created, updated []*R
	p.accepted(func(i int, row *R) {
		if p.written[i].Outcome == Created {
			created = append(created, row)
		} else {
			updated = append(updated, row)
		}
	})
	if len(updated) > 0 {
		body, err := json.Marshal(updated)
		if err != nil {
			return err
		}
		if _, err := p.tx.Exec(ctx, p.kind.update, string(body)); err != nil {
			return err
		}
	}
	if len(created) == 0 {
		return nil
	}
	// In the order of their ids, so that two writers of the same new rows never wait for
	// each other.
	slices.SortFunc(created, func(a, b *R) int { return strings.Compare(P(a).row().ID, P(b).row().ID) })
	columns := []string{p.kind.id(), "version", "created_at", "updated_at"}
	if p.kind.accountOf == nil {
		columns = append(columns, "account_id")
	}
	columns = append(columns, p.kind.insert...)
	_, err := p.tx.CopyFrom(ctx, pgx.Identifier{p.kind.table}, columns, pgx.CopyFromSlice(len(created), func(i int) ([]any, error) {
		row := P(created[i]).row()
		values := append(make([]any, 0, len(columns)), row.ID, row.Version, row.CreatedAt, row.UpdatedAt)
		if p.kind.accountOf == nil {
			values = append(values, row.AccountID)
		}
		return append(values, p.kind.values(created[i])...), nil
	}))
	return err
}

// record adds what was written to the feeds and the audit trail.
func (p *putting[R, P]) record(ctx context.Context) (err error) {
	p.accepted(func(i int, after *R) {
		row := P(after).row()
		p.changed(p.kind.name, row.ID, row.AccountID, Upsert, row.Version)
		action := p.kind.name + ".updated"
		if p.written[i].Outcome == Created {
			action = p.kind.name + ".created"
		}
		p.Audit(row.AccountID, action, map[string]string{"id": row.ID})
		if p.kind.announce != nil && err == nil {
			err = p.kind.announce(ctx, p.Writer, p.before[row.ID], after)
		}
	})
	return err
}

// remove deletes a row and leaves a tombstone. ErrNotFound: there is none. Of another
// version than ifVersion (0: any) nothing is deleted and the result is a Conflict.
func remove[R any, P rowOf[R]](ctx context.Context, w *Writer, k *kind[R, P], id string, ifVersion int64) (Result, error) {
	p := &putting[R, P]{Writer: w, kind: k, items: []Item[R]{{ID: id}}}
	if err := p.lock(ctx); err != nil {
		return Result{}, fmt.Errorf("read %s: %w", k.table, err)
	}
	before := p.before[id]
	if before == nil {
		return Result{}, fmt.Errorf("delete %s: %w", k.name, ErrNotFound)
	}
	if conflict := checkVersion[R, P](Item[R]{ID: id, IfVersion: ifVersion}, before); conflict != nil {
		return *conflict, nil
	}
	if by, err := k.users(ctx, w, P(before).row()); err != nil || by != "" {
		return Result{Outcome: Refused, Message: fmt.Sprintf("%s %q cannot be deleted: there are %s of it", k.name, id, by)}, err
	}
	if _, err := w.tx.Exec(ctx, `DELETE FROM `+k.table+` WHERE `+k.id()+` = $1`, id); err != nil {
		return Result{}, fmt.Errorf("delete %s: %w", k.name, err)
	}
	row := P(before).row()
	w.changed(k.name, id, row.AccountID, Delete, row.Version+1)
	w.Audit(row.AccountID, k.name+".deleted", map[string]string{"id": id})
	if k.announce == nil {
		return Result{Outcome: Deleted}, nil
	}
	return Result{Outcome: Deleted}, k.announce(ctx, w, before, nil)
}

// keep refuses to delete a row and says why, unless it is not there or of another version
// than ifVersion: that is told first, as [remove] does.
func keep[R any, P rowOf[R]](ctx context.Context, w *Writer, k *kind[R, P], id string, ifVersion int64, format string, args ...any) (Result, error) {
	p := &putting[R, P]{Writer: w, kind: k, items: []Item[R]{{ID: id}}}
	if err := p.lock(ctx); err != nil {
		return Result{}, fmt.Errorf("read %s: %w", k.table, err)
	}
	if p.before[id] == nil {
		return Result{}, fmt.Errorf("delete %s: %w", k.name, ErrNotFound)
	}
	if conflict := checkVersion[R, P](Item[R]{ID: id, IfVersion: ifVersion}, p.before[id]); conflict != nil {
		return *conflict, nil
	}
	return Result{Outcome: Refused, Message: fmt.Sprintf(format, args...)}, nil
}

// users names the first of those that refer to a row; empty: nothing does. Who begins to
// refer to it after this look makes the transaction race, and it is tried again.
func (k *kind[R, P]) users(ctx context.Context, w *Writer, row *Row) (string, error) {
	used := func(u user, condition string) (string, error) {
		var found bool
		err := w.tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM `+u.table+` WHERE account_id = $1 AND `+condition+`)`, row.AccountID, row.ID).Scan(&found)
		switch {
		case err != nil:
			return "", fmt.Errorf("look for %s: %w", u.what, err)
		case found:
			return u.what, nil
		}
		return "", nil
	}
	for _, u := range k.usedBy {
		if by, err := used(u, u.column+` = $2`); err != nil || by != "" {
			return by, err
		}
	}
	for _, u := range k.listedBy {
		if by, err := used(u, `$2 = ANY (`+u.column+`)`); err != nil || by != "" {
			return by, err
		}
	}
	return "", nil
}
