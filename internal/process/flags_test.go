package process

import (
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseFlags(t *testing.T) {
	t.Setenv("POD_NAME", "acme-portal-1")
	got, err := ParseFlags("portal", ":8080", nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want := Flags{
		SettingsDir: "/etc/foyer/settings", DatabaseDir: "/etc/foyer/database", Listen: ":8080",
		AdminListen: ":9090", Drain: 5 * time.Second, Pod: "acme-portal-1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	got, err = ParseFlags("portal", ":8080", []string{"--trusted-proxies= 10.1.2.3/8 ,fd00::/8,192.0.2.1", "--drain-seconds=0"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("192.0.2.1/32")}
	if diff := cmp.Diff(trusted, got.TrustedProxies, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("trusted proxies (-want +got):\n%s", diff)
	}
}

func TestParseFlagsRefuses(t *testing.T) {
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"extra"}, `unexpected argument "extra", portal takes flags only`},
		{[]string{"--drain-seconds=-1"}, "--drain-seconds: -1 is out of range, allowed is 0 to 600"},
		{[]string{"--drain-seconds=601"}, "--drain-seconds: 601 is out of range, allowed is 0 to 600"},
		{[]string{"--trusted-proxies=10.0.0.0/33"}, `--trusted-proxies: "10.0.0.0/33" is not a CIDR such as 10.0.0.0/8`},
		{[]string{"--trusted-proxies=proxy.example"}, `--trusted-proxies: "proxy.example" is not a CIDR such as 10.0.0.0/8`},
		{[]string{"--trusted-proxies=::ffff:10.0.0.0/104"}, "--trusted-proxies: write IPv4 networks as IPv4, such as 10.0.0.0/8, not as ::ffff:10.0.0.0/104"},
		{[]string{"--unknown"}, "flag provided but not defined: -unknown"},
	}
	for _, test := range tests {
		_, err := ParseFlags("portal", ":8080", test.args, io.Discard)
		if err == nil || err.Error() != test.want {
			t.Errorf("%v: got %v, want %s", test.args, err, test.want)
		}
	}
}
