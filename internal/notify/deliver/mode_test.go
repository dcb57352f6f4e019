package deliver

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

// gauge is a metric of a registry, of one label's value or without a label.
func gauge(t *testing.T, metrics *prometheus.Registry, name, label string) float64 {
	t.Helper()
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == name && (label == "" || len(m.GetLabel()) > 0 && m.GetLabel()[0].GetValue() == label) {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return -1
}

// called is an HTTP server that keeps what it was sent.
type called struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	status int // of the answer
}

func newCalled(t *testing.T) *called {
	t.Helper()
	c := &called{status: http.StatusOK}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.status == http.StatusOK {
			c.bodies = append(c.bodies, string(body))
		}
		w.WriteHeader(c.status)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *called) answer(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status = status
}

func (c *called) got() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.bodies)
}

// everyChannel makes a template with an action of each type.
func everyChannel(t *testing.T, w *world) (texts, hooks *called) {
	t.Helper()
	texts, hooks = newCalled(t), newCalled(t)
	if err := os.Mkdir(filepath.Join(w.channels, config.SMSSecretDir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.channels, config.SMSSecretDir, "authorization"), []byte("Bearer x"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.tenant.SMS = config.SMSChannel{Type: config.SMSHTTP, URL: texts.URL}
	logged := w.mail("mail")
	logged.Log = "CustomerNotes"
	w.routes.Templates = nil
	w.template("says", "custom.said", "", logged,
		config.Action{Name: "text", Type: "SMS", SMS: &config.SMS{To: []string{"Primary"}, Text: w.body("{{.data.words}}!")}},
		config.Action{Name: "hook", Type: "Webhook", Webhook: &config.Webhook{URL: hooks.URL}},
		config.Action{Name: "banner", Type: "Banner", Banner: &config.Banner{Text: w.body("Shown: {{.data.words}}")}},
		config.Action{Name: "note", Type: "Log", Note: &config.Note{Text: w.body("Noted: {{.data.words}}")}})
	w.apply(t)
	return texts, hooks
}

func (w *world) notes(t *testing.T) []string {
	t.Helper()
	notes, _, err := w.Backoffice.Notes(t.Context(), store.List{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, n := range notes {
		list = append(list, n.Author+": "+n.Text)
	}
	slices.Sort(list)
	return list
}

func (w *world) banners(t *testing.T) []string {
	t.Helper()
	rows, err := storetest.Pool(t, w.PortalURI).Query(t.Context(), `SELECT texts ->> '' FROM banner WHERE account_id = 'A' AND shown_from <= $1 AND shown_to > $1 ORDER BY id DESC`, w.now())
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// One event goes out by every channel.
func TestEveryChannel(t *testing.T) {
	w := newWorld(t)
	texts, hooks := everyChannel(t, w)
	w.run(t)
	w.say(t, "A", "hello")
	w.states(t, "Sent 5")
	w.mails.Wait(t, 1)
	var text struct{ To, Text string }
	if got := texts.got(); len(got) != 1 || json.Unmarshal([]byte(got[0]), &text) != nil || text.To != "+447700900142" || text.Text != "hello!" {
		t.Errorf("text messages: %v", got)
	}
	if got := hooks.got(); len(got) != 1 || !strings.Contains(got[0], `"type":"custom.said"`) || !strings.Contains(got[0], `"words":"hello"`) {
		t.Errorf("webhook: %v", got)
	}
	if diff := cmp.Diff([]string{"Shown: hello"}, w.banners(t)); diff != "" {
		t.Errorf("banners (-want +got):\n%s", diff)
	}
	notes := w.notes(t)
	if len(notes) != 2 || !strings.Contains(notes[0], "EventTemplate says: ") || notes[1] != "EventTemplate says: Noted: hello" {
		t.Errorf("notes: %q", notes)
	}
}

// While delivery is Hold nothing goes out; while it is Redirect mails go to one address and
// nothing else happens; going Live lets go what falls due from then on.
func TestDeliveryModes(t *testing.T) {
	w := newWorld(t)
	texts, hooks := everyChannel(t, w)
	w.tenant.Delivery = config.Delivery{Mode: config.DeliveryHold}
	w.apply(t)
	w.run(t)
	eventually(t, "the mode is Hold", func() bool { return w.rows(t, `SELECT mode FROM delivery`)[0] == "Hold" })
	w.say(t, "A", "held")
	w.states(t, "Held 5")

	w.tenant.Delivery = config.Delivery{Mode: config.DeliveryRedirect, RedirectTo: "tests@acme.example"}
	w.apply(t)
	eventually(t, "the mode is Redirect", func() bool { return w.rows(t, `SELECT mode FROM delivery`)[0] == "Redirect" })
	w.say(t, "A", "redirected")
	w.states(t, "Held 5, Sent 1, Suppressed notLive 4")
	if banners, notes := w.banners(t), w.notes(t); len(banners)+len(notes) > 0 {
		t.Errorf("customers and staff are shown %q, %q", banners, notes)
	}
	m := w.mails.Wait(t, 1)[0]
	if subject := headerOf(t, m).Get("Subject"); subject != "[for ann@customer.example] About redirected" || !cmp.Equal(m.To, []string{"tests@acme.example"}) {
		t.Errorf("redirected to %v, subject %q", m.To, subject)
	}
	if headerOf(t, m).Get("List-Unsubscribe") != "" {
		t.Error("whoever tests can opt the customer out")
	}
	if got := w.rows(t, `SELECT redirected_to FROM notification WHERE channel = 'Email' AND state = 'Sent'`); !cmp.Equal(got, []string{"tests@acme.example"}) {
		t.Errorf("on record: %v", got)
	}

	w.tenant.Delivery = config.Delivery{Mode: config.DeliveryLive}
	w.apply(t)
	w.states(t, "Sent 1, Suppressed beforeGoLive 5, Suppressed notLive 4")
	w.say(t, "A", "live")
	w.states(t, "Sent 6, Suppressed beforeGoLive 5, Suppressed notLive 4")
	if len(w.mails.Wait(t, 2)) != 2 || len(texts.got()) != 1 || len(hooks.got()) != 1 {
		t.Errorf("went out: %d mails, texts %v, webhooks %v", len(w.mails.Mails()), texts.got(), hooks.got())
	}
}

// While the mode of the settings is not set yet nothing is planned, looked for or claimed,
// and what is under way does not keep it from being changed again.
func TestBehindTheMode(t *testing.T) {
	w := newWorld(t)
	d, _ := w.dispatcher(t)
	d.followOnce(t.Context())
	w.say(t, "A", "claimed", "waits")
	if pause := d.inStep(d.planOnce)(t.Context()); pause == followPoll && d.behind() {
		t.Fatal("it is behind")
	}
	claimed, err := d.Store.Claim(t.Context(), store.ClaimRequest{Now: w.now().Add(time.Second), Lane: 1, Channels: []string{store.ChannelEmail}, Limit: 1, LeaseFor: time.Minute})
	if err != nil || len(claimed) != 1 {
		t.Fatal(claimed, err)
	}
	w.tenant.Delivery.Mode = config.DeliveryHold
	w.apply(t)
	w.say(t, "A", "not planned")
	d.inStep(d.planOnce)(t.Context())
	if whole, err := d.Sweep(t.Context(), w.now()); err != nil || whole {
		t.Errorf("it looked for unpaid invoices: %t, %v", whole, err)
	}
	if _, _, err := d.newLane(1).round(t.Context(), true); err != nil {
		t.Error(err)
	}
	if got := w.rows(t, `SELECT (SELECT count(*) FROM notification) || ' planned, ' || (SELECT count(*) FROM notification_lease) || ' claimed'`)[0]; got != "2 planned, 1 claimed" {
		t.Error(got)
	}
	mode := func(want string) {
		t.Helper()
		d.followOnce(t.Context())
		if got := w.rows(t, `SELECT mode FROM delivery`)[0]; got != want || d.behind() {
			t.Errorf("the mode is %s, behind: %t, want %s", got, d.behind(), want)
		}
	}
	mode(store.DeliveryHold) // not settled: one is with a worker
	w.tenant.Delivery.Mode = config.DeliveryLive
	w.apply(t)
	mode(store.DeliveryLive)

	// A tenant that was taken over stays in Hold, and works.
	w.exec(t, `UPDATE delivery SET mode = 'Hold', adopted = true`)
	other, _ := w.dispatcher(t)
	other.inMode.Store(new(config.DeliveryMode))
	if !other.behind() {
		t.Error("a mode that was not set yet is followed")
	}
	if other.followOnce(t.Context()); other.behind() {
		t.Error("a tenant that was taken over is never planned for")
	}
}
