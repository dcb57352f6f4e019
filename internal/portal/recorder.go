package portal

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/foyerhq/foyer/internal/process"
	"github.com/foyerhq/foyer/internal/store"
)

// actionSignInFailed is the audit action of a wrong password for a known user. Who tried
// is not known; the detail says as whom.
const (
	actionSignInFailed = "signInFailed"
	detailUsername     = "username"
)

// Bounds of what is written beside requests.
const (
	recorderQueue   = 256
	recordTimeout   = 5 * time.Second
	failureRowEvery = time.Minute // one row per user
	maxRemembered   = 10_000
)

// counters are the portal's own metrics.
type counters struct {
	signIns *prometheus.CounterVec
	denied  *prometheus.CounterVec
}

func newCounters(metrics prometheus.Registerer, waiting func() int) counters {
	c := counters{
		signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "foyer_portal_sign_ins_total", Help: "Attempts to sign in, by outcome: ok, refused, delayed (throttled), no_portal, busy (too many at once).",
		}, []string{"outcome"}),
		denied: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "foyer_portal_denied_total", Help: "Denied pages, by feature and reason.",
		}, []string{"feature", "reason"}),
	}
	// From 0 on: a counter that begins at more has risen by nothing for Prometheus.
	for _, outcome := range []string{outcomeOK, outcomeRefused, outcomeDelayed, outcomeNoPortal, outcomeBusy} {
		c.signIns.WithLabelValues(outcome)
	}
	metrics.MustRegister(c.signIns, c.denied, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "foyer_portal_hashes_waiting", Help: "Sign-ins that wait for their password to be checked.",
	}, func() float64 { return float64(waiting()) }))
	return c
}

// countSignIn counts an attempt to sign in and logs it, the same for a known and an unknown
// user. Who it was is in the audit, if it was anybody; the line of the request with the same
// id has the route and the client.
func (p *Portal) countSignIn(r *http.Request, outcome string) {
	p.counts.signIns.WithLabelValues(outcome).Inc()
	p.Log.InfoContext(r.Context(), "sign-in", "id", process.RequestID(r.Context()), "outcome", outcome)
}

// recorder writes audit rows that must not cost the request any time. It keeps a
// bounded number; what does not fit is dropped and logged.
type recorder struct {
	store   *store.Store
	log     *slog.Logger
	pending chan failedSignIn
	last    map[string]time.Time // user -> last row; only run touches it
}

type failedSignIn struct {
	user store.SignInUser
	ip   string
	at   time.Time
}

func newRecorder(s *store.Store, log *slog.Logger) *recorder {
	return &recorder{store: s, log: log, pending: make(chan failedSignIn, recorderQueue), last: map[string]time.Time{}}
}

// signInFailed notes a wrong password. It takes the same steps for an unknown user.
func (rec *recorder) signInFailed(user store.SignInUser, ip string, at time.Time) {
	select {
	case rec.pending <- failedSignIn{user, ip, at}:
	default:
		rec.log.Warn("failed sign-ins come faster than they can be recorded, one was left out of the audit")
	}
}

// Run does what requests left to be done behind their answers until ctx ends, and then what
// is left: it writes the audit and sends mails.
func (p *Portal) Run(ctx context.Context) {
	var mails sync.WaitGroup
	mails.Go(func() { p.mailer.run(ctx) })
	defer mails.Wait()
	for {
		select {
		case f := <-p.recorder.pending:
			p.recorder.writeInTime(f)
		case <-ctx.Done():
			p.recorder.drain()
			return
		}
	}
}

// drain writes what is left. It takes no longer than one row may take: a database that
// hangs must not keep the process from ending.
func (rec *recorder) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), recordTimeout)
	defer cancel()
	for ctx.Err() == nil {
		select {
		case f := <-rec.pending:
			rec.write(ctx, f)
		default:
			return
		}
	}
	if left := len(rec.pending); left > 0 {
		rec.log.Warn("failed sign-ins were left out of the audit, the database did not answer before the end", "left", left)
	}
}

// writeInTime writes one row, which may take recordTimeout.
func (rec *recorder) writeInTime(f failedSignIn) {
	ctx, cancel := context.WithTimeout(context.Background(), recordTimeout)
	defer cancel()
	rec.write(ctx, f)
}

func (rec *recorder) write(ctx context.Context, f failedSignIn) {
	if f.user.UserID == "" || len(f.user.Contacts) == 0 || f.at.Sub(rec.last[f.user.UserID]) < failureRowEvery {
		return
	}
	if len(rec.last) >= maxRemembered {
		clear(rec.last)
	}
	rec.last[f.user.UserID] = f.at
	err := rec.store.Audit(ctx, store.AuditEntry{
		AccountID: f.user.Contacts[0].AccountID, UserID: f.user.UserID, Actor: "Somebody",
		Action: actionSignInFailed, Detail: map[string]string{detailUsername: f.user.Username}, IP: f.ip, At: f.at,
	})
	if err != nil {
		rec.log.Warn("could not record a failed sign-in", "error", err)
	}
}
