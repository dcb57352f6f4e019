package backoffice

import (
	"cmp"
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

// hashOf is what is known of a token; false: it cannot be one.
func hashOf(token string) (tokenHash, bool) {
	return sha256.Sum256([]byte(token)), token != "" && len(token) <= maxTokenBytes
}

// find returns what the token with a hash is, or store.ErrNotFound.
func (t *tokens) find(ctx context.Context, hash tokenHash) (store.Token, error) {
	now := t.now()
	if found, ok := t.remembered(hash, now); ok {
		return found, nil
	}
	found, err := t.store.UseToken(ctx, hash[:], now)
	if err != nil {
		if errors.Is(err, store.ErrNotFound) {
			t.forget(func(h tokenHash, _ believedToken) bool { return h == hash })
		}
		return store.Token{}, err
	}
	until := now.Add(tokenBelieved)
	if found.ExpiresAt != nil && found.ExpiresAt.Before(until) {
		until = *found.ExpiresAt
	}
	t.remember(hash, believedToken{found, until})
	return found, nil
}

// worked says whether a token was good when it was looked up last, however long ago.
func (t *tokens) worked(hash tokenHash) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, ok := t.believed[hash]
	return ok
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

// forget ends the belief in some tokens.
func (t *tokens) forget(which func(tokenHash, believedToken) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for hash, found := range t.believed {
		if which(hash, found) {
			delete(t.believed, hash)
		}
	}
}

// A wrong token is refused without a look-up for a while: a system that goes on with an
// old one costs nothing. Not for long, because the manager may be about to make it one.
const (
	wrongRemembered = 10 * time.Second
	maxWrong        = 10_000
)

// wrongTokens remembers tokens that are none.
type wrongTokens struct {
	now func() time.Time

	mu    sync.Mutex
	until map[tokenHash]time.Time
}

func newWrongTokens(now func() time.Time) *wrongTokens {
	return &wrongTokens{now: now, until: map[tokenHash]time.Time{}}
}

func (t *wrongTokens) has(hash tokenHash) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now().Before(t.until[hash])
}

func (t *wrongTokens) add(hash tokenHash) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.until) >= maxWrong {
		clear(t.until)
	}
	t.until[hash] = t.now().Add(wrongRemembered)
}

// scopeKey is where an operation says which scope it needs; "" is none.
const scopeKey = "scope"

// caller is the token that a request came with, and where it came from.
type caller struct {
	store.Token
	hash   tokenHash
	ip     string
	signed bool // it came with a signature, and no token
}

// actor is who the audit trail and the events name.
func (c caller) actor() string {
	if c.signed {
		return signedActor
	}
	return "token " + c.Name
}

type callerKey struct{}

func tokenOf(ctx context.Context) caller {
	found, _ := ctx.Value(callerKey{}).(caller)
	return found
}

// stillIn looks again whether the token of a request is one: a long request, such as an
// import, ends with its token.
func (a *api) stillIn(ctx context.Context) *integration.Problem {
	_, err := a.tokens.find(ctx, tokenOf(ctx).hash)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return problem(http.StatusUnauthorized, "the token was withdrawn or has expired")
	}
	return a.failure(ctx, err)
}

// actor is the name of the token that a request came with.
func actor(ctx context.Context) string { return tokenOf(ctx).Name }

// guarded lets a request pass that carries a token of the tenant, or where it may a
// signature, and comes within the limits. Whatever is wrong with the token, the answer is the same.
func (a *api) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ip := process.ClientIP(r, a.TrustedProxies)
		identify := a.authenticate
		if a.isSigned(r) {
			identify = a.verify
		}
		found, wrong := identify(w, r, ip)
		if wrong == nil {
			wrong = a.rates.take(found.ID, w.Header())
		}
		if wrong != nil {
			writeProblem(w, r, wrong)
			return
		}
		inner := r.WithContext(context.WithValue(r.Context(), callerKey{}, found))
		defer func() { r.Pattern = inner.Pattern }() // for whoever logs and counts
		next.ServeHTTP(w, inner)
	})
}

func (a *api) authenticate(w http.ResponseWriter, r *http.Request, ip string) (caller, *integration.Problem) {
	hash, usable := hashOf(cmp.Or(bearer(r.Header.Values("Authorization")), basicToken(r)))
	if !usable || a.wrong.has(hash) {
		return caller{}, unauthenticated()
	}
	if !a.tokens.worked(hash) && !a.strangers.mayAsk(r.Context(), ip) {
		return caller{}, tooMany(w.Header(), time.Second, "too many different tokens that are none come in")
	}
	found, err := a.tokens.find(r.Context(), hash)
	switch {
	case err == nil:
		return caller{Token: found, hash: hash, ip: ip}, nil
	case !errors.Is(err, store.ErrNotFound):
		return caller{}, a.failure(r.Context(), err)
	}
	a.wrong.add(hash)
	a.strangers.failed(ip)
	return caller{}, unauthenticated()
}

// challenge says how to authenticate.
const challenge = `Bearer realm="foyer"`

func unauthenticated() *integration.Problem {
	return problem(http.StatusUnauthorized, detailUnauthenticated)
}

const detailUnauthenticated = "send an API token of this tenant as: Authorization: Bearer <token>"

// needs lets a request to an operation pass whose token has the scope.
func (a *api) needs(scope string) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		may := tokenOf(ctx.Context()).May
		if scope == scopeEvents || scope == scopeSendEvents {
			may = tokenOf(ctx.Context()).MaySome // the handler shows the types of these
		}
		if scope != "" && !may(scope) {
			a.answer(ctx, problem(http.StatusForbidden, "the token has no scope "+scope))
			return
		}
		next(ctx)
	}
}

// answer ends a request with a problem before its handler.
func (a *api) answer(ctx huma.Context, p *integration.Problem) {
	p.RequestID = process.RequestID(ctx.Context())
	ctx.SetHeader("Content-Type", integration.ProblemMediaType)
	ctx.SetStatus(p.Status)
	encode(ctx.BodyWriter(), p)
}

// bearer is the token of a request; a request with two has none.
func bearer(headers []string) string {
	if len(headers) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
