package backoffice

import (
	"context"
	"flag"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/foyerhq/foyer/internal/integration"
)

// Limits bound what one token may ask of one replica. An import is one request.
type Limits struct {
	PerSecond int // requests on average
	Burst     int // requests at once, after a pause
}

// DefaultLimits are those of a backoffice whose flags say nothing.
func DefaultLimits() Limits { return Limits{PerSecond: 100, Burst: 200} }

// Flags declares the flags that set the limits, with what they are as defaults.
func (l *Limits) Flags(set *flag.FlagSet) {
	set.IntVar(&l.PerSecond, "requests-per-second", l.PerSecond, "requests that an API token may send to this replica on average")
	set.IntVar(&l.Burst, "request-burst", l.Burst, "requests that an API token may send to this replica at once, after a pause")
}

// maxRates bounds the tokens whose rate is remembered.
const maxRates = 2000

// rates counts the requests of each token.
type rates struct {
	limits Limits
	now    func() time.Time

	mu sync.Mutex
	of map[string]*rate.Limiter // by the token's id
}

func newRates(limits Limits, now func() time.Time) *rates {
	return &rates{limits: limits, now: now, of: map[string]*rate.Limiter{}}
}

// take counts a request, and tells its client by headers what is left.
func (r *rates) take(token string, answer http.Header) *integration.Problem {
	now := r.now()
	limiter := r.limiter(token)
	allowed := limiter.AllowN(now, 1)
	left := max(0, limiter.TokensAt(now))
	full := (float64(r.limits.Burst) - left) / float64(r.limits.PerSecond)
	window := math.Ceil(float64(r.limits.Burst) / float64(r.limits.PerSecond))
	answer.Set("RateLimit-Policy", fmt.Sprintf(`"token";q=%d;w=%.0f`, r.limits.Burst, window))
	answer.Set("RateLimit", fmt.Sprintf(`"token";r=%.0f;t=%.0f`, math.Floor(left), math.Ceil(full)))
	if allowed {
		return nil
	}
	return tooMany(answer, time.Second, fmt.Sprintf("the token sends more than %d requests per second: slow down, or send many rows at once by an import", r.limits.PerSecond))
}

func (r *rates) limiter(token string) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.of[token]; known != nil {
		return known
	}
	if len(r.of) >= maxRates {
		clear(r.of)
	}
	limiter := rate.NewLimiter(rate.Limit(r.limits.PerSecond), r.limits.Burst)
	r.of[token] = limiter
	return limiter
}

// tooMany is the answer to a client that has to wait.
func tooMany(answer http.Header, wait time.Duration, detail string) *integration.Problem {
	answer.Set("Retry-After", strconv.FormatInt(int64(math.Ceil(max(1, wait.Seconds()))), 10))
	return problem(http.StatusTooManyRequests, detail)
}

// How many unknown tokens are looked up: for an address some at once, then a few a minute.
// An address that has sent more than that shares a small number with all such addresses,
// so that it cannot shut out others behind it. Nobody can guess a token; this keeps who
// tries from the database.
const (
	freeFailures = 20
	failureEvery = 10 * time.Second
	maxStrangers = 10_000

	lookUpsPerSecond = 20 // of all addresses that have sent too many
	lookUpPatience   = 2 * time.Second
)

// strangers counts the tokens that were none, by address, in bounded memory.
type strangers struct {
	now    func() time.Time
	shared *rate.Limiter

	mu sync.Mutex
	of map[string]*rate.Limiter
}

func newStrangers(now func() time.Time) *strangers {
	return &strangers{now: now, shared: rate.NewLimiter(lookUpsPerSecond, lookUpsPerSecond), of: map[string]*rate.Limiter{}}
}

// mayAsk says whether a token that is not known may be looked up; it may wait a moment for
// its turn.
func (s *strangers) mayAsk(ctx context.Context, ip string) bool {
	if !s.blocked(ip) {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpPatience)
	defer cancel()
	return s.shared.Wait(ctx) == nil // at once, if the turn comes too late
}

// blocked says whether an address has sent too many tokens that were none.
func (s *strangers) blocked(ip string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	limiter := s.of[networkOf(ip)]
	return limiter != nil && limiter.TokensAt(s.now()) < 1
}

func (s *strangers) failed(ip string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	network, now := networkOf(ip), s.now()
	if s.of[network] == nil {
		s.makeRoom(now)
		s.of[network] = rate.NewLimiter(rate.Every(failureEvery), freeFailures)
	}
	s.of[network].AllowN(now, 1)
}

// makeRoom forgets who has waited long enough; if that is nobody, half of all.
func (s *strangers) makeRoom(now time.Time) {
	if len(s.of) < maxStrangers {
		return
	}
	for network, limiter := range s.of {
		if limiter.TokensAt(now) >= freeFailures {
			delete(s.of, network)
		}
	}
	for network := range s.of {
		if len(s.of) <= maxStrangers/2 {
			return
		}
		delete(s.of, network)
	}
}

// networkOf is what one client can take addresses from: an IPv6 /64, or an IPv4 address.
func networkOf(ip string) string {
	address, err := netip.ParseAddr(ip)
	if err != nil || address.Is4() {
		return ip
	}
	network, err := address.Prefix(64)
	if err != nil {
		return ip
	}
	return network.String()
}

// maxImports bounds the imports that run at once, and with them memory and connections.
// One token gets one less: no system keeps all others out.
const maxImports = 4

// places bound what runs at once, in all and for each who asks.
type places struct {
	most, each int

	mu   sync.Mutex
	all  int
	of   map[string]int // by who: a token's id, a network
	free chan struct{}  // closed, and made anew, when a place is left
}

func newPlaces(most, each int) *places {
	return &places{most: most, each: each, of: map[string]int{}, free: make(chan struct{})}
}

// enter takes a place, until leave is called; nil: there is none, and who asks has so many.
func (p *places) enter(who string) (leave func(), have int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all >= p.most || p.of[who] >= p.each {
		return nil, p.of[who]
	}
	p.all++
	p.of[who]++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.all--
		if p.of[who]--; p.of[who] == 0 {
			delete(p.of, who)
		}
		close(p.free)
		p.free = make(chan struct{})
	}, p.of[who]
}

// await takes a place as enter does, and waits a moment for one; nil: there is none.
func (p *places) await(ctx context.Context, who string, patience time.Duration) (leave func()) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		p.mu.Lock()
		free := p.free
		p.mu.Unlock()
		if leave, _ := p.enter(who); leave != nil {
			return leave
		}
		select {
		case <-free:
		case <-ctx.Done():
			return nil
		}
	}
}
