package deliver

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/notify/channel/email"
	"github.com/foyerhq/foyer/internal/notify/channel/outbound"
	"github.com/foyerhq/foyer/internal/notify/channel/sms"
	"github.com/foyerhq/foyer/internal/notify/channel/webhook"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
	"github.com/foyerhq/foyer/internal/testenv/smtp"
)

var server *postgres.Server

func TestMain(m *testing.M) { os.Exit(postgres.Run(m, &server)) }

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// world is a tenant with a mail server, and dispatchers that work in the test.
type world struct {
	*storetest.Tenant
	pool     *pgxpool.Pool // of a superuser
	mails    *smtp.Server
	channels string
	moved    atomic.Int64 // added to the time
	live     atomic.Pointer[config.Live]
	routing  atomic.Pointer[config.LiveRouting]
	log      lockedBuffer
	tenant   config.Tenant
	routes   config.Routing
}

// newWorld has one account "A" with the contact "ann", who is its owner, and a template for
// the event custom.said, whose text is in data.words.
func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldIn(t, server.Manager(t))
}

// newWorldIn makes it in the database of a manager's URI.
func newWorldIn(t *testing.T, manager string) *world {
	t.Helper()
	w := &world{Tenant: storetest.NewIn(t, manager, "acme"), mails: smtp.New(t, smtp.Options{}), channels: t.TempDir()}
	w.pool = storetest.Pool(t, asSuperuser(t, w.DispatcherURI, w.Schema))
	w.tenant = config.Tenant{
		Namespace: "acme", DisplayName: "Acme", Hostname: "my.acme.example", Session: config.Session{IdleSeconds: 60, MaxSeconds: 600},
		Attributes: settings.Attributes{TimeZone: "Europe/Berlin", Locale: "en-GB"},
		Delivery:   config.Delivery{Mode: config.DeliveryLive},
		Email:      config.EmailChannel{From: "Acme <post@acme.example>", SMTP: config.SMTP{Host: w.mails.Host(), Port: w.mails.Port(), Security: config.SMTPNone}},
		Events:     []catalog.Own{{Name: "custom.said", Fields: []catalog.OwnField{{Name: "words", Type: catalog.Text}}}},
	}
	w.routes = config.Routing{Format: config.RoutingFormat, Tenant: "acme", Bodies: map[config.BodyRef]string{}}
	w.template("says", "custom.said", "", w.mail("mail"))
	w.apply(t)
	if _, _, err := w.Dispatcher.SetDelivery(t.Context(), store.DeliveryLive, w.now()); err != nil {
		t.Fatal(err)
	}
	storetest.Accounts(t, w.Backoffice, store.Account{Row: store.Row{ID: "A"}, Name: "Account A", Status: settings.Active})
	w.contact(t, "A", "ann", "ann@customer.example")
	return w
}

// asSuperuser is the address of a tenant's database for who may read everything.
func asSuperuser(t *testing.T, uri, schema string) string {
	t.Helper()
	super, err := url.Parse(server.URI())
	if err != nil {
		t.Fatal(err)
	}
	own, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	super.Host, super.Path = own.Host, own.Path
	query := super.Query()
	query.Set("search_path", schema)
	super.RawQuery = query.Encode()
	return super.String()
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.moved.Load())) }

func (w *world) write(t *testing.T, work func(context.Context, *store.Writer) error) {
	t.Helper()
	if err := w.Backoffice.Write(t.Context(), store.Origin{Actor: "test", Now: w.now(), Quiet: true}, work); err != nil {
		t.Fatal(err)
	}
}

// put writes one row.
func put[T any](t *testing.T, written []store.Written[T], err error) error {
	for _, r := range written {
		if r.Outcome == store.Refused {
			t.Errorf("%s: %s", r.Field, r.Message)
		}
	}
	return err
}

func always[T any](id string, row T) []store.Item[T] {
	return []store.Item[T]{{ID: id, Decide: func(*T) (T, *store.Refusal) { return row, nil }}}
}

func (w *world) contact(t *testing.T, account, id, address string) {
	t.Helper()
	c := store.Contact{Row: store.Row{ID: id, AccountID: account}, FirstName: strings.ToUpper(id[:1]) + id[1:], LastName: "Miller", Email: address,
		Phone: "+44 7700 900142", Roles: []string{"Primary"}, Owner: true, Access: store.AccessActive}
	w.write(t, func(ctx context.Context, tx *store.Writer) error {
		written, err := tx.PutContacts(ctx, always(id, c))
		return put(t, written, err)
	})
}

// say emits events custom.said of accounts, one for each of the words.
func (w *world) say(t *testing.T, account string, words ...string) {
	t.Helper()
	w.write(t, func(ctx context.Context, tx *store.Writer) error {
		events := make([]store.Event, len(words))
		for i, word := range words {
			data, err := json.Marshal(map[string]any{"data": map[string]any{"words": word}})
			if err != nil {
				return err
			}
			events[i] = store.Event{Source: "/test", ID: word, Type: "custom.said", AccountID: account, Data: data}
		}
		_, err := tx.EmitForeign(ctx, events)
		return err
	})
}

func (w *world) body(text string) config.BodyRef {
	ref := config.BodyOf(text)
	w.routes.Bodies[ref] = text
	return ref
}

func (w *world) mail(name string) config.Action {
	return config.Action{Name: name, Type: "Email", Email: &config.Email{To: []string{"Primary"}, Subject: w.body("About {{.data.words}}"), Text: w.body("It says: {{.data.words}}")}}
}

// template adds an EventTemplate for the default profile.
func (w *world) template(name, event, when string, actions ...config.Action) {
	content, err := json.Marshal(config.EventTemplate{Event: event, AccountProfiles: []string{config.BuiltInProfile}, When: when, Actions: actions})
	if err != nil {
		panic(err)
	}
	w.routes.Templates = append(w.routes.Templates, config.Entry{Name: name, UID: name, Generation: 1, Content: content})
}

// apply makes the documents of what tenant and routes are now.
func (w *world) apply(t *testing.T) {
	t.Helper()
	content, err := json.Marshal(w.tenant)
	if err != nil {
		t.Fatal(err)
	}
	document, err := config.Encode(config.Settings{Format: config.Format, Tenant: config.Entry{Name: "acme", UID: "u", Generation: 1, Content: content}})
	if err != nil {
		t.Fatal(err)
	}
	live, err := config.Load(document)
	if err != nil {
		t.Fatal(err)
	}
	document, err = config.EncodeRouting(w.routes)
	if err != nil {
		t.Fatal(err)
	}
	routing, err := config.OpenRouting(document)
	if err != nil {
		t.Fatal(err)
	}
	w.live.Store(live)
	w.routing.Store(routing)
}

func testKeys(t *testing.T) *identity.Keys {
	t.Helper()
	file := []byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), 32)) + "\n")
	keys, err := identity.ParseKeys(file, file)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// dispatcher makes one that works with real channels.
func (w *world) dispatcher(t *testing.T) (*Dispatcher, *prometheus.Registry) {
	t.Helper()
	guard := outbound.NewGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
	ways := func() map[string]Way {
		return map[string]Way{
			store.ChannelEmail: {AtOnce: email.Connections, Sender: email.New(email.Options{
				Channel: func() config.EmailChannel { return w.live.Load().Tenant.Email }, SecretsDir: w.channels, Guard: guard, Now: time.Now})},
			store.ChannelSMS: {AtOnce: 2, Repeat: func() Repeat {
				if sms.Repeatable(w.live.Load().Tenant.SMS.Type) {
					return ByKey
				}
				return Never
			}, Sender: sms.New(sms.Options{
				Channel: func() config.SMSChannel { return w.live.Load().Tenant.SMS }, SecretsDir: w.channels, Guard: guard, Now: time.Now})},
			store.ChannelWebhook: {AtOnce: 2, Repeat: func() Repeat { return ByKey }, Sender: webhook.New(webhook.Options{
				Webhooks: func() []config.TenantWebhook { return w.live.Load().Tenant.Webhooks }, SecretsDir: w.channels, Guard: guard, Now: time.Now})},
		}
	}
	keys, metrics := testKeys(t), prometheus.NewRegistry()
	d := New(Options{
		Store: w.Dispatcher, Settings: w.live.Load, Routing: w.routing.Load, Keys: func() *identity.Keys { return keys },
		Ways: [2]map[string]Way{ways(), ways()}, Log: slog.New(slog.NewJSONHandler(&w.log, nil)), Metrics: metrics, Now: w.now, Lease: 30 * time.Second,
	})
	return d, metrics
}

// run runs a dispatcher until the test ends, or stop is called.
func (w *world) run(t *testing.T) (metrics *prometheus.Registry, stop func()) {
	t.Helper()
	d, metrics := w.dispatcher(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { d.Run(ctx); close(done) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Error("the dispatcher did not stop")
		}
		if t.Failed() {
			t.Log(w.log.String())
		}
	})
	t.Cleanup(stop)
	return metrics, stop
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		case <-tick.C:
		}
	}
}

// rows reads one column of text.
func (w *world) rows(t *testing.T, sql string, args ...any) []string {
	t.Helper()
	rows, err := w.pool.Query(t.Context(), fmt.Sprintf("SELECT x::text FROM (%s) q (x)", sql), args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	list := []string{}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		list = append(list, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// states waits until every notification is in one of the states that are wanted, by count.
func (w *world) states(t *testing.T, want string) {
	t.Helper()
	last := ""
	defer func() {
		if t.Failed() {
			t.Logf("notifications: %s, want %s", last, want)
		}
	}()
	eventually(t, "notifications are "+want, func() bool {
		last = strings.Join(w.rows(t, `SELECT state || CASE WHEN reason <> '' THEN ' ' || reason ELSE '' END || ' ' || count(*) FROM notification GROUP BY state, reason ORDER BY 1`), ", ")
		return last == want
	})
}

func headerOf(t *testing.T, m smtp.Mail) mail.Header {
	t.Helper()
	read, err := mail.ReadMessage(bytes.NewReader(m.Text))
	if err != nil {
		t.Fatal(err)
	}
	return read.Header
}
