package deliver

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/testenv/smtp"
)

// attempts are those of all notifications, in their order.
func (w *world) attempts(t *testing.T) []string {
	t.Helper()
	return w.rows(t, `SELECT n.address || ' ' || a.number || ' ' || a.outcome || ' ' || a.class || ' ' || a.code
FROM notification_attempt a JOIN notification n ON n.id = a.notification_id ORDER BY n.id, a.number`)
}

// What a mail server says decides what becomes of a mail.
func TestAnswersOfAMailServer(t *testing.T) {
	t.Run("refused for good", func(t *testing.T) {
		w := newWorld(t)
		w.mails.Script(func(at smtp.Moment) smtp.Fault {
			if at.Stage != smtp.Recipient {
				return smtp.Fault{}
			}
			return smtp.Fault{Code: 550, Status: [3]int{5, 1, 1}, Words: "no such user"}
		})
		w.run(t)
		w.say(t, "A", "hello")
		w.states(t, "Dead refused 1")
		if diff := cmp.Diff([]string{"ann@customer.example 1 Dead permanent 550 5.1.1"}, w.attempts(t)); diff != "" {
			t.Errorf("attempts (-want +got):\n%s", diff)
		}
	})
	t.Run("not now", func(t *testing.T) {
		w := newWorld(t)
		w.mails.Script(smtp.Greylist())
		w.run(t)
		w.say(t, "A", "hello")
		w.states(t, "Retry failed 1")
		if wait := w.rows(t, `SELECT 'ok' FROM notification WHERE turn_at - updated_at BETWEEN interval '29s' AND interval '61s'`); len(wait) != 1 {
			t.Errorf("it is tried again after %v", w.rows(t, `SELECT turn_at - updated_at FROM notification`))
		}
		w.moved.Store(int64(time.Hour))
		w.states(t, "Sent 1")
		if diff := cmp.Diff([]string{"ann@customer.example 1 Retry temporary 450 4.2.0", "ann@customer.example 2 Sent  "}, w.attempts(t)); diff != "" {
			t.Errorf("attempts (-want +got):\n%s", diff)
		}
	})
	t.Run("no answer, once", func(t *testing.T) {
		w := newWorld(t)
		w.mails.Script(func(at smtp.Moment) smtp.Fault {
			return smtp.Fault{Cut: at.Stage == smtp.Answer && at.Nth == 1, Keep: true}
		})
		w.run(t)
		w.say(t, "A", "hello")
		w.states(t, "Sent 1")
		mails := w.mails.Wait(t, 2)
		if a, b := headerOf(t, mails[0]).Get("Message-Id"), headerOf(t, mails[1]).Get("Message-Id"); a == "" || a != b {
			t.Errorf("the repeated mail has another Message-ID: %s, %s", a, b)
		}
	})
	t.Run("no answer, twice", func(t *testing.T) {
		w := newWorld(t)
		w.mails.Script(func(at smtp.Moment) smtp.Fault { return smtp.Fault{Cut: at.Stage == smtp.Answer} })
		w.run(t)
		w.say(t, "A", "hello")
		w.states(t, "Uncertain uncertain 1")
		if got := w.mails.Count(smtp.Answer); got != 2 {
			t.Errorf("it was sent %d times, want twice", got)
		}
	})
}

// A server that is away costs no notification an attempt. Once it is back all go out.
func TestBrokenChannel(t *testing.T) {
	w := newWorld(t)
	good := w.tenant.Email.SMTP.Port
	closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.tenant.Email.SMTP.Port = int32(closed.Addr().(*net.TCPAddr).Port) //nolint:gosec // a port fits
	closed.Close()
	w.apply(t)
	metrics, _ := w.run(t)
	var words []string
	for i := range 30 {
		words = append(words, "hello"+strconv.Itoa(i))
	}
	w.say(t, "A", words...)
	eventually(t, "the breaker opens", func() bool { return gauge(t, metrics, "foyer_dispatcher_breaker_open", "Email") == 1 })
	if got := w.rows(t, `SELECT count(*) FROM notification WHERE state NOT IN ('Planned', 'Leased')`); !cmp.Equal(got, []string{"0"}) {
		t.Errorf("%v have another state", got)
	}
	w.tenant.Email.SMTP.Port = good
	w.apply(t)
	w.states(t, "Sent 30")
	if got := w.rows(t, `SELECT DISTINCT attempts FROM notification`); !cmp.Equal(got, []string{"1"}) {
		t.Errorf("attempts: %v, want 1 each", got)
	}
	eventually(t, "the breaker closes", func() bool { return gauge(t, metrics, "foyer_dispatcher_breaker_open", "Email") == 0 })
	if n := strings.Count(w.log.String(), "works for nobody"); n != 1 {
		t.Errorf("the log says %d times that the channel is broken", n)
	}
}

// A password that is wrong is not tried with the next mail.
func TestWrongPassword(t *testing.T) {
	w := newWorld(t)
	w.mails = smtp.New(t, smtp.Options{Users: map[string]string{"acme": "right"}})
	w.tenant.Email.SMTP = config.SMTP{Host: w.mails.Host(), Port: w.mails.Port(), Security: config.SMTPNone, Signed: true}
	w.apply(t)
	metrics, _ := w.run(t)
	w.say(t, "A", "hello")
	eventually(t, "the breaker opens", func() bool { return gauge(t, metrics, "foyer_dispatcher_breaker_open", "Email") == 1 })
	w.states(t, "Planned broken 1")
	if log := w.log.String(); !strings.Contains(log, `"code":"settings"`) && !strings.Contains(log, `"code":"sign-in"`) {
		t.Errorf("the log does not say why:\n%s", log)
	}
}

// An hour has so many mails, whatever the number of replicas; the others wait for the next.
func TestHourlyCap(t *testing.T) {
	w := newWorld(t)
	w.tenant.Delivery.MaxPerHour = 100
	w.apply(t)
	words := make([]string, 150)
	for i := range words {
		words[i] = fmt.Sprint("word ", i)
	}
	w.say(t, "A", words...)
	planner, _ := w.dispatcher(t)
	planner.planOnce(t.Context())
	if _, err := w.pool.Exec(t.Context(), `UPDATE notification SET turn_at = due_at`); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		metrics, _ := w.run(t)
		defer func() {
			eventually(t, "the metric says that it is over", func() bool { return gauge(t, metrics, "foyer_dispatcher_hourly_limit_reached", "") == 0 })
		}()
		defer w.moved.Store(int64(61 * time.Minute))
		eventually(t, "the metric says so", func() bool { return gauge(t, metrics, "foyer_dispatcher_hourly_limit_reached", "") == 1 })
	}
	w.states(t, "Planned 50, Sent 100")
	if n := strings.Count(w.log.String(), "maxPerHour allows"); n != 3 {
		t.Errorf("the logs say %d times that the limit is reached", n)
	}
	if mails := len(w.mails.Mails()); mails != 100 {
		t.Errorf("%d mails went out", mails)
	}
	w.moved.Store(int64(61 * time.Minute))
	w.states(t, "Sent 150")
}
