package v1alpha1_test

import (
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/message/address"
)

// What the schema takes for an address or a sender can be sent to and from: the operator
// reads it as the channel does. The operator alone knows how long a name may be, and which
// characters nobody sees.
func TestAddressesThatAreAcceptedCanBeUsed(t *testing.T) {
	bare, sender := schemaOf(t, "tenants", "email", "replyTo"), schemaOf(t, "tenants", "email", "from")
	local := []string{"a", "a.b", "a+b-c_d", "o'hara", "änna", "a..b", ".a", "a.", "a b", "a,b", "a;b", "a(b)", "a[b", `a\b`, "a\x01b", "a\u0085b", "a:b", `"a"`, ""}
	hosts := []string{"acme.example", "mail.acme.example", "bücher.example", "acme", "acme..example", ".acme.example", "acme.example.", "acme,example.org", "a@b.example", "acme.exa\x7fmple"}
	names := []string{"", "Acme ", "Acme, Inc. ", `"Acme, Inc." `, "Acme: Rechnungen ", "Acme [EU] ", "Acme; x ", "Acme (Germany) ", "A@B ", "A<B ", "Acme\r\nBcc: x ", "Acme\x00 ", "Acme\u0085 "}
	accepted, refused := 0, 0
	try := func(is bool, text string) {
		if !is {
			refused++
			return
		}
		accepted++
		if _, err := address.Parse(text); err != nil {
			t.Errorf("the schema accepts %q: %v", text, err)
		}
	}
	for _, l := range local {
		for _, h := range hosts {
			text := l + "@" + h
			try(acceptedBySchema(t, bare, text), text)
			if acceptedBySchema(t, bare, "<"+text+">") || acceptedBySchema(t, bare, "Acme <"+text+">") {
				t.Errorf("%q is taken with a name", text)
			}
			for _, name := range names {
				text := text
				if name != "" {
					text = name + "<" + text + ">"
				}
				try(acceptedBySchema(t, sender, text), text)
			}
		}
	}
	if accepted < 100 || refused < 100 {
		t.Errorf("%d were accepted and %d refused: this test tries too little", accepted, refused)
	}
	for _, fine := range []string{"billing@acme.example", "Acme, Inc. [EU]: x; (y) <billing@acme.example>", `"Acme, Inc." <o'hara+a.b@mail.acme.example>`} {
		if !acceptedBySchema(t, sender, fine) {
			t.Errorf("%s is refused", fine)
		}
	}
	if long := strings.Repeat("a", 320) + " <a@b.example>"; acceptedBySchema(t, sender, long) {
		t.Error("a sender may be as long as it likes")
	}
}
