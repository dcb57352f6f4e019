package plan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// sampleRules are those of config/samples/acme, from YAML by the compiler of the operator.
// edit changes one file.
func sampleRules(t *testing.T, file, old, replacement string) *Rules {
	t.Helper()
	files, err := filepath.Glob("../../../config/samples/acme/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	in, edited := compile.Input{}, file == ""
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text := string(content)
		if filepath.Base(name) == file {
			edited = strings.Count(text, old) == 1
			text = strings.Replace(text, old, replacement, 1)
		}
		for _, document := range strings.Split(text, "\n---\n") {
			addSample(t, &in, []byte(document))
		}
	}
	if !edited {
		t.Fatalf("%q is not in %s once", old, file)
	}
	out, err := compile.Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	live, err := config.Load(out.Document)
	if err != nil {
		t.Fatal(err)
	}
	routing, err := config.OpenRouting(out.Routing)
	if err != nil {
		t.Fatal(err)
	}
	r, errs := NewRules(live, routing)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return r
}

func addSample(t *testing.T, in *compile.Input, document []byte) {
	t.Helper()
	var kind struct{ Kind string }
	read := func(into any) {
		t.Helper()
		if err := yaml.Unmarshal(document, into); err != nil {
			t.Fatal(err)
		}
	}
	read(&kind)
	switch kind.Kind {
	case "Tenant":
		in.Tenant = &v1alpha1.Tenant{}
		read(in.Tenant)
	case "AccountProfile":
		var p v1alpha1.AccountProfile
		read(&p)
		in.AccountProfiles = append(in.AccountProfiles, p)
	case "MyAccountProfile":
		var p v1alpha1.MyAccountProfile
		read(&p)
		in.MyAccountProfiles = append(in.MyAccountProfiles, p)
	case "EventTemplate":
		var p v1alpha1.EventTemplate
		read(&p)
		in.EventTemplates = append(in.EventTemplates, p)
	}
}

// told follows an invoice day by day, and returns what is sent with the day in the zone of
// the account.
func told(t *testing.T, r *Rules, a *Account, open Invoice, days int) []string {
	t.Helper()
	zone := r.treat(a).zone
	var lines []string
	dealt := Dealt{}
	for hour := range days * 24 {
		at := open.IssuedOn.Add(time.Duration(hour) * time.Hour)
		a.Owed = owing(dateOf(at, zone), open)
		all := r.Due(a, []Invoice{open}, dealt, nil, at)
		for i, line := range shown(all) {
			lines = append(lines, at.In(zone).Format("2006-01-02 15:04 ")+line)
			for _, o := range all[i].Occurrences {
				dealt.Add(o)
			}
		}
	}
	return lines
}

// The case of Emersion's documentation: business customers have 21 days and are reminded by
// mail and text message three days after the invoice is due; residential ones have 14, and
// are mailed on the day it is due, without a text message.
func TestEmersion(t *testing.T) {
	r := sampleRules(t, "", "", "")
	dana := person("dana", "Billing")
	dana.Phone = "+44 7700 900142"
	issued := date("2026-11-02")
	account := func(profile string) (*Account, Invoice) {
		a := miller(profile, dana)
		terms := int(r.treat(a).attrs.TradingTermsDays.Value)
		return a, invoice("1001", issued.AddDate(0, 0, terms).Format(time.DateOnly))
	}
	a, v := account("business")
	v.IssuedOn = issued
	want := []string{
		// due on Monday, 23 November
		"2026-11-26 09:00 Email dana@miller.example business-reminders/first-reminder 1001 day 3",
		"2026-11-26 09:00 SMS +447700900142 business-reminders/first-text 1001 day 3",
	}
	if diff := cmp.Diff(want, told(t, r, a, v, 21+10)); diff != "" {
		t.Errorf("business, -want +got:\n%s", diff)
	}
	a, v = account("residential")
	v.IssuedOn = issued
	want = []string{
		// due on Monday, 16 November
		"2026-11-16 10:00 Email dana@miller.example residential-reminders/due-today 1001 day 0",
	}
	if diff := cmp.Diff(want, told(t, r, a, v, 14+5)); diff != "" {
		t.Errorf("residential, -want +got:\n%s", diff)
	}

	// One edited line: the text message comes two days later.
	r = sampleRules(t, "eventtemplates-reminders.yaml", "      type: SMS\n      days: [3]", "      type: SMS\n      days: [5]")
	a, v = account("business")
	v.IssuedOn = issued
	want = []string{
		"2026-11-26 09:00 Email dana@miller.example business-reminders/first-reminder 1001 day 3",
		"2026-11-30 09:00 SMS +447700900142 business-reminders/first-text 1001 day 5", // Saturday, 28 November
	}
	if diff := cmp.Diff(want, told(t, r, a, v, 21+10)); diff != "" {
		t.Errorf("edited, -want +got:\n%s", diff)
	}
}
