package reach

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
)

// Tunnel leads to a port of a pod.
type Tunnel interface {
	Dial(ctx context.Context) (net.Conn, error)
	// Gone is closed when the pod cannot be reached by it any more.
	Gone() <-chan struct{}
	Close()
}

// Forward opens a tunnel to a port of a pod.
type Forward func(ctx context.Context, config *rest.Config, pod types.NamespacedName, port int32) (Tunnel, error)

// podConnections connects to one ready pod behind a Service, as long as it is there.
type podConnections struct {
	config             *rest.Config
	core               corev1client.CoreV1Interface
	namespace, service string
	forward            Forward

	mutex  sync.Mutex
	tunnel Tunnel // nil: there is none
}

// dial connects to the pod, whatever the address.
func (p *podConnections) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	tunnel, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	return tunnel.Dial(ctx)
}

func (p *podConnections) open(ctx context.Context) (Tunnel, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.tunnel != nil {
		select {
		case <-p.tunnel.Gone():
			p.tunnel.Close()
			p.tunnel = nil
		default:
			return p.tunnel, nil
		}
	}
	pod, port, err := p.choose(ctx)
	if err != nil {
		return nil, err
	}
	tunnel, err := p.forward(ctx, p.config, pod, port)
	if err != nil {
		return nil, failed(err, "reach pod "+pod.String(), "create pods/portforward", p.namespace)
	}
	p.tunnel = tunnel
	return tunnel, nil
}

// drop closes the tunnel.
func (p *podConnections) drop() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.tunnel != nil {
		p.tunnel.Close()
		p.tunnel = nil
	}
}

// choose returns a ready pod behind the Service, and its port.
func (p *podConnections) choose(ctx context.Context) (types.NamespacedName, int32, error) {
	none := types.NamespacedName{}
	service, err := p.core.Services(p.namespace).Get(ctx, p.service, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return none, 0, &clusterError{"find the API", "the Tenant has none yet, its status says why", err}
	}
	if err != nil {
		return none, 0, failed(err, "find the API", "get services", p.namespace)
	}
	if len(service.Spec.Selector) == 0 || len(service.Spec.Ports) == 0 {
		return none, 0, fmt.Errorf("find the API: Service %s/%s leads to no pods", p.namespace, p.service)
	}
	list, err := p.core.Pods(p.namespace).List(ctx, metav1.ListOptions{LabelSelector: labels.SelectorFromSet(service.Spec.Selector).String()})
	if err != nil {
		return none, 0, failed(err, "find a pod of the API", "list pods", p.namespace)
	}
	ready := slices.DeleteFunc(list.Items, func(pod corev1.Pod) bool { return !isReady(pod) })
	if len(ready) == 0 {
		return none, 0, fmt.Errorf("no pod behind Service %s/%s is ready", p.namespace, p.service)
	}
	pod := ready[rand.N(len(ready))]
	port, err := portOf(pod, service.Spec.Ports[0])
	return types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}, port, err
}

func isReady(pod corev1.Pod) bool {
	return pod.DeletionTimestamp.IsZero() && slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// portOf is the port of the pod to which a port of the Service leads.
func portOf(pod corev1.Pod, port corev1.ServicePort) (int32, error) {
	switch {
	case port.TargetPort.Type == intstr.Int && port.TargetPort.IntVal > 0:
		return port.TargetPort.IntVal, nil
	case port.TargetPort.Type == intstr.Int:
		return port.Port, nil
	}
	for _, container := range pod.Spec.Containers {
		for _, p := range container.Ports {
			if p.Name == port.TargetPort.StrVal {
				return p.ContainerPort, nil
			}
		}
	}
	return 0, errors.New("find the API: pod " + pod.Name + " has no port " + port.TargetPort.StrVal)
}
