//go:build e2e

package upgrade

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foyerhq/foyer/hack/demo/inbox"
	"github.com/foyerhq/foyer/hack/demo/people"
	"github.com/foyerhq/foyer/hack/demo/visit"
)

// load is people and systems at work: each asks again as soon as it has its answer and a
// breath.
type load struct {
	stopped chan struct{}
	stop    func() // closes stopped; between requests, so that no answer is missed
	done    sync.WaitGroup

	mu       sync.Mutex
	workers  []*worker
	failures []string
	repeats  int            // writes that may still be sent once more after a 502
	written  map[string]int // the last value that an API said it has kept, by tenant
	events   []string       // what the mails say by which customers hear of the events that were accepted
}

// worker is one of them.
type worker struct {
	what    string
	breath  time.Duration
	answers int
}

const (
	breath      = 50 * time.Millisecond
	eventBreath = time.Second
	entryBreath = 3 * time.Second

	// patience is how long anybody waits for an answer.
	patience = 5 * time.Second
	// ordinary is how long an answer takes on average at most, while everything rolls.
	ordinary = time.Second
)

type customer struct{ namespace, host, user, account, page string }

var tenants = []customer{
	{"acme", "acme.localhost", "dana", "10001", "/invoices"},
	{"nordlicht", "nordlicht.localhost", "lena", "50001", "/invoices"},
}

// startLoad signs people in who stay, has others sign in anew, and the provider's systems read,
// write and send events in.
func startLoad(t *testing.T, w *world) *load {
	t.Helper()
	stopped := make(chan struct{})
	l := &load{stopped: stopped, stop: sync.OnceFunc(func() { close(stopped) }), written: map[string]int{}}
	t.Cleanup(func() { l.stop(); l.done.Wait() })
	for _, tenant := range tenants {
		l.people(t, w, tenant)
		api := newAPI(t, w, tenant.namespace, tenant.host)
		account := "/api/v1/accounts/" + tenant.account
		l.every(t.Context(), "api."+tenant.host, breath, func(ctx context.Context) error {
			_, err := api.call(ctx, http.MethodGet, account, "", "")
			return err
		})
		value := 0
		l.every(t.Context(), "api."+tenant.host+" write", breath, func(ctx context.Context) error {
			value = value%28 + 1
			return l.write(ctx, func(ctx context.Context) error {
				_, err := api.call(ctx, http.MethodPatch, account, "application/json", fmt.Sprintf(`{"attributes":{"billingDay":%d}}`, value))
				return err
			}, func() { l.written[tenant.namespace] = value })
		})
	}
	l.bookings(t, newAPI(t, w, tenants[0].namespace, tenants[0].host), tenants[0].account)
	return l
}

// people are those of one tenant: one who is signed in, and one who signs in each time.
func (l *load) people(t *testing.T, w *world, tenant customer) {
	t.Helper()
	signIn := func(ctx context.Context) (*visit.Person, error) {
		return visit.SignIn(ctx, w.demoState(), tenant.host, tenant.user, people.Password)
	}
	person, err := signIn(t.Context())
	if err != nil {
		t.Fatalf("sign in as %s: %v", tenant.user, err)
	}
	for _, path := range []string{"/", tenant.page} {
		l.every(t.Context(), tenant.host+path, breath, func(ctx context.Context) error {
			status, body, err := person.Get(ctx, path)
			if err == nil && (status != http.StatusOK || !strings.Contains(body, "/sign-out")) {
				err = fmt.Errorf("status %d, signed in: %t", status, strings.Contains(body, "/sign-out"))
			}
			return err
		})
	}
	l.every(t.Context(), tenant.host+" sign-in", entryBreath, func(ctx context.Context) error {
		return l.write(ctx, func(ctx context.Context) error {
			_, err := signIn(ctx)
			return err
		}, func() {})
	})
}

// bookings are events of the provider's planning system, of each of which a customer gets a mail.
func (l *load) bookings(t *testing.T, a *api, account string) {
	t.Helper()
	number := 0
	l.every(t.Context(), "events", eventBreath, func(ctx context.Context) error {
		number++
		link := fmt.Sprintf("https://visits.acme.example/upgrade-%06d", number)
		body := fmt.Sprintf(`{"specversion":"1.0","id":"upgrade-%06d","source":"/upgrade","type":"custom.appointmentBooked","subject":%q,`+
			`"data":{"data":{"visitOn":"2030-04-02","from":"9 am","until":"noon","engineer":"Jo Park","reason":"a new line","place":"1 Pier Road","changeURL":%q}}}`,
			number, account, link)
		return l.write(ctx, func(ctx context.Context) error {
			_, err := a.call(ctx, http.MethodPost, "/api/v1/events", "application/cloudevents+json", body)
			return err
		}, func() { l.events = append(l.events, link) })
	})
}

// write sends what must not be lost, and notes that it is kept once that is confirmed. Where
// the pods that end are of a release that drops connections without a word, it is sent once more.
func (l *load) write(ctx context.Context, send func(context.Context) error, kept func()) error {
	err := send(ctx)
	if err != nil && (strings.Contains(err.Error(), "status 502") || strings.Contains(err.Error(), "answers 502")) && l.takeRepeat() {
		err = send(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		kept()
	}
	return err
}

func (l *load) takeRepeat() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.repeats--
	return l.repeats >= 0
}

func (l *load) every(ctx context.Context, what string, breath time.Duration, ask func(context.Context) error) {
	w := &worker{what: what, breath: breath}
	l.mu.Lock()
	l.workers = append(l.workers, w)
	l.mu.Unlock()
	l.done.Go(func() {
		tick := time.NewTicker(breath)
		defer tick.Stop()
		for {
			select {
			case <-l.stopped:
				return
			case <-tick.C:
			}
			waiting, enough := context.WithTimeout(ctx, patience)
			err := ask(waiting)
			enough()
			if ctx.Err() != nil {
				return // cut short by the end of the test
			}
			l.mu.Lock()
			w.answers++
			if err != nil {
				l.failures = append(l.failures, fmt.Sprintf("%s %s: %v", time.Now().Format("15:04:05.000"), what, err))
			}
			l.mu.Unlock()
		}
	})
}

// begin starts a step, in which so many writes may be sent once more.
func (l *load) begin(repeats int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.repeats = repeats
	for _, w := range l.workers {
		w.answers = 0
	}
}

// count is how many requests of a step were answered, which were not as they should be since
// the beginning, and who has had too few answers for the time that it took.
func (l *load) count(took time.Duration) (requests int, failures, slow []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.workers {
		requests += w.answers
		if least := int(took / (w.breath + ordinary)); w.answers < least {
			slow = append(slow, fmt.Sprintf("%s: %d answers in %s, less than %d", w.what, w.answers, took.Round(time.Second), least))
		}
	}
	return requests, slices.Clone(l.failures), slow
}

// end stops everybody once they have their answers. Then written and events are final.
func (l *load) end() {
	l.stop()
	l.done.Wait()
}

// allTold waits until a customer has had the mail of every event that was accepted.
func (l *load) allTold(t *testing.T, w *world) {
	t.Helper()
	client, err := visit.Client(w.demoState())
	if err != nil {
		t.Fatal(err)
	}
	box := &inbox.Client{URL: "https://inbox.localhost", HTTP: client}
	eventually(t, time.Minute, "a mail for each event", func() string {
		mails, err := box.List(t.Context(), inbox.Filter{Tenant: tenants[0].namespace})
		if err != nil {
			return err.Error()
		}
		var all strings.Builder
		for _, mail := range mails {
			all.WriteString(mail.Text)
		}
		var missing []string
		for _, link := range l.events {
			if !strings.Contains(all.String(), link) {
				missing = append(missing, link)
			}
		}
		if len(l.events) == 0 || len(missing) > 0 {
			return fmt.Sprintf("%d of %d are not there: %.300s", len(missing), len(l.events), strings.Join(missing, " "))
		}
		return ""
	})
}

// api is the integration API of a tenant, as a provider's system sees it.
type api struct {
	client *http.Client
	base   string
	token  string
}

func newAPI(t *testing.T, w *world, tenant, host string) *api {
	t.Helper()
	encoded := w.kubectl(t, "--namespace", tenant, "get", "secret", tenant+"-cli", "-o", "jsonpath={.data.token}")
	token, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	client, err := visit.Client(w.demoState())
	if err != nil {
		t.Fatal(err)
	}
	return &api{client, "https://api." + host, string(token)}
}

func (a *api) call(ctx context.Context, method, path, mediaType, body string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, a.base+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+a.token)
	if body != "" {
		request.Header.Set("Content-Type", mediaType)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close() //nolint:errcheck // read only
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusAccepted {
		return "", fmt.Errorf("status %d: %.200s", response.StatusCode, answer)
	}
	return string(answer), nil
}
