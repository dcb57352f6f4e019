// Package edge is the TLS edge of the demo: what a load balancer or an ingress
// controller is in a real cluster. It listens on loopback, serves every portal and
// API under its own host name below "localhost" with a certificate from the demo's
// own authority, and passes requests on to the tenants' Services.
package edge

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// Address is where the edge listens: names below localhost lead there.
const Address = "127.0.0.1:443"

// Server returns the edge's server for a listener with TLS. own are sites of the demo
// itself, by host name.
func Server(routes *Routes, authority *Authority, own map[string]http.Handler) *http.Server {
	return &http.Server{
		Handler:           Handler(routes, own),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		TLSConfig: &tls.Config{
			MinVersion: tls.VersionTLS12,
			GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
				name := strings.ToLower(hello.ServerName)
				if name != "localhost" && !strings.HasSuffix(name, ".localhost") {
					return nil, fmt.Errorf("no certificate for %q: the demo serves names below localhost", name)
				}
				return authority.Certificate(name)
			},
		},
	}
}

// Handler passes each request on by its host name.
func Handler(routes *Routes, own map[string]http.Handler) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			Forward(r, r.In.Context().Value(targetKey{}).(*url.URL)) //nolint:forcetypeassert // set below, on every request
		},
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute, DialContext: (&net.Dialer{Timeout: 3 * time.Second}).DialContext},
		FlushInterval: -1, // the import API answers while it reads
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			slog.Warn("not passed on", "host", r.Host, "error", err)
			http.Error(w, "The demo's edge cannot reach this site just now.", http.StatusBadGateway)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if site := own[hostname(r)]; site != nil {
			site.ServeHTTP(w, r)
			return
		}
		target := routes.Target(hostname(r))
		if target == nil {
			http.Error(w, "No tenant of the demo has this host name.", http.StatusNotFound)
			return
		}
		// The table may change before the proxy asks again.
		proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), targetKey{}, target)))
	})
}

type targetKey struct{}

func hostname(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	return strings.ToLower(host)
}

// Redirect sends http visitors to https.
func Redirect() *http.Server {
	return &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+hostname(r)+r.URL.RequestURI(), http.StatusPermanentRedirect) //nolint:gosec // to the very host that was asked for, by https
		}),
	}
}

// Serve runs the server on an address until ctx ends.
func Serve(ctx context.Context, server *http.Server, address string) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("the edge cannot listen on %s: %w", address, err)
	}
	stopped := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stopped()
	if server.TLSConfig != nil {
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("the edge stopped: %w", err)
}
