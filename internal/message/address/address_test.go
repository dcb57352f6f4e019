package address

import (
	"net/mail"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	const bare = "billing@acme.example"
	for _, test := range []struct{ text, name, address string }{
		{bare, "", bare},
		{" billing@ACME.example ", "", bare},
		{"<" + bare + ">", "", bare},
		{"Acme <" + bare + ">", "Acme", bare},
		{"Acme<" + bare + ">", "Acme", bare},
		{"Acme, Inc. <" + bare + ">", "Acme, Inc.", bare},
		{`"Acme, Inc." <` + bare + ">", "Acme, Inc.", bare},
		{`"Acme \"The\\Best\"" <` + bare + ">", `Acme "The\Best"`, bare},
		{"Acme: Rechnungen <" + bare + ">", "Acme: Rechnungen", bare},
		{"Acme [EU] <" + bare + ">", "Acme [EU]", bare},
		{"Acme; x <" + bare + ">", "Acme; x", bare},
		{"Acme (Germany) <" + bare + ">", "Acme (Germany)", bare},
		{`Acme \o/ <` + bare + ">", `Acme \o/`, bare},
		{"Acme   Télécom <" + bare + ">", "Acme Télécom", bare},
		{"آکمه\u200cها <" + bare + ">", "آکمه\u200cها", bare},
		{"billing@bücher.example", "", "billing@xn--bcher-kva.example"},
		{"änna@acme.example", "", "änna@acme.example"},
		{"a+b.c@localhost", "", "a+b.c@localhost"},
	} {
		got, err := Parse(test.text)
		if err != nil || got.Name != test.name || got.Address != test.address {
			t.Errorf("%q became %v (%v)", test.text, got, err)
			continue
		}
		read, err := mail.ParseAddress(got.String())
		if err != nil || *read != *got {
			t.Errorf("%q is written as %s, which others read as %v (%v)", test.text, got, read, err)
		}
	}
}

func TestNoAddress(t *testing.T) {
	for _, text := range []string{
		"", "acme", "@acme.example", "a@", "a..b@acme.example", ".a@acme.example", "a.@acme.example", "a@acme..example", "a@acme.example.",
		"Acme <a..b@acme.example>", "Acme <a@acme.example", "Acme a@acme.example", "a@acme.example, b@acme.example", "Acme <a@acme.example>, <b@acme.example>",
		`"a b"@acme.example`, "a@[192.0.2.1]", "a@acme.example (comment)", "(comment) a@acme.example", "Acme <a@acme.example (comment)>", "Acme <b <a@acme.example>>",
		"undisclosed:;", "Acme\r\nBcc: <a@acme.example>", "Acme\x00 <a@acme.example>", "Ac\u202eme <a@acme.example>", "\xff@acme.example",
		"=?utf-8?q?Acme?= <a@acme.example>", "a@acme.example <b@acme.example>", "a@-acme", strings.Repeat("x", 101) + " <a@acme.example>", strings.Repeat("x", 250) + "@acme.example",
		strings.Repeat(" ", 1000) + "a@acme.example",
	} {
		if got, err := Parse(text); err == nil {
			t.Errorf("%q is taken as %s", text, got)
		} else if strings.ContainsAny(err.Error(), "\r\n\x00") {
			t.Errorf("%q: the error has several lines", text)
		}
	}
}

// FuzzParse: what is taken for an address goes into one line of SMTP and one header, and
// others read it there as the same address.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"a@b", "Anna <a@b.example>", "änna@bücher.example", `"a b"@c`, "a@b\r\nRCPT TO:<c@d>", "<a@b>", "a@[192.0.2.1]", "a..b@c", "(x) a@b (y)",
		"=?utf-8?q?=0D=0A?= <a@b>", "a@xn--bcher-kva.example", "a@b.", "a@-b", "undisclosed:;", `"\"" <a@b>`, "\x00a@b", "a@b_c.example", "A, B: [c] (d); \\ \" <a@b>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := Parse(text)
		if err != nil {
			return
		}
		if strings.ContainsAny(a.Address, " <>\r\n\x00") || strings.ContainsAny(a.String(), "\r\n\x00") || Host(a) == "" {
			t.Fatalf("%q became %s", text, a)
		}
		if again, err := mail.ParseAddress(a.String()); err != nil || *again != *a {
			t.Fatalf("%q became %s, and that %v (%v)", text, a, again, err)
		}
		if again, err := Parse(a.Address); err != nil || again.Address != a.Address {
			t.Fatalf("%q became %s, and that %v (%v)", text, a, again, err)
		}
	})
}
