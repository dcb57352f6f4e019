// Package forward is the port-forward of `kubectl foyer`: a tunnel through the API server
// to a port of a pod, over WebSockets, or SPDY where something on the way knows only that.
// It runs in this process and listens on loopback alone, on a port that is free.
package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/foyerhq/foyer/internal/cli/reach"
)

// Open opens a tunnel to a port of a pod. It ends by Close, not with the context.
func Open(ctx context.Context, config *rest.Config, pod types.NamespacedName, port int32) (reach.Tunnel, error) {
	dial, err := newDialer(config, pod)
	if err != nil {
		return nil, err
	}
	t := &tunnel{stop: make(chan struct{}), gone: make(chan struct{})}
	ready := make(chan struct{})
	messages := &lastMessage{}
	forwarder, err := portforward.NewOnAddressesForStreaming(dial, []string{"127.0.0.1"}, []string{fmt.Sprintf("0:%d", port)}, t.stop, ready, io.Discard, messages)
	if err != nil {
		return nil, err
	}
	failed := make(chan error, 1)
	go func() {
		defer close(t.gone)
		failed <- forwarder.ForwardPorts()
	}()
	select {
	case <-ctx.Done():
		t.Close()
		return nil, ctx.Err()
	case err := <-failed:
		if dial.err != nil {
			return nil, dial.err // knows more than the text that err has of it
		}
		return nil, fmt.Errorf("%w %s", err, messages.text())
	case <-ready:
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		t.Close()
		return nil, err
	}
	t.address = net.JoinHostPort("127.0.0.1", strconv.Itoa(int(ports[0].Local)))
	return t, nil
}

// tunnel is a port-forward that runs.
type tunnel struct {
	address string
	stop    chan struct{}
	once    sync.Once
	gone    chan struct{}
}

func (t *tunnel) Dial(ctx context.Context) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", t.address)
}

func (t *tunnel) Gone() <-chan struct{} { return t.gone }

func (t *tunnel) Close() { t.once.Do(func() { close(t.stop) }) }

// dialer keeps the error of dialling, of which portforward passes on the text alone.
type dialer struct {
	httpstream.Dialer
	refused error // of WebSockets: the words of the cluster, where it has refused
	err     error
}

func (d *dialer) Dial(protocols ...string) (httpstream.Connection, string, error) {
	connection, protocol, err := d.Dialer.Dial(protocols...)
	if err != nil && d.refused != nil {
		err = d.refused // SPDY has its text alone
	}
	d.err = err
	return connection, protocol, err
}

// fallsBack says whether SPDY is tried after an error of WebSockets. So it is where the
// right to one of them is missing: older clusters ask for another verb for each.
func (d *dialer) fallsBack(err error) bool {
	var failure *httpstream.UpgradeFailureError
	var status *apierrors.StatusError
	if errors.As(err, &failure) && errors.As(failure.Cause, &status) {
		d.refused = status
	}
	return failure != nil || httpstream.IsHTTPSProxyError(err)
}

func newDialer(config *rest.Config, pod types.NamespacedName) (*dialer, error) {
	address, err := addressOf(config, pod)
	if err != nil {
		return nil, err
	}
	sockets, err := portforward.NewSPDYOverWebsocketDialerForStreaming(address, config)
	if err != nil {
		return nil, err
	}
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	d := &dialer{}
	old := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, address)
	d.Dialer = portforward.NewFallbackDialerForStreaming(sockets, old, d.fallsBack)
	return d, nil
}

// addressOf is the subresource of the pod.
func addressOf(config *rest.Config, pod types.NamespacedName) (*url.URL, error) {
	core, err := corev1client.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return core.RESTClient().Post().Resource("pods").Namespace(pod.Namespace).Name(pod.Name).SubResource("portforward").URL(), nil
}

// lastMessage keeps the last line that portforward wrote.
type lastMessage struct {
	mutex sync.Mutex
	line  string
}

func (m *lastMessage) Write(p []byte) (int, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.line = strings.TrimSpace(string(p))
	return len(p), nil
}

func (m *lastMessage) text() string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.line
}
