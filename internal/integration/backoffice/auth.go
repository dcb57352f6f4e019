package backoffice

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

// A found token is believed for a few seconds: a client that sends many small
// requests costs one look-up in that time, and a withdrawn token ends soon.
const (
	tokenBelieved = 5 * time.Second
	maxBelieved   = 1000
	maxTokenBytes = 512
)

type tokenHash [sha256.Size]byte

// tokens looks up bearer tokens. Only found ones are remembered, by their hash.
type tokens struct {
	store *store.Store
	now   func() time.Time

	mu       sync.Mutex
	believed map[tokenHash]believedToken
}

type believedToken struct {
	name  string
	until time.Time
}

func newTokens(s *store.Store, now func() time.Time) *tokens {
	return &tokens{store: s, now: now, believed: map[tokenHash]believedToken{}}
}

// name returns the name of a token, or store.ErrNotFound.
func (t *tokens) name(ctx context.Context, token string) (string, error) {
	if token == "" || len(token) > maxTokenBytes {
		return "", store.ErrNotFound
	}
	hash, now := tokenHash(sha256.Sum256([]byte(token))), t.now()
	if name, ok := t.remembered(hash, now); ok {
		return name, nil
	}
	name, err := t.store.TokenName(ctx, hash[:], now)
	if err != nil {
		return "", err
	}
	t.remember(hash, believedToken{name, now.Add(tokenBelieved)})
	return name, nil
}

func (t *tokens) remembered(hash tokenHash, now time.Time) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	found, ok := t.believed[hash]
	return found.name, ok && now.Before(found.until)
}

func (t *tokens) remember(hash tokenHash, found believedToken) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.believed) >= maxBelieved {
		clear(t.believed)
	}
	t.believed[hash] = found
}

type actorKey struct{}

// actor is the name of the token that a request came with.
func actor(ctx context.Context) string {
	name, _ := ctx.Value(actorKey{}).(string)
	return name
}

// authenticated lets a request pass that carries a token of the tenant. Whatever is
// wrong with the token, the answer is the same.
func (a *api) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, err := a.tokens.name(r.Context(), bearer(r))
		switch {
		case err == nil:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), actorKey{}, name)))
		case errors.Is(err, store.ErrNotFound):
			w.Header().Set("WWW-Authenticate", `Bearer realm="foyer"`)
			writeProblem(w, r, problem(http.StatusUnauthorized, "send an API token of this tenant as: Authorization: Bearer <token>"))
		default:
			writeProblem(w, r, a.failure(r, err))
		}
	})
}

func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
