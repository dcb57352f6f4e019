package backoffice

import (
	"compress/gzip"
	"net/http"
	"slices"
	"sync"
)

// minGzipBytes is how long an answer has to be for compression to be worth it: a
// shorter one fits one packet anyhow.
const minGzipBytes = 1400

// compressible are the media types that are compressed. An import streams its answer and
// is left alone.
var compressible = []string{"application/json", "application/problem+json", "application/openapi+json", "application/openapi+yaml", "text/html; charset=utf-8", "text/css; charset=utf-8"}

var gzipWriters = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// compressed compresses answers for clients that take gzip. An answer with an entity tag
// goes out as it is: the tag is that of the uncompressed one, and one row is short.
func compressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !takesGzip(r.Header.Values("Accept-Encoding")) {
			next.ServeHTTP(w, r)
			return
		}
		squeezed := &gzipResponse{ResponseWriter: w}
		next.ServeHTTP(squeezed, r)
		squeezed.close() // not deferred: half an answer of a panic must not look whole
	})
}

func takesGzip(headers []string) bool {
	wanted := acceptRanges(headers)
	return wanted["gzip"]
}

// gzipResponse holds back the begin of an answer until it is known whether to compress it.
type gzipResponse struct {
	http.ResponseWriter
	status  int
	held    []byte
	decided bool
	zip     *gzip.Writer // nil: not compressed
}

// Unwrap is how http.ResponseController reaches deadlines.
func (g *gzipResponse) Unwrap() http.ResponseWriter { return g.ResponseWriter }

// WriteHeader keeps the status for when the first bytes go out.
func (g *gzipResponse) WriteHeader(status int) {
	if status < http.StatusOK {
		g.ResponseWriter.WriteHeader(status)
		return
	}
	if g.status == 0 {
		g.status = status
	}
	if !g.eligible() {
		g.decide(false)
	}
}

func (g *gzipResponse) eligible() bool {
	h := g.Header()
	return slices.Contains(compressible, h.Get("Content-Type")) && h.Get("ETag") == "" && h.Get("Content-Encoding") == "" &&
		g.status != http.StatusNoContent && g.status != http.StatusNotModified
}

func (g *gzipResponse) Write(b []byte) (int, error) {
	if g.status == 0 {
		g.WriteHeader(http.StatusOK)
	}
	if !g.decided {
		if len(g.held)+len(b) < minGzipBytes {
			g.held = append(g.held, b...)
			return len(b), nil
		}
		g.decide(true)
	}
	if g.zip != nil {
		return g.zip.Write(b)
	}
	return g.ResponseWriter.Write(b)
}

// decide sends the head of the answer and what was held back.
func (g *gzipResponse) decide(squeeze bool) {
	if g.decided {
		return
	}
	g.decided = true
	if slices.Contains(compressible, g.Header().Get("Content-Type")) {
		g.Header().Add("Vary", "Accept-Encoding")
	}
	if squeeze {
		g.Header().Set("Content-Encoding", "gzip")
		g.Header().Del("Content-Length")
		g.zip, _ = gzipWriters.Get().(*gzip.Writer)
		g.zip.Reset(g.ResponseWriter)
	}
	g.ResponseWriter.WriteHeader(g.status)
	if len(g.held) == 0 {
		return
	}
	if g.zip != nil {
		_, _ = g.zip.Write(g.held) // a client that has gone notices by itself
		return
	}
	_, _ = g.ResponseWriter.Write(g.held)
}

// FlushError sends what was written so far.
func (g *gzipResponse) FlushError() error {
	if g.status == 0 {
		g.WriteHeader(http.StatusOK)
	}
	g.decide(false)
	if g.zip != nil {
		if err := g.zip.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(g.ResponseWriter).Flush()
}

func (g *gzipResponse) close() {
	if g.status == 0 {
		return // nothing was answered; net/http does
	}
	g.decide(false)
	if g.zip != nil {
		_ = g.zip.Close() // a client that has gone notices by itself
		gzipWriters.Put(g.zip)
	}
}
