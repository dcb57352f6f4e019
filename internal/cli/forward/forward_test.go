package forward

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/gorilla/websocket"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/klog/v2"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"

	"github.com/foyerhq/foyer/internal/cli/reach"
)

func TestMain(m *testing.M) {
	klog.SetLogger(logr.Discard()) // as the command does
	os.Exit(m.Run())
}

// apiServer is the side of a port-forward that an API server and a kubelet are. The pod
// answers on every port with the name of the port.
type apiServer struct {
	t       *testing.T
	config  *rest.Config
	sockets bool // WebSockets are known
	refuse  bool
	podSays string // in place of an answer

	mutex       sync.Mutex
	connections []httpstream.Connection
	asked       []string
}

func newAPIServer(t *testing.T, sockets bool) *apiServer {
	t.Helper()
	s := &apiServer{t: t, sockets: sockets}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	t.Cleanup(s.hangUp)
	s.config = &rest.Config{Host: server.URL}
	return s
}

func (s *apiServer) serve(w http.ResponseWriter, r *http.Request) {
	s.mutex.Lock()
	s.asked = append(s.asked, r.Method+" "+r.URL.Path)
	s.mutex.Unlock()
	switch {
	case s.refuse:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(metav1.Status{
			TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
			Status:   metav1.StatusFailure, Reason: metav1.StatusReasonForbidden, Code: http.StatusForbidden, Message: `pods "acme-1" is forbidden: no`,
		})
	case websocket.IsWebSocketUpgrade(r) && !s.sockets:
		w.WriteHeader(http.StatusBadRequest)
	case websocket.IsWebSocketUpgrade(r):
		upgrader := websocket.Upgrader{Subprotocols: []string{"SPDY/3.1+" + portforward.PortForwardProtocolV1Name}}
		socket, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			s.t.Error(err)
			return
		}
		streams := newStreams(s)
		connection, err := spdy.NewServerConnection(portforward.NewTunnelingConnectionWithLogger(logr.Discard(), socket), streams.accept)
		if err != nil {
			s.t.Error(err)
			return
		}
		s.keep(connection)
		<-connection.CloseChan()
	default:
		if _, err := httpstream.Handshake(r, w, []string{portforward.PortForwardProtocolV1Name}); err != nil {
			s.t.Error(err)
			return
		}
		streams := newStreams(s)
		connection := spdy.NewResponseUpgrader().UpgradeResponse(w, r, streams.accept)
		if connection == nil {
			s.t.Error("no connection")
			return
		}
		s.keep(connection)
		<-connection.CloseChan()
	}
}

func (s *apiServer) keep(c httpstream.Connection) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.connections = append(s.connections, c)
}

// hangUp ends every connection, as when the pod goes.
func (s *apiServer) hangUp() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, c := range s.connections {
		_ = c.Close()
	}
	s.connections = nil
}

// streams pairs the two streams of each connection that is forwarded.
type streams struct {
	t       *testing.T
	podSays string
	mutex   sync.Mutex
	errors  map[string]httpstream.Stream
}

func newStreams(s *apiServer) *streams {
	return &streams{t: s.t, podSays: s.podSays, errors: map[string]httpstream.Stream{}}
}

func (s *streams) accept(stream httpstream.Stream, replySent <-chan struct{}) error {
	id := stream.Headers().Get(corev1.PortForwardRequestIDHeader)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if stream.Headers().Get(corev1.StreamType) == corev1.StreamTypeError {
		s.errors[id] = stream
		return nil
	}
	problems := s.errors[id]
	go func() {
		<-replySent
		if s.podSays != "" {
			_, _ = io.WriteString(problems, s.podSays)
			_ = problems.Close()
			_ = stream.Close()
			return
		}
		name := make([]byte, 4)
		if _, err := io.ReadFull(stream, name); err != nil {
			return // it was closed
		}
		_, _ = io.WriteString(stream, string(name)+" "+stream.Headers().Get(corev1.PortHeader))
		_ = stream.Close()
		_ = problems.Close()
	}()
	return nil
}

var pod = types.NamespacedName{Namespace: "acme", Name: "acme-1"}

// say sends a name through a tunnel and returns the answer.
func say(t *testing.T, tunnel reach.Tunnel, name string) string {
	t.Helper()
	connection, err := tunnel.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if got := connection.RemoteAddr().String(); got != "portforward" {
		t.Errorf("it goes by %s, where others may listen", got)
	}
	if _, err := io.WriteString(connection, name); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(connection)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func TestTunnel(t *testing.T) {
	for name, test := range map[string]struct {
		sockets bool
		asked   string
	}{
		"WebSockets": {true, "GET"},
		"SPDY":       {false, "GET POST"},
	} {
		t.Run(name, func(t *testing.T) {
			server := newAPIServer(t, test.sockets)
			tunnel, err := Open(t.Context(), server.config, pod, 8082)
			if err != nil {
				t.Fatal(err)
			}
			defer tunnel.Close()
			for _, name := range []string{"Dana", "Ravi"} {
				if got := say(t, tunnel, name); got != name+" 8082" {
					t.Errorf("the pod says %q", got)
				}
			}
			const path = " /api/v1/namespaces/acme/pods/acme-1/portforward"
			if got := strings.ReplaceAll(strings.Join(server.asked, " "), path, ""); got != test.asked {
				t.Errorf("asked %s", server.asked)
			}
			server.hangUp()
			gone(t, tunnel)
			if _, err := tunnel.Dial(t.Context()); err == nil {
				t.Error("it still connects")
			}
		})
	}
}

// A connection that the pod refuses says so, and the tunnel is left.
func TestPodRefuses(t *testing.T) {
	server := newAPIServer(t, true)
	server.podSays = "connection refused"
	tunnel, err := Open(t.Context(), server.config, pod, 8082)
	if err != nil {
		t.Fatal(err)
	}
	defer tunnel.Close()
	connection, err := tunnel.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := io.ReadAll(connection); err == nil || err.Error() != "connection refused" {
		t.Errorf("got %v", err)
	}
	gone(t, tunnel)
}

// A connection that is closed ends what reads of it, and leaves the tunnel to others.
func TestConnectionIsClosed(t *testing.T) {
	tunnel, err := Open(t.Context(), newAPIServer(t, true).config, pod, 8082)
	if err != nil {
		t.Fatal(err)
	}
	defer tunnel.Close()
	connection, err := tunnel.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.ReadAll(connection)
	}()
	if err := errors.Join(connection.Close(), connection.Close()); err != nil {
		t.Error(err)
	}
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("it still reads")
	}
	if got := say(t, tunnel, "Dana"); got != "Dana 8082" {
		t.Errorf("the pod says %q", got)
	}
}

func gone(t *testing.T, tunnel reach.Tunnel) {
	t.Helper()
	select {
	case <-tunnel.Gone():
	case <-time.After(time.Minute):
		t.Fatal("nobody noticed that the pod is gone")
	}
}

func TestTunnelIsClosed(t *testing.T) {
	tunnel, err := Open(t.Context(), newAPIServer(t, true).config, pod, 8082)
	if err != nil {
		t.Fatal(err)
	}
	tunnel.Close()
	tunnel.Close()
	gone(t, tunnel)
}

// A missing right comes as the cluster says it.
func TestTunnelIsForbidden(t *testing.T) {
	server := newAPIServer(t, true)
	server.refuse = true
	_, err := Open(t.Context(), server.config, pod, 8082)
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `pods "acme-1" is forbidden`) {
		t.Errorf("got %v", err)
	}
}

func TestTunnelIsGivenUp(t *testing.T) {
	blocked := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-blocked }))
	defer server.Close()
	defer close(blocked)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, &rest.Config{Host: server.URL}, pod, 8082); err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("got %v", err)
	}
}
