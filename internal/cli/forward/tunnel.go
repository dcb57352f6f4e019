package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/streaming/pkg/httpstream"
)

// tunnel is a port-forward that runs.
type tunnel struct {
	streams httpstream.Connection
	port    string
	number  atomic.Int64 // of the connection made last
	gone    chan struct{}
}

func newTunnel(streams httpstream.Connection, port int32) *tunnel {
	t := &tunnel{streams: streams, port: strconv.Itoa(int(port)), gone: make(chan struct{})}
	go func() {
		defer close(t.gone)
		<-streams.CloseChan()
	}()
	return t
}

func (t *tunnel) Gone() <-chan struct{} { return t.gone }

func (t *tunnel) Close() { _ = t.streams.Close() } // once more is no harm

// Dial opens the two streams that are one connection.
func (t *tunnel) Dial(ctx context.Context) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	headers := http.Header{}
	headers.Set(corev1.PortHeader, t.port)
	headers.Set(corev1.PortForwardRequestIDHeader, strconv.FormatInt(t.number.Add(1), 10))
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	problems, err := t.streams.CreateStream(headers)
	if err != nil {
		return nil, fmt.Errorf("connect through the cluster: %w", err)
	}
	_ = problems.Close() // nothing is written to it
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := t.streams.CreateStream(headers)
	if err != nil {
		t.streams.RemoveStreams(problems)
		return nil, fmt.Errorf("connect through the cluster: %w", err)
	}
	c := &connection{Stream: data, tunnel: t, problems: problems, told: make(chan struct{})}
	go c.listen()
	return c, nil
}

// connection is one to the port of the pod.
type connection struct {
	httpstream.Stream
	tunnel   *tunnel
	problems httpstream.Stream
	closing  sync.Once

	told    chan struct{} // closed when the cluster has said all
	problem error         // what it said; nil: nothing. To be read after told
}

// listen waits for what the cluster has to say of the connection. After a problem the
// tunnel is of no more use, as the port-forward of kubectl has it.
func (c *connection) listen() {
	text, _ := io.ReadAll(io.LimitReader(c.problems, 4<<10)) // it ends with the connection
	if message := strings.TrimSpace(string(text)); message != "" {
		c.problem = errors.New(message)
	}
	close(c.told)
	if c.problem != nil {
		c.tunnel.Close()
	}
}

// Read tells why the other side has ended it, if there was a problem.
func (c *connection) Read(p []byte) (int, error) {
	n, err := c.Stream.Read(p)
	if n > 0 || err == nil {
		return n, err
	}
	<-c.told
	if c.problem != nil {
		return 0, c.problem
	}
	return 0, err
}

// Close ends both directions at once: that of the stream alone would end one.
func (c *connection) Close() error {
	c.closing.Do(func() {
		_, _ = c.Reset(), c.problems.Reset() // they may have ended
		c.tunnel.streams.RemoveStreams(c.Stream, c.problems)
	})
	return nil
}

// address is that of either side: there are no others.
type address struct{}

func (address) Network() string { return "portforward" }
func (address) String() string  { return "portforward" }

func (c *connection) LocalAddr() net.Addr  { return address{} }
func (c *connection) RemoteAddr() net.Addr { return address{} }

// HTTP ends a request by closing its connection.
func (c *connection) SetDeadline(time.Time) error      { return os.ErrNoDeadline }
func (c *connection) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (c *connection) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }
