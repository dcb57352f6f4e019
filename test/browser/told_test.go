package browser

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/store/storetest"
)

// told is what a test has people be told, since no dispatcher runs beside it.
type told struct {
	AccountID, ContactID   string
	Texts                  map[string]string // of a banner
	Category, Channel      string            // of a message that was sent
	Address, Subject, Body string
}

// tell starts a server that writes what it is sent as the dispatcher does, with its role:
// POST /banner and POST /message.
func tell(t *testing.T, dispatcherURI string) string {
	t.Helper()
	pool := storetest.Pool(t, dispatcherURI)
	write := func(sql string, values func(told, string) []any) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			var what told
			err := json.NewDecoder(r.Body).Decode(&what)
			if err == nil {
				_, err = pool.Exec(r.Context(), sql, values(what, uuid.Must(uuid.NewV7()).String())...)
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
			}
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /banner", write(`
INSERT INTO banner (id, account_id, category, texts, shown_from, shown_to) VALUES ($1, $2, 'Invoice', $3, now() - interval '1 minute', now() + interval '1 day')`,
		func(what told, id string) []any { return []any{id, what.AccountID, what.Texts} }))
	mux.HandleFunc("POST /message", write(`
INSERT INTO notification (id, account_id, contact_id, event_type, occurrence, category, source, action, channel, address, subject, body, state, due_at, turn_at, sent_at, updated_at)
VALUES ($1, $2, $3, 'invoice.issued', 'e', $4, 'Standard', 'mail', $5, $6, $7, $8, 'Sent', now(), now(), now(), now())`,
		func(what told, id string) []any {
			return []any{id, what.AccountID, what.ContactID, what.Category, what.Channel, what.Address, what.Subject, what.Body}
		}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}
