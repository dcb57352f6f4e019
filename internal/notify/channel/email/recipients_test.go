package email

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/testenv/smtp"
)

func TestCopies(t *testing.T) {
	refuse := func(code int) func(smtp.Moment) smtp.Fault {
		return func(m smtp.Moment) smtp.Fault {
			if m.Stage == smtp.Recipient && m.To == "gone@example.com" {
				return smtp.Fault{Code: code, Status: [3]int{code / 100, 1, 1}, Words: "Gone"}
			}
			return smtp.Fault{}
		}
	}
	for _, test := range []struct {
		name    string
		code    int
		attempt int
		want    []string // in the envelope; nil: it waits
		refused []string
	}{
		{"all are taken", 0, 1, []string{"anna@example.com", "gone@example.com", "bob@example.com", "archive@acme.example"}, nil},
		{"one never", 550, 1, []string{"anna@example.com", "bob@example.com", "archive@acme.example"}, []string{"gone@example.com: 550 5.1.1 Gone"}},
		{"one not now", 450, 3, nil, nil},
		{"one not in time", 450, 4, []string{"anna@example.com", "bob@example.com", "archive@acme.example"}, []string{"gone@example.com: 450 4.1.1 Gone"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := smtp.New(t, smtp.Options{Security: smtp.None})
			f := newFixture(t, server, config.SMTPNone)
			server.Script(refuse(test.code))
			m := message("n1")
			m.Attempt = test.attempt
			m.CC, m.BCC = []string{"gone@example.com", "Bob <bob@example.com>"}, []string{"archive@acme.example", "anna@example.com", "bob@EXAMPLE.com"}
			result, err := f.Send(t.Context(), m)
			if test.want == nil {
				if got := failure(t, err); got.Class != channel.Temporary || got.Code != "450 4.1.1" {
					t.Error(got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.refused, result.Refused); diff != "" {
				t.Errorf("refused: want -, got +\n%s", diff)
			}
			mail := server.Wait(t, 1)[0]
			if diff := cmp.Diff(test.want, mail.To); diff != "" {
				t.Errorf("envelope: want -, got +\n%s", diff)
			}
			if strings.Contains(string(mail.Text), "archive") {
				t.Error("the mail names who gets it in secret")
			}
		})
	}
}

func TestACopyWithoutAnAddress(t *testing.T) {
	server := smtp.New(t, smtp.Options{Security: smtp.None})
	f := newFixture(t, server, config.SMTPNone)
	m := message("n1")
	m.CC = []string{"nobody", "bob@example.com"}
	if got := f.must(t, m).Refused; len(got) != 1 || !strings.Contains(got[0], "nobody") {
		t.Errorf("refused %q", got)
	}
	if diff := cmp.Diff([]string{"anna@example.com", "bob@example.com"}, server.Wait(t, 1)[0].To); diff != "" {
		t.Error(diff)
	}
}

func TestAMailThatIsTooBig(t *testing.T) {
	server := smtp.New(t, smtp.Options{Security: smtp.None, MaxBytes: 1000})
	f := newFixture(t, server, config.SMTPNone)
	m := message("n1")
	m.Text = strings.Repeat("long ", 1000)
	_, err := f.Send(t.Context(), m)
	if got := failure(t, err); got.Class != channel.Permanent || got.Code != channel.CodeMessage {
		t.Error(got)
	}
	if server.Count(smtp.Sender) > 0 {
		t.Error("it was sent all the same")
	}
	f.must(t, message("n2"))
	if got := server.Count(smtp.Connect); got != 1 {
		t.Errorf("%d connections", got)
	}
}

func TestAddressesInAllLetters(t *testing.T) {
	for _, understands := range []bool{true, false} {
		server := smtp.New(t, smtp.Options{Security: smtp.None, UTF8: understands})
		f := newFixture(t, server, config.SMTPNone)
		m := message("n1")
		m.To = "anna@bücher.example" // every server takes that
		f.must(t, m)
		if mail := server.Mails()[0]; mail.UTF8 || mail.To[0] != "anna@xn--bcher-kva.example" {
			t.Errorf("announced %v, to %q", mail.UTF8, mail.To)
		}
		m.To = "änna@bücher.example"
		_, err := f.Send(t.Context(), m)
		if !understands {
			if got := failure(t, err); got.Class != channel.Permanent || got.Code != channel.CodeMessage {
				t.Error(got)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if mail := server.Mails()[1]; !mail.UTF8 || mail.To[0] != "änna@xn--bcher-kva.example" {
			t.Errorf("announced %v, to %q", mail.UTF8, mail.To)
		}
		server.Script(func(smtp.Moment) smtp.Fault { return smtp.Fault{Code: 553, Status: [3]int{5, 6, 7}, Words: "No"} })
		_, err = f.Send(t.Context(), m)
		if got := failure(t, err); got.Class != channel.Permanent { // one such person stops nobody else's mails
			t.Error(got)
		}
	}
}
