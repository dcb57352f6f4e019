package page

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The statements of the portal. A test finds them in package store.
const (
	sessionColumns = `SELECT u.id::text, u.username, c.id, c.first_name, c.last_name, c.email, c.owner, c.grants,
       CASE WHEN c.owner THEN '{}' ELSE c.sites END, s.id::text, s.authenticated_at, s.second_factor,
       EXISTS (SELECT FROM totp WHERE user_id = s.user_id) OR EXISTS (SELECT FROM passkey WHERE user_id = s.user_id),
       (SELECT count(*) FROM contact o WHERE o.user_id = s.user_id AND o.access = 'Active'),
       (`
	bannersOf = `
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
	sessionTimes = `),
       s.created_at, s.last_seen_at, s.expires_at, `
	accountColumns = `a.id, a.name, a.status, coalesce(a.account_profile, ''), coalesce(a.my_account_profile, ''), a.groups, a.attributes`
	sessionTables  = `
FROM session s
JOIN app_user u ON u.id = s.user_id
JOIN contact c ON c.id = s.contact_id AND c.user_id = s.user_id
JOIN account a ON a.id = c.account_id
WHERE s.secret_hash = $1 AND s.expires_at > $2 AND s.last_seen_at > $3 AND c.access = 'Active'`
	sessionSQL = sessionColumns + bannersOf + sessionTimes + accountColumns + sessionTables

	invoicesOf = `SELECT i.id, i.number, i.issued_on, i.due_on, i.due_source, i.due_source_name, i.currency,
       trim_scale(i.total)::text, trim_scale(i.balance)::text, i.status, i.pay_url,
       coalesce((SELECT true FROM attachment a WHERE a.kind = 'invoice' AND a.subject = i.id), false)
FROM invoice i
WHERE i.account_id = $1 AND (i.issued_on, i.id) < ($2::date, $3::text)`
	invoicesOrder = ` ORDER BY i.issued_on DESC, i.id DESC LIMIT $`
	invoicesSQL   = invoicesOf + invoicesOrder + "4"
	openSQL       = `SELECT currency, trim_scale(sum(balance))::text, count(*) FILTER (WHERE balance > 0),
       trim_scale(coalesce(sum(balance) FILTER (WHERE due_on < $2::date AND balance > 0), 0))::text,
       count(*) FILTER (WHERE due_on < $2::date AND balance > 0)
FROM invoice
WHERE account_id = $1 AND status = 'Open'
GROUP BY currency ORDER BY currency`
	oldestSQL = `SELECT issued_on FROM invoice WHERE account_id = $1 ORDER BY issued_on, id LIMIT 1`
)

// floorSettings are what the process of the floor is started with.
type floorSettings struct {
	Address string // PostgreSQL
	Page    string // the page of the portal, whose bytes it sends
	Zone    string
}

// floorArgument is the first argument of the process of the floor.
const floorArgument = "page-floor"

// IsFloor says whether this process was started as the floor.
func IsFloor(arguments []string) bool { return len(arguments) == 2 && arguments[1] == floorArgument }

// Floor serves the invoice list by hand until its input ends: the least that can be
// written with net/http and pgx for one tenant, one profile and one language.
func Floor() int {
	if err := serveFloor(); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		return 1
	}
	return 0
}

func serveFloor() error {
	var settings floorSettings
	in := json.NewDecoder(os.Stdin)
	if err := in.Decode(&settings); err != nil {
		return err
	}
	zone, err := time.LoadLocation(settings.Zone)
	if err != nil {
		return err
	}
	pool, err := pgxpool.New(context.Background(), settings.Address)
	if err != nil {
		return err
	}
	defer pool.Close()
	f := &floor{db: pool, zone: zone}
	if f.parts, err = cutPage(settings.Page); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /invoices", f.invoices)
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	fmt.Println(listener.Addr())
	var end struct{}
	_ = in.Decode(&end) // until the parent is gone
	return nil
}

// floor is the handler. parts is the page between what is read from the database.
type floor struct {
	db    *pgxpool.Pool
	zone  *time.Location
	parts []string
}

// hole stands in the page for a value from the database.
const hole = "\x00"

func cutPage(page string) ([]string, error) {
	parts := strings.Split(page, hole)
	if len(parts) < 100 {
		return nil, fmt.Errorf("the page has only %d places for values", len(parts)-1)
	}
	return parts, nil
}

// session is what the statement of the session returns.
type session struct {
	user, username, contact, first, last, email string
	owner                                       bool
	grants, sites, groups                       []string
	id                                          string
	authenticated, created, seen, expires       time.Time
	secondFactor, hasFactor                     bool
	accounts                                    int
	banners                                     []byte
	account, name, status, profile, myProfile   string
	attributes                                  []byte
}

func (f *floor) invoices(w http.ResponseWriter, r *http.Request) {
	cookie, err := r.Cookie("__Host-foyer")
	if err != nil {
		http.Error(w, "sign in", http.StatusUnauthorized)
		return
	}
	secret, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	hash := sha256.Sum256(secret)
	var s session
	now := time.Now()
	if err == nil {
		err = f.db.QueryRow(r.Context(), sessionSQL, hash[:], now, now.Add(-time.Hour)).Scan(
			&s.user, &s.username, &s.contact, &s.first, &s.last, &s.email, &s.owner, &s.grants, &s.sites, &s.id, &s.authenticated, &s.secondFactor, &s.hasFactor, &s.accounts, &s.banners,
			&s.created, &s.seen, &s.expires, &s.account, &s.name, &s.status, &s.profile, &s.myProfile, &s.groups, &s.attributes)
	}
	if err != nil {
		http.Error(w, "sign in", http.StatusUnauthorized)
		return
	}
	values, err := f.read(r.Context(), s.account, now.In(f.zone))
	if err != nil || len(values) != len(f.parts)-1 {
		http.Error(w, fmt.Sprint(len(values), " values: ", err), http.StatusInternalServerError)
		return
	}
	var page bytes.Buffer
	for i, value := range values {
		page.WriteString(f.parts[i])
		page.WriteString(value)
	}
	page.WriteString(f.parts[len(values)])
	for _, header := range floorHeaders {
		w.Header()[header[0]] = []string{header[1]}
	}
	w.Header()["Content-Length"] = []string{strconv.Itoa(page.Len())}
	_, _ = w.Write(page.Bytes())
}

// floorHeaders are as many bytes as those of the portal.
var floorHeaders = [][2]string{
	{"Content-Type", "text/html; charset=utf-8"},
	{"Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"},
	{"Strict-Transport-Security", "max-age=31536000; includeSubDomains"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "same-origin"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
	{"Cache-Control", "no-store"},
	{"X-Request-Id", "0123456789abcdef"},
}

// read returns what is in the holes of the page, in their order.
func (f *floor) read(ctx context.Context, account string, today time.Time) ([]string, error) {
	day := pgtype.Date{Time: time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, time.UTC), Valid: true}
	var rows []invoiceRow
	var open, overdue, currency string
	var openCount, lateCount int64
	var oldest time.Time
	batch := &pgx.Batch{}
	batch.Queue(invoicesSQL, account, pgtype.Date{InfinityModifier: pgtype.Infinity, Valid: true}, "", perPage+1).Query(func(found pgx.Rows) error {
		var r invoiceRow
		_, err := pgx.ForEachRow(found, []any{&r.id, &r.number, &r.issued, &r.due, &r.source, &r.sourceName, &r.currency, &r.total, &r.balance, &r.status, &r.payURL, &r.document}, func() error {
			rows = append(rows, r)
			return nil
		})
		return err
	})
	batch.Queue(openSQL, account, day).QueryRow(func(row pgx.Row) error { return row.Scan(&currency, &open, &openCount, &overdue, &lateCount) })
	batch.Queue(oldestSQL, account).QueryRow(func(row pgx.Row) error { return row.Scan(&oldest) })
	if err := f.db.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	return valuesOf(rows, open, overdue), nil
}

type invoiceRow struct {
	id, number               string
	issued, due              time.Time
	source, sourceName       string
	currency, total, balance string
	status, payURL           string
	document                 bool
}

// valuesOf are the values of a page: two sums, its rows, and where it goes on.
func valuesOf(rows []invoiceRow, open, overdue string) []string {
	values := make([]string, 0, 10*len(rows)+3)
	values = append(values, dollars(open), dollars(overdue))
	for _, r := range rows[:perPage] {
		path, number := "/invoices/"+url.PathEscape(r.id), html.EscapeString(r.number)
		values = append(values, html.EscapeString(path), number, r.issued.Format("2 Jan 2006"), r.due.Format("2 Jan 2006"), dollars(r.total), dollars(r.balance))
		if r.status == "Open" {
			values = append(values, html.EscapeString(r.payURL), number)
		}
		if r.document {
			values = append(values, html.EscapeString(path+"/document"), number)
		}
	}
	last := rows[perPage-1]
	return append(values, "/invoices?after="+url.QueryEscape(last.issued.Format(time.RFC3339Nano)+"~"+last.id))
}

// dollars writes an amount as people in Australia do.
func dollars(amount string) string {
	whole, cents, _ := strings.Cut(amount, ".")
	var out strings.Builder
	out.WriteByte('$')
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			out.WriteByte(',')
		}
		out.WriteByte(whole[i])
	}
	return out.String() + "." + (cents + "00")[:max(len(cents), 2)]
}
