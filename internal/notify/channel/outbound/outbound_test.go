package outbound

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/notify/channel"
	"github.com/foyerhq/foyer/internal/testenv/https"
)

func TestMain(m *testing.M) { os.Exit(https.Run(m)) }

var (
	loopback = NewGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")})
	noon     = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

func TestWhichAddressesAreCalled(t *testing.T) {
	guard := NewGuard([]netip.Prefix{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("fd00:20::/32")})
	for _, called := range []string{
		"8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.1", "100.63.0.1", "100.128.0.1", "192.0.1.1", "::ffff:8.8.8.8", "2606:4700:4700::1111", "2a00:1450::1",
		"10.20.0.1", "10.20.255.255", "::ffff:10.20.0.1", "fd00:20::1",
	} {
		if err := guard.Check(netip.MustParseAddr(called)); err != nil {
			t.Error(err)
		}
	}
	for _, refused := range []string{
		"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.0.1", "10.0.0.1", "10.19.255.255", "10.21.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
		"169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
		"168.63.129.16", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.88.99.1",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00::1", "fd00:ec2::254",
		"ff02::1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "::ffff:0:127.0.0.1", "::ffff:0:0:1", "2001::1", "2002:7f00:1::1", "2001:db8::1", "100::1", "fec0::1", "3fff::1", "5f00::1",
	} {
		var blocked *BlockedError
		if err := guard.Check(netip.MustParseAddr(refused)); !errors.As(err, &blocked) {
			t.Errorf("%s is called (%v)", refused, err)
		}
	}
}

// The API of the cluster is not called, be its address public or in a network that may be.
func TestTheClusterIsNotCalled(t *testing.T) {
	for _, address := range []string{"34.1.2.3", "10.20.0.1", "2600:1900::1"} {
		t.Setenv("KUBERNETES_SERVICE_HOST", address)
		guard := NewGuard([]netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")})
		err := guard.Check(netip.MustParseAddr(address))
		if Code(err) != channel.CodeBlocked || strings.Contains(err.Error(), "--allow-outgoing") {
			t.Errorf("%s: %v", address, err)
		}
		for _, other := range []string{"34.1.2.4", "10.20.0.2", "2600:1900::2"} {
			if err := guard.Check(netip.MustParseAddr(other)); err != nil {
				t.Error(err)
			}
		}
	}
	t.Setenv("KUBERNETES_SERVICE_HOST", "kubernetes.default.svc")
	if err := NewGuard(nil).Check(netip.MustParseAddr("8.8.8.8")); err != nil {
		t.Error(err)
	}
}

// count is a server that counts its requests.
func count(t *testing.T, requests *atomic.Int64, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		io.Copy(io.Discard, r.Body) //nolint:errcheck // who left is noticed after the body only
		handle(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func client(t *testing.T, guard *Guard, timeout time.Duration) *Client {
	t.Helper()
	c := guard.NewClient(timeout, func() time.Time { return noon })
	t.Cleanup(c.Close)
	return c
}

func post(t *testing.T, c *Client, address string) (Answer, error) {
	t.Helper()
	return c.Post(t.Context(), address, http.Header{}, []byte("{}"), false)
}

// Names are looked up first, so that one which leads inside is refused too.
func TestPrivateAddressesAreNotCalled(t *testing.T) {
	var requests atomic.Int64
	address := count(t, &requests, func(http.ResponseWriter, *http.Request) {})
	for _, a := range []string{address, strings.Replace(address, "127.0.0.1", "localhost", 1), strings.Replace(address, "127.0.0.1", "[::ffff:127.0.0.1]", 1)} {
		_, err := post(t, client(t, NewGuard(nil), time.Minute), a)
		if Code(err) != channel.CodeBlocked || !strings.Contains(err.Error(), "--allow-outgoing") {
			t.Errorf("%s: %v", a, err)
		}
		if post := (*PostError)(nil); !errors.As(err, &post) || post.Sent {
			t.Errorf("%s: it is said to be sent", a)
		}
	}
	if requests.Load() != 0 {
		t.Error("a request arrived")
	}
	if answer, err := post(t, client(t, loopback, time.Minute), address); err != nil || !answer.OK() {
		t.Errorf("%v, %v", answer, err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	var requests, others atomic.Int64
	other := count(t, &others, func(http.ResponseWriter, *http.Request) {})
	for _, status := range []int{301, 302, 303, 307, 308} {
		address := count(t, &requests, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", other)
			w.WriteHeader(status)
		})
		answer, err := post(t, client(t, loopback, time.Minute), address)
		if err != nil || answer.Status != status {
			t.Errorf("%v, %v", answer, err)
		}
	}
	if others.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

func TestProxiesOfTheEnvironmentAreIgnored(t *testing.T) {
	var requests atomic.Int64
	address := count(t, &requests, func(http.ResponseWriter, *http.Request) {})
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"} {
		t.Setenv(name, "http://127.0.0.1:1")
	}
	if _, err := post(t, client(t, loopback, time.Minute), address); err != nil || requests.Load() != 1 {
		t.Errorf("%d requests, %v", requests.Load(), err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	var requests atomic.Int64
	address := count(t, &requests, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	})
	answer, err := post(t, client(t, loopback, time.Minute), address)
	if err != nil || len(answer.Body) != MaxAnswer || !answer.OK() {
		t.Errorf("%d bytes, %v", len(answer.Body), err)
	}
}

// What packs well is not unpacked.
func TestNothingIsUnpacked(t *testing.T) {
	var requests atomic.Int64
	address := count(t, &requests, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "accepted:"+r.Header.Get("Accept-Encoding"))
	})
	if answer, err := post(t, client(t, loopback, time.Minute), address); err != nil || string(answer.Body) != "accepted:" {
		t.Errorf("%q, %v", answer.Body, err)
	}
}

func TestNoAnswer(t *testing.T) {
	var requests atomic.Int64
	silent := count(t, &requests, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	rude := count(t, &requests, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for _, test := range []struct {
		name, address string
		sent          bool
		code          string
	}{
		{"silent", silent, true, channel.CodeTimeout},
		{"cut", rude, true, channel.CodeConnection},
		{"nobody there", "https://" + nobody.Addr().String(), false, channel.CodeConnection},
		{"no TLS", strings.Replace(plain.URL, "http://", "https://", 1), false, channel.CodeConnection},
		{"another name", strings.Replace(silent, "127.0.0.1", "127.0.0.2", 1), false, channel.CodeConnection},
		{"no such name", "https://no-such-host.invalid/", false, channel.CodeConnection},
		{"no address", "https://%zz/", false, channel.CodeConnection},
	} {
		t.Run(test.name, func(t *testing.T) {
			timeout := time.Minute
			if test.code == channel.CodeTimeout {
				timeout = 500 * time.Millisecond
			}
			_, err := post(t, client(t, loopback, timeout), test.address+"/?token=a-secret")
			var failure *PostError
			if !errors.As(err, &failure) || failure.Sent != test.sent || Code(err) != test.code {
				t.Errorf("got %q (%v), want %q, sent %v", Code(err), err, test.code, test.sent)
			}
			if strings.Contains(err.Error(), "a-secret") {
				t.Errorf("%v tells the address", err)
			}
		})
	}
}

func TestACertificateOfAnotherName(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Listener.Close()
	server.Listener = listener
	server.StartTLS()
	defer server.Close()
	if _, err := post(t, client(t, loopback, time.Minute), server.URL); Code(err) != channel.CodeTLS {
		t.Errorf("got %v", err)
	}
}

func TestTheContextEnds(t *testing.T) {
	var requests atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	address := count(t, &requests, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, err := client(t, loopback, time.Minute).Post(ctx, address, http.Header{}, nil, true)
	if Code(err) != channel.CodeTimeout {
		t.Errorf("got %v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	c := client(t, loopback, time.Minute)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "120": 2 * time.Minute, "-5": 0, "9999999999": 0, "2000000000": maxAfter, "soon": 0, "1.5": 0,
		"Sun, 22 Nov 2026 12:10:00 GMT": 10 * time.Minute, "Sun, 22 Nov 2026 11:00:00 GMT": 0, "Mon, 22 Nov 2027 12:00:00 GMT": maxAfter,
	} {
		if got := c.after(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// A server may close a connection while nobody uses it. What can be repeated is sent again.
func TestAConnectionThatWasClosed(t *testing.T) {
	var requests atomic.Int64
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	defer server.Close()
	c := client(t, loopback, time.Minute)
	for range 20 {
		if _, err := c.Post(t.Context(), server.URL, http.Header{}, []byte("{}"), true); err != nil {
			t.Fatal(err)
		}
		server.CloseClientConnections()
	}
	if got := requests.Load(); got < 20 {
		t.Errorf("%d requests", got)
	}
}
