package email

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/testenv/smtp"
)

// Under faults of every kind, at any time, what a sender says of a mail is true: what it
// calls sent arrived once, what failed did not arrive, and only of what is uncertain nobody
// knows.
func TestWhatIsSaidOfAMailIsTrue(t *testing.T) {
	const mails, seed = 400, 20261122
	for _, security := range []smtp.Security{smtp.TLS, smtp.None} {
		t.Run(string(security), func(t *testing.T) {
			server := smtp.New(t, smtp.Options{Security: security})
			var mutex sync.Mutex
			random := rand.New(rand.NewPCG(seed, seed))
			server.Script(func(smtp.Moment) smtp.Fault {
				mutex.Lock()
				defer mutex.Unlock()
				switch random.IntN(12) {
				case 0:
					return smtp.Fault{Cut: true, Keep: random.IntN(2) == 0}
				case 1:
					return smtp.Fault{Code: 451, Status: [3]int{4, 3, 0}, Words: "Not now"}
				case 2:
					return smtp.Fault{Code: 554, Status: [3]int{5, 0, 0}, Words: "Never"}
				case 3:
					return smtp.Fault{Code: 421, Status: [3]int{4, 3, 2}, Words: "Goodbye"}
				default:
					return smtp.Fault{}
				}
			})
			f := newFixture(t, server, config.SMTPSecurity(security))
			said := make([]error, mails)
			var workers sync.WaitGroup
			for worker := range 2 * Connections {
				workers.Go(func() {
					for n := worker; n < mails; n += 2 * Connections {
						m := message(fmt.Sprint("n", n))
						m.CC = [][]string{nil, {"bob@example.com"}}[n%2]
						_, said[n] = f.Send(t.Context(), m)
					}
				})
			}
			workers.Wait()
			compare(t, said, server.Mails())
		})
	}
}

// compare what was said of each mail with what arrived.
func compare(t *testing.T, said []error, arrived []smtp.Mail) {
	t.Helper()
	times := map[string]int{}
	for _, mail := range arrived {
		times[headerOf(t, mail.Text, "Message-ID")]++
	}
	classes := map[channel.Class]int{}
	for n, err := range said {
		got := times[fmt.Sprintf("<n%d@acme.example>", n)]
		var failure *channel.Error
		switch {
		case err == nil && got != 1:
			t.Errorf("mail %d was sent, and arrived %d times", n, got)
		case err == nil:
			classes[""]++
		case !errors.As(err, &failure):
			t.Errorf("mail %d: %v", n, err)
		default:
			classes[failure.Class]++
			if failure.Class == channel.Uncertain && got > 1 || failure.Class != channel.Uncertain && got > 0 {
				t.Errorf("mail %d arrived %d times: %v", n, got, err)
			}
		}
	}
	for _, class := range []channel.Class{"", channel.Temporary, channel.Permanent, channel.Broken, channel.Uncertain} {
		if classes[class] == 0 {
			t.Errorf("no mail was %q: the faults did not happen", class)
		}
	}
}
