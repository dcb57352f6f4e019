package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Site is a place of an account: where services are, where numbers ring.
type Site struct {
	Row
	Name    string `db:"name" json:"name"`
	Address string `db:"address" json:"address"`
}

var sites = &kind[Site, *Site]{
	name:   "site",
	table:  "site",
	sel:    `t.id, t.account_id, t.version, t.created_at, t.updated_at, t.name, t.address`,
	insert: []string{"name", "address"},
	values: func(s *Site) []any { return []any{s.Name, s.Address} },
	update: `
UPDATE site t SET name = i.name, address = i.address, version = i.version, updated_at = i.updated_at
FROM json_populate_recordset(NULL::site, $1) i WHERE t.id = i.id`,
	same: func(before, after *Site) bool {
		return before.Name == after.Name && before.Address == after.Address
	},
	usedBy: []user{
		{"services", "service", "site_id"}, {"service requests", "service_request", "site_id"}, {"numbers", "phone_number", "site_id"},
	},
	listedBy: []user{{"contacts", "contact", "sites"}},
}

// Site returns a site by id, or ErrNotFound.
func (s *Store) Site(ctx context.Context, id string) (Site, error) { return one(ctx, s, sites, id) }

// Sites returns a page of sites.
func (s *Store) Sites(ctx context.Context, list List) ([]Site, *Place, error) {
	return page(ctx, s, sites, list)
}

// PutSites creates and changes sites.
func (w *Writer) PutSites(ctx context.Context, items []Item[Site]) ([]Written[Site], error) {
	return put(ctx, w, sites, items)
}

// DeleteSite deletes a site. One that services, requests, numbers or the
// grants of contacts refer to is refused.
func (w *Writer) DeleteSite(ctx context.Context, id string, ifVersion int64) (Result, error) {
	return remove(ctx, w, sites, id, ifVersion)
}

// Reach is what a person sees of an account: all of it, or what is at sites. Who is limited
// to sites does not see what is at none.
type Reach struct {
	AccountID string
	Sites     []string // empty: all
}

// arguments are those of reachSQL.
func (r Reach) arguments() []any {
	return []any{r.AccountID, append([]string{}, r.Sites...)}
}

// reachSQL limits "table t" with a column site_id to a [Reach].
const reachSQL = `t.account_id = $1 AND (cardinality($2::text[]) = 0 OR t.site_id = ANY($2))`

var sitesOfSQL = `
SELECT ` + sites.sel + ` FROM site t
WHERE t.account_id = $1 AND (cardinality($2::text[]) = 0 OR t.id = ANY($2)) ORDER BY t.name, t.id`

// SitesOf returns the sites that a person can reach, by name.
func (s *Store) SitesOf(ctx context.Context, reach Reach) ([]Site, error) {
	rows, err := s.db.Query(ctx, sitesOfSQL, reach.arguments()...)
	if err != nil {
		return nil, fail("read sites", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[Site])
	if err != nil {
		return nil, fail("read sites", err)
	}
	return found, nil
}
