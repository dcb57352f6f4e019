package compile_test

import (
	"fmt"
	"testing"

	"github.com/foyerhq/foyer/internal/compile"
)

// BenchmarkUnchanged is what a pass costs when nothing is to do: a restarted manager
// does it for every tenant.
func BenchmarkUnchanged(b *testing.B) {
	in := compile.Input{Tenant: tenant(1), Usage: usage()}
	for i := range 4 {
		in.AccountProfiles = append(in.AccountProfiles, accountProfile(fmt.Sprint("a", i), 1, terms(5), zone("Europe/Berlin")))
		in.MyAccountProfiles = append(in.MyAccountProfiles, portalProfile(fmt.Sprint("p", i), 1))
	}
	in.MyAccountProfiles = append(in.MyAccountProfiles, portalProfile("vip", 1, forCustomer("1")))
	out, err := compile.Compile(in)
	if err != nil {
		b.Fatal(err)
	}
	in.Live = out.Document
	b.ReportAllocs()
	for b.Loop() {
		if _, err := compile.Compile(in); err != nil {
			b.Fatal(err)
		}
	}
}
