package edge

import (
	"io"
	"net/http/httputil"
	"net/url"
)

// Forward rewrites a request for the server at target: it keeps the host name, replaces
// what the client said about itself, and ends the body where the client said that it ends.
//
// The last is against a race of net/http: after a body of a known length the transport
// reads once more, to see that there is no more. Where the server has answered by then,
// the edge has closed the body, the transport takes that for a failure and closes the
// connection, and the answer never arrives in full ("read error during body copy").
func Forward(r *httputil.ProxyRequest, target *url.URL) {
	r.SetURL(target)
	r.Out.Host = r.In.Host
	r.SetXForwarded()
	if r.Out.ContentLength > 0 {
		r.Out.Body = &measuredBody{ReadCloser: r.Out.Body, left: r.Out.ContentLength}
	}
}

// measuredBody is a body of which left bytes are to come.
type measuredBody struct {
	io.ReadCloser
	left int64
}

func (b *measuredBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
