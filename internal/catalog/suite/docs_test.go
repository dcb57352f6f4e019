package suite_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/message/template"
)

var update = flag.Bool("update", false, "write the table of docs/standard-suite.md and the samples of testdata")

const (
	page       = "../../../docs/standard-suite.md"
	tableStart = "<!-- messages: written by go test ./internal/catalog/suite -update -->\n"
	tableEnd   = "<!-- end of messages -->"
)

func TestThePageIsCurrent(t *testing.T) {
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(raw), tableStart)
	have, after, closed := strings.Cut(rest, tableEnd)
	if !found || !closed {
		t.Fatalf("%s has no place for the table", page)
	}
	want := table(t)
	if *update {
		if err := os.WriteFile(page, []byte(before+tableStart+want+tableEnd+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("docs/standard-suite.md is stale, write it with: go test ./internal/catalog/suite -update\nwant -, have +:\n%s", diff)
	}
}

func table(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	out.WriteString("\n| event | when | to | subject, with the sample |\n|---|---|---|---|\n")
	for _, c := range everyText(t) {
		if c.locale != "en" {
			continue
		}
		fmt.Fprintf(&out, "| [%s](events.md#%s) | %s | %s | %s |\n", c.event.Name, strings.ToLower(strings.ReplaceAll(c.event.Name, ".", "")),
			when(c), to(c), c.fill(t, template.Subject, sampleOf(t, c.event)))
	}
	return out.String() + "\n"
}

func when(c compiled) string {
	if len(c.message.Days) == 0 {
		return c.event.Description
	}
	days := strings.Trim(strings.ReplaceAll(fmt.Sprint(c.message.Days), " ", ", "), "[]")
	return "An invoice has a balance, on these days after it was due: " + days + ". One mail for all of an account that fall due at once."
}

func to(c compiled) string {
	who := strings.Join(c.message.To, ", ")
	if who == "" {
		who = "the person"
	}
	if len(c.message.Attach) > 0 {
		who += "; attached: " + strings.Join(c.message.Attach, ", ")
	}
	if c.event.Category == catalog.Security {
		who += "; *always*"
	}
	return who
}

// shown are messages whose whole plain text is kept beside the tests, to be read.
var shown = []string{"invoice.unpaid", "portal.passwordReset", "ticket.replied"}

func TestWhatPeopleRead(t *testing.T) {
	for _, c := range everyText(t) {
		if !strings.Contains(strings.Join(shown, " "), c.event.Name) {
			continue
		}
		sample := sampleOf(t, c.event)
		want := "Subject: " + c.fill(t, template.Subject, sample) + "\n\n" + c.fill(t, template.Plain, sample)
		path := "testdata/" + c.event.Name + "." + c.locale + ".txt"
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		have, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(have), want); diff != "" {
			t.Errorf("%s reads differently; if that is right: go test ./internal/catalog/suite -update\nkept -, now +:\n%s", c, diff)
		}
	}
}
