package email

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/testenv/smtp"
)

// sink is a server that keeps nothing.
func sink(b *testing.B) *smtp.Server {
	return smtp.New(b, smtp.Options{Security: smtp.None, OnMail: func(smtp.Mail) {}})
}

// each calls send for the numbers below n, with as many workers as there are connections.
func each(b *testing.B, n int, send func(worker, number int)) {
	var workers sync.WaitGroup
	var next atomic.Int64
	b.ResetTimer()
	before := cpu(b)
	for worker := range Connections {
		workers.Go(func() {
			for number := next.Add(1); number <= int64(n); number = next.Add(1) {
				send(worker, int(number))
			}
		})
	}
	workers.Wait()
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "mails/s")
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(n), "cpu-µs/mail") // the server's included
}

// cpu is the time that this process has computed.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkSend is what the channel makes of mails with text and HTML.
func BenchmarkSend(b *testing.B) {
	f := newFixture(b, sink(b), config.SMTPNone)
	each(b, b.N, func(_, number int) {
		if _, err := f.Send(b.Context(), message(fmt.Sprint("n", number))); err != nil {
			b.Error(err)
		}
	})
}

// BenchmarkGoMail is the floor: go-mail alone, as fast as it can be told to be.
func BenchmarkGoMail(b *testing.B) {
	server := sink(b)
	clients := make([]*gomail.Client, Connections)
	for n := range clients {
		client, err := gomail.NewClient(server.Host(), gomail.WithPort(int(server.Port())), gomail.WithTLSPolicy(gomail.NoTLS), gomail.WithoutNoop(), gomail.WithoutRset())
		if err != nil {
			b.Fatal(err)
		}
		if err := client.DialWithContext(b.Context()); err != nil {
			b.Fatal(err)
		}
		clients[n] = client
		b.Cleanup(func() { client.Close() })
	}
	each(b, b.N, func(worker, number int) {
		m := message(fmt.Sprint("n", number))
		msg := gomail.NewMsg()
		if err := msg.From("billing@acme.example"); err != nil {
			b.Error(err)
		}
		if err := msg.To(m.To); err != nil {
			b.Error(err)
		}
		msg.Subject(m.Subject)
		msg.SetBodyString(gomail.TypeTextPlain, m.Text)
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
		if err := clients[worker].Send(msg); err != nil {
			b.Error(err)
		}
	})
}

// BenchmarkCompose is a mail with a signature, without sending it.
func BenchmarkCompose(b *testing.B) {
	for name, key := range keys(b) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				signed(b, message("n1"), key)
			}
		})
	}
}
