package web

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestInitial(t *testing.T) {
	for name, want := range map[string]string{"Acme": "A", "nordlicht": "N", "\"Élan\"": "É", "3 Rivers": "3", "北方": "北", "": "·", "…": "·"} {
		if got := (Brand{Name: name}).Initial(); got != want {
			t.Errorf("Initial of %q = %q, want %q", name, got, want)
		}
	}
}

func TestTel(t *testing.T) {
	if got := (Brand{SupportPhone: "+61 (2) 5550-0100"}).Tel(); got != "tel:+61255500100" {
		t.Errorf("Tel = %q", got)
	}
}

// Pages of several colours in turn each get the addresses of their own.
func TestPathsFollowTheAccent(t *testing.T) {
	seen := map[string]string{}
	for range 2 {
		for _, accent := range []string{"#0a5fb4", "#ffff00", "", "#0A5FB4"} {
			got := BrandPath(accent) + " " + IconPath(accent)
			if before, again := seen[accent]; again && got != before {
				t.Errorf("%q: %s, before %s", accent, got, before)
			}
			seen[accent] = got
		}
	}
	if seen["#0a5fb4"] != seen["#0A5FB4"] || seen["#0a5fb4"] == seen["#ffff00"] || !strings.Contains(seen[""], DefaultAccent[1:]) {
		t.Errorf("%v", seen)
	}
}

func render(t *testing.T, p Page, n Note) string {
	t.Helper()
	var b bytes.Buffer
	if err := Message(p, n).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A provider may have named nobody for help, no terms and no colour.
func TestLayoutWithoutBranding(t *testing.T) {
	page := render(t, Page{Title: "Oops", Brand: Brand{Name: "Acme"}}, Note{Title: "Oops", Text: "Gone", ShowSupport: true})
	for _, want := range []string{"ask Acme.", "/assets/brand-" + DefaultAccent[1:], "Customer portal"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not have %q:\n%s", want, page)
		}
	}
	for _, not := range []string{"mailto:", "tel:", "/sign-out", "<nav", "Terms"} {
		if strings.Contains(page, not) {
			t.Errorf("the page has %q", not)
		}
	}
}

// Addresses come from a tenant's object: only ones that a browser opens as pages pass.
func TestLayoutRefusesScriptAddresses(t *testing.T) {
	page := render(t, Page{Title: "x", Brand: Brand{Name: "Acme", TermsURL: "javascript:alert(1)", PrivacyURL: `https://acme.example/"><b>`}}, Note{Title: "x"})
	if strings.Contains(page, "javascript:") || strings.Contains(page, `"><b>`) {
		t.Errorf("an address became script or markup:\n%s", page)
	}
}

func TestProblemKeepsItsCausePrivate(t *testing.T) {
	cause := errors.New("connection to 10.0.0.1 refused")
	problem := Unavailable(cause)
	if !errors.Is(problem, cause) || !strings.Contains(problem.Error(), cause.Error()) {
		t.Error("the cause is lost for the log")
	}
	if strings.Contains(problem.Title+problem.Text, "10.0.0.1") {
		t.Error("the cause is public")
	}
}

// HTML that has an attribute twice is wrong.
func TestFieldHasEachAttributeOnce(t *testing.T) {
	for name, in := range map[string]Input{
		"a line": {Name: "a"}, "several lines": {Name: "a", Rows: 3, MaxLength: 500, Hint: "hint", Problem: "problem"}, "an address": {Name: "a", Type: "email"},
	} {
		var b bytes.Buffer
		if err := Field(in).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		want := 1
		if in.Type == "email" {
			want = 0
		}
		if got := strings.Count(b.String(), ` dir="`); got != want {
			t.Errorf("%s: dir %d times, want %d:\n%s", name, got, want, b.String())
		}
	}
}
