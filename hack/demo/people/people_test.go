package people

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/integration"
)

const anyHash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZWtleXNvbWVrZXlzb21la2V5c29tZWtleXNvbWU"

var day = time.Date(2026, 3, 31, 9, 0, 0, 0, time.UTC)

// The API itself reads every line, so a demo that is made of refused lines cannot
// be committed.
func TestEveryLineIsReadByTheAPI(t *testing.T) {
	for name, provider := range map[string]Provider{"acme": Acme(), "nordlicht": Nordlicht()} {
		for _, lines := range Lines(provider, anyHash, day) {
			if got := bytes.Count(lines.Body, []byte("\n")); got != lines.Lines {
				t.Errorf("%s %s: %d lines counted, %d written", name, lines.Kind, lines.Lines, got)
			}
			for line := range bytes.Lines(lines.Body) {
				if refusal := parse(lines.Kind, bytes.TrimSpace(line)); refusal != nil {
					t.Fatalf("%s %s: %s\n%s: %s", name, lines.Kind, line, refusal.Field, refusal.Message)
				}
			}
		}
	}
}

func parse(kind integration.Kind, line []byte) *integration.Refusal {
	var refusal *integration.Refusal
	switch kind {
	case integration.Groups:
		_, refusal = integration.ParseGroup(line)
	case integration.Accounts:
		_, refusal = integration.ParseAccount(line)
	case integration.Contacts:
		_, refusal = integration.ParseContact(line)
	case integration.Invoices:
		_, refusal = integration.ParseInvoice(line)
	}
	return refusal
}

// A second import on the same day changes nothing.
func TestSameDaySameLines(t *testing.T) {
	first, second := Lines(Acme(), anyHash, day), Lines(Acme(), anyHash, day.Add(6*time.Hour))
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("two runs on one day differ:\n%.500s", diff)
	}
}

// Every printed sign-in has its account, and colleagues share one.
func TestKnownPeople(t *testing.T) {
	provider := Acme()
	contacts := map[string]string{}
	for _, lines := range Lines(provider, anyHash, day) {
		if lines.Kind != integration.Contacts {
			continue
		}
		for line := range bytes.Lines(lines.Body) {
			contact, refusal := integration.ParseContact(bytes.TrimSpace(line))
			if refusal != nil {
				t.Fatal(refusal)
			}
			contacts[contact.User.Username] = contact.AccountID
		}
	}
	for _, person := range provider.Known {
		if contacts[person.Username] == "" {
			t.Errorf("%s has no contact", person.Username)
		}
	}
	if contacts["dana"] != contacts["sam"] {
		t.Errorf("dana is of account %s and sam of %s, want colleagues", contacts["dana"], contacts["sam"])
	}
}
