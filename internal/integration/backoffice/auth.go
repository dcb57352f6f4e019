package backoffice

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/process"
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
	store.Token
	until time.Time
}

func newTokens(s *store.Store, now func() time.Time) *tokens {
	return &tokens{store: s, now: now, believed: map[tokenHash]believedToken{}}
}

// find returns what a token is, or store.ErrNotFound.
func (t *tokens) find(ctx context.Context, token string) (store.Token, error) {
	if token == "" || len(token) > maxTokenBytes {
		return store.Token{}, store.ErrNotFound
	}
	hash, now := tokenHash(sha256.Sum256([]byte(token))), t.now()
	if found, ok := t.remembered(hash, now); ok {
		return found, nil
	}
	found, err := t.store.UseToken(ctx, hash[:], now)
	if err != nil {
		return store.Token{}, err
	}
	t.remember(hash, believedToken{found, now.Add(tokenBelieved)})
	return found, nil
}

func (t *tokens) remembered(hash tokenHash, now time.Time) (store.Token, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	found, ok := t.believed[hash]
	return found.Token, ok && now.Before(found.until)
}

func (t *tokens) remember(hash tokenHash, found believedToken) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.believed) >= maxBelieved {
		clear(t.believed)
	}
	t.believed[hash] = found
}

// scopeKey is where an operation says which scope it needs; "" is none.
const scopeKey = "scope"

// caller is the token that a request came with, and where it came from.
type caller struct {
	store.Token
	ip string
}

type callerKey struct{}

func tokenOf(ctx context.Context) caller {
	found, _ := ctx.Value(callerKey{}).(caller)
	return found
}

// actor is the name of the token that a request came with.
func actor(ctx context.Context) string { return tokenOf(ctx).Name }

// authenticated lets a request pass that carries a token of the tenant. Whatever is
// wrong with the token, the answer is the same.
func (a *api) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found, err := a.tokens.find(r.Context(), bearer(r.Header.Get("Authorization")))
		if err != nil {
			writeProblem(w, r, a.unauthenticated(r.Context(), w.Header().Set, err))
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller{found, r.RemoteAddr})))
	})
}

func (a *api) unauthenticated(ctx context.Context, setHeader func(name, value string), err error) *integration.Problem {
	if !errors.Is(err, store.ErrNotFound) {
		return a.failure(ctx, err)
	}
	setHeader("WWW-Authenticate", `Bearer realm="foyer"`)
	return problem(http.StatusUnauthorized, "send an API token of this tenant as: Authorization: Bearer <token>")
}

// needs lets a request to an operation pass whose token has the scope.
func (a *api) needs(scope string) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		found, err := a.tokens.find(ctx.Context(), bearer(ctx.Header("Authorization")))
		if err != nil {
			a.answer(ctx, a.unauthenticated(ctx.Context(), ctx.SetHeader, err))
			return
		}
		if !found.May(scope) {
			a.answer(ctx, problem(http.StatusForbidden, "the token has no scope "+scope))
			return
		}
		next(huma.WithValue(ctx, callerKey{}, caller{found, ctx.RemoteAddr()}))
	}
}

// answer ends a request with a problem before its handler.
func (a *api) answer(ctx huma.Context, p *integration.Problem) {
	p.RequestID = process.RequestID(ctx.Context())
	ctx.SetHeader("Content-Type", integration.ProblemMediaType)
	ctx.SetStatus(p.Status)
	encode(ctx.BodyWriter(), p)
}

func bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
