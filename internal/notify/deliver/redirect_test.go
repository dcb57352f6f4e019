package deliver

import (
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/store"
)

// Who reads redirected mails gets nobody's way in, unless it is for their own address.
func TestRedirectedLinks(t *testing.T) {
	for name, test := range map[string]struct {
		to   string
		real bool
	}{
		"another house":  {"tests@acme.example", false},
		"the same house": {"tests@customer.example", false},
		"their own":      {"Ann@Customer.example", true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.tenant.Delivery = config.Delivery{Mode: config.DeliveryRedirect, RedirectTo: test.to}
			w.apply(t)
			w.run(t)
			eventually(t, "the mode is Redirect", func() bool { return w.rows(t, `SELECT mode FROM delivery`)[0] == "Redirect" })
			link := w.reset(t, "ann@customer.example")
			mail := w.mails.Wait(t, 1)[0]
			text := strings.ReplaceAll(string(mail.Text), "=\r\n", "")
			token, err := testKeys(t).LinkToken(store.LinkReset, link, 0)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(text, token); got != test.real {
				t.Errorf("the secret is in the mail: %t", got)
			}
			if got := strings.Contains(text, "https://my.acme.example/credentials/"+placeholder); got == test.real {
				t.Errorf("the placeholder is in the mail: %t", got)
			}
			if len(mail.To) != 1 || !strings.EqualFold(mail.To[0], test.to) {
				t.Errorf("it went to %v", mail.To)
			}
		})
	}
}

// A link is never made for an address that it was not made for, whoever wrote that address
// on the row.
func TestLinkForAnotherAddress(t *testing.T) {
	w := newWorld(t)
	w.reset(t, "ann@customer.example")
	if n := w.planned(t); n != 1 {
		t.Fatalf("%d notifications", n)
	}
	if _, err := w.pool.Exec(t.Context(), `UPDATE notification SET address = 'eve@elsewhere.example'`); err != nil {
		t.Fatal(err)
	}
	w.run(t)
	eventually(t, "it is dealt with", func() bool {
		return len(w.rows(t, `SELECT id FROM notification WHERE state IN ('Dead', 'Suppressed')`)) == 1
	})
	if n := len(w.mails.Mails()); n > 0 {
		t.Errorf("%d mails", n)
	}

	l := &links{origin: "https://my.acme.example", keys: testKeys(t)}
	link := &plan.Link{ID: "0199a1b2-c3d4-7000-8000-000000000001", Purpose: string(store.LinkReset), Addresses: []string{"ann@customer.example"}}
	for _, place := range []int{-1, 1} {
		l.err = nil
		if made := l.Secret(link, place); l.err == nil || made != "https://my.acme.example/credentials/" {
			t.Errorf("place %d: %s, %v", place, made, l.err)
		}
	}
	if l.err = nil; l.Secret(link, 0) == "https://my.acme.example/credentials/" || l.err != nil {
		t.Error(l.err)
	}
}
