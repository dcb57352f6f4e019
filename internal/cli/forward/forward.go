// Package forward is the port-forward of `kubectl foyer`: a tunnel through the API server
// to a port of a pod, over WebSockets, or SPDY where something on the way knows only that.
// It runs in this process, and nothing listens: no other program of the machine gets in.
package forward

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

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
	type dialled struct {
		streams httpstream.Connection
		err     error
	}
	done := make(chan dialled, 1)
	go func() {
		streams, err := dial.open()
		done <- dialled{streams, err}
	}()
	select {
	case <-ctx.Done():
		go func() {
			if late := <-done; late.err == nil {
				_ = late.streams.Close() // nobody wants it any more
			}
		}()
		return nil, ctx.Err()
	case d := <-done:
		if d.err != nil {
			return nil, d.err
		}
		return newTunnel(d.streams, port), nil
	}
}

// dialer knows in whose words a refusal is told.
type dialer struct {
	httpstream.Dialer
	refused error // of WebSockets: the words of the cluster, where it has refused
}

func (d *dialer) open() (httpstream.Connection, error) {
	streams, protocol, err := d.Dial(portforward.PortForwardProtocolV1Name)
	switch {
	case err != nil && d.refused != nil:
		return nil, d.refused // SPDY has its text alone
	case err != nil:
		return nil, err
	case protocol != portforward.PortForwardProtocolV1Name:
		return nil, errors.Join(fmt.Errorf("the cluster forwards ports by %q, which is not known", protocol), streams.Close())
	}
	return streams, nil
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
