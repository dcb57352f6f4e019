package process

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestClientIP(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	tests := []struct {
		name      string
		remote    string
		forwarded []string
		trusted   []netip.Prefix
		want      string
	}{
		{name: "direct", remote: "203.0.113.9:1234", trusted: trusted, want: "203.0.113.9"},
		{name: "an untrusted peer cannot claim another address", remote: "203.0.113.9:1", forwarded: []string{"198.51.100.1"}, trusted: trusted, want: "203.0.113.9"},
		{name: "one trusted proxy", remote: "10.1.2.3:1", forwarded: []string{"198.51.100.1"}, trusted: trusted, want: "198.51.100.1"},
		{name: "the client's own claim is left of what the proxy wrote", remote: "10.1.2.3:1", forwarded: []string{"1.1.1.1, 198.51.100.1"}, trusted: trusted, want: "198.51.100.1"},
		{name: "two trusted proxies", remote: "10.1.2.3:1", forwarded: []string{"1.1.1.1, 198.51.100.1, 10.9.9.9"}, trusted: trusted, want: "198.51.100.1"},
		{name: "several header lines are one list", remote: "10.1.2.3:1", forwarded: []string{"1.1.1.1", "198.51.100.1", "10.9.9.9"}, trusted: trusted, want: "198.51.100.1"},
		{name: "only proxies", remote: "10.1.2.3:1", forwarded: []string{"10.4.4.4"}, trusted: trusted, want: "10.4.4.4"},
		{name: "no trusted proxies", remote: "10.1.2.3:1", forwarded: []string{"198.51.100.1"}, want: "10.1.2.3"},
		{name: "garbage ends the walk", remote: "10.1.2.3:1", forwarded: []string{"198.51.100.1, unknown, 10.9.9.9"}, trusted: trusted, want: "10.9.9.9"},
		{name: "an empty entry ends the walk", remote: "10.1.2.3:1", forwarded: []string{"198.51.100.1,"}, trusted: trusted, want: "10.1.2.3"},
		{name: "entries with ports", remote: "10.1.2.3:1", forwarded: []string{"198.51.100.1:555"}, trusted: trusted, want: "198.51.100.1"},
		{name: "IPv6 with port", remote: "[fd00::1]:1", forwarded: []string{"[2001:db8::7]:555"}, trusted: trusted, want: "2001:db8::7"},
		{name: "IPv6 in brackets", remote: "[fd00::1]:1", forwarded: []string{"[2001:db8::7]"}, trusted: trusted, want: "2001:db8::7"},
		{name: "IPv4 in IPv6 is IPv4", remote: "[::ffff:10.1.2.3]:1", forwarded: []string{"::ffff:198.51.100.1"}, trusted: trusted, want: "198.51.100.1"},
		{name: "a zone is dropped", remote: "[fe80::1%eth0]:1", trusted: trusted, want: "fe80::1"},
		{name: "not an address", remote: "@", trusted: trusted, want: "@"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: test.remote, Header: http.Header{}}
			for _, line := range test.forwarded {
				r.Header.Add("X-Forwarded-For", line)
			}
			if got := ClientIP(r, test.trusted); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
