package browser

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/smtp"
)

// told is what a test has people be told that the templates of the samples do not say.
type told struct {
	AccountID, ContactID   string
	EventType, About       string            // of a banner
	Texts                  map[string]string // of a banner
	Category, Channel      string
	Address, Subject, Body string // of a message that was sent
}

// tell starts a server that writes what it is sent as the dispatcher does, with its role:
// POST /banner and POST /message. GET /mails gives the mails that the dispatcher sent to an
// address.
func tell(t *testing.T, dispatcherURI string, mails *smtp.Server) string {
	t.Helper()
	pool := storetest.Pool(t, dispatcherURI)
	dispatcher := store.New(pool)
	write := func(work func(context.Context, told) error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			var what told
			err := json.NewDecoder(r.Body).Decode(&what)
			if err == nil {
				err = work(r.Context(), what)
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
			}
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /banner", write(func(ctx context.Context, what told) error {
		now := time.Now()
		return dispatcher.Write(ctx, store.Origin{Actor: "dispatcher", Now: now, Unaudited: true}, func(ctx context.Context, w *store.Writer) error {
			return w.AddBanners(ctx, []store.Banner{{
				ID: newID(), AccountID: what.AccountID, Category: what.Category, EventType: what.EventType, About: what.About, Texts: what.Texts,
				From: now.Add(-time.Minute), To: now.AddDate(0, 0, 1),
			}})
		})
	}))
	mux.HandleFunc("POST /message", write(func(ctx context.Context, what told) error {
		_, err := pool.Exec(ctx, `
INSERT INTO notification (id, account_id, contact_id, event_type, occurrence, category, source, action, channel, address, subject, body, state, due_at, turn_at, sent_at, updated_at)
VALUES ($1, $2, $3, 'invoice.issued', 'e', $4, 'Standard', 'mail', $5, $6, $7, $8, 'Sent', now(), now(), now(), now())`,
			newID(), what.AccountID, what.ContactID, what.Category, what.Channel, what.Address, what.Subject, what.Body)
		return err
	}))
	mux.HandleFunc("GET /mails", func(w http.ResponseWriter, r *http.Request) {
		texts := []string{}
		for _, m := range mails.Mails() {
			if slices.Contains(m.To, r.URL.Query().Get("to")) {
				texts = append(texts, string(m.Text))
			}
		}
		_ = json.NewEncoder(w).Encode(texts) // the test went away
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// newID is that of a notification.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
