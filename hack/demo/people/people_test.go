package people

import (
	"bytes"
	"fmt"
	"strings"
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
				if problems := parse(lines.Kind, bytes.TrimSpace(line)); problems != nil {
					t.Fatalf("%s %s: %s\n%v", name, lines.Kind, line, problems)
				}
			}
		}
	}
}

func parse(kind integration.Kind, line []byte) []integration.FieldProblem {
	var problems []integration.FieldProblem
	switch kind {
	case integration.Groups:
		_, problems = integration.Decode[integration.Group](line)
	case integration.Products:
		_, problems = integration.Decode[integration.Product](line)
	case integration.Accounts:
		_, problems = integration.Decode[integration.Account](line)
	case integration.Contacts:
		_, problems = integration.Decode[integration.Contact](line)
	case integration.Invoices:
		_, problems = integration.Decode[integration.Invoice](line)
	case integration.Payments:
		_, problems = integration.Decode[integration.Payment](line)
	case integration.Calls:
		_, problems = integration.Decode[integration.Call](line)
	default:
		problems = []integration.FieldProblem{{Message: "nothing reads lines of " + string(kind)}}
	}
	return problems
}

// A second import on the same day changes nothing.
func TestSameDaySameLines(t *testing.T) {
	first, second := Lines(Acme(), anyHash, day), Lines(Acme(), anyHash, day.Add(6*time.Hour))
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("two runs on one day differ:\n%.500s", diff)
	}
}

// A call never changes: one that was sent yesterday is the same today.
func TestCallsStay(t *testing.T) {
	yesterday, today := calls(t, day), calls(t, day.AddDate(0, 0, 1))
	same := 0
	for id, call := range today {
		if before, known := yesterday[id]; known {
			same++
			if before != call {
				t.Errorf("call %s was\n%sand is\n%s", id, before, call)
			}
		}
	}
	if same < 100 {
		t.Errorf("only %d of %d calls were there the day before", same, len(today))
	}
}

func calls(t *testing.T, today time.Time) map[string]string {
	t.Helper()
	byID := map[string]string{}
	for _, lines := range Lines(Acme(), anyHash, today) {
		if lines.Kind != integration.Calls {
			continue
		}
		for line := range bytes.Lines(lines.Body) {
			call, problems := integration.Decode[integration.Call](bytes.TrimSpace(line))
			if problems != nil {
				t.Fatal(problems)
			}
			byID[call.ID] = string(line)
		}
	}
	return byID
}

// Every printed sign-in has its account, and colleagues share one.
func TestKnownPeople(t *testing.T) {
	provider := Acme()
	contacts := map[string]string{}
	add := func(text []byte) {
		contact, problems := integration.Decode[integration.Contact](text)
		if problems != nil {
			t.Fatal(problems)
		}
		if contact.User != nil {
			contacts[contact.User.Username] = contact.AccountID
		}
	}
	for _, lines := range Lines(provider, anyHash, day) {
		if lines.Kind != integration.Contacts {
			continue
		}
		for line := range bytes.Lines(lines.Body) {
			add(bytes.TrimSpace(line))
		}
	}
	for _, put := range Details(provider, anyHash, day) {
		if strings.HasPrefix(put.Path, "contacts/") {
			add(put.Body)
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

// The PDF of an invoice says what the invoice says, and its table of objects is right:
// readers that are strict refuse others.
func TestInvoiceDocument(t *testing.T) {
	provider := Acme()
	id := withDocument(provider.accountIDs()[provider.Shown])
	document, err := invoiceDocument(Lines(provider, anyHash, day), id, provider.Name)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"%PDF-1.4\n", "(Acme Telecom) Tj", "(Issued on 2026-03-25) Tj", "%%EOF\n"} {
		if !bytes.Contains(document, []byte(text)) {
			t.Errorf("the document has no %q", text)
		}
	}
	_, table, _ := bytes.Cut(document, []byte("\nxref\n"))
	entries := strings.Split(string(table), "\n")[2:]
	for i := 1; i <= 5; i++ {
		var at int
		if _, err := fmt.Sscanf(entries[i-1], "%010d 00000 n", &at); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%d 0 obj\n", i); !bytes.HasPrefix(document[at:], []byte(want)) {
			t.Errorf("object %d is not at %d", i, at)
		}
	}
	var begins int
	if _, err := fmt.Sscanf(string(document[bytes.LastIndex(document, []byte("startxref")):]), "startxref\n%d", &begins); err != nil || !bytes.HasPrefix(document[begins:], []byte("xref\n")) {
		t.Errorf("the table is not at %d: %v", begins, err)
	}
}
