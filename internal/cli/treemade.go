package cli

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/cli/reach"
)

// madeNodes are the objects that the operator has made, in the order in which they are shown.
func madeNodes(i *reach.Inventory) (nodes []madeNode) {
	for _, o := range i.ConfigMaps {
		n := made("ConfigMap", &o)
		if digest := o.Annotations[provision.AnnotationDigest]; digest != "" {
			n.detail("%s", shortDigest(digest))
		}
		nodes = append(nodes, n)
	}
	nodes = append(nodes, workloadNodes(i)...)
	for _, o := range i.Autoscalers {
		nodes = append(nodes, autoscalerNode(o))
	}
	for _, o := range i.DisruptionBudgets {
		nodes = append(nodes, budgetNode(o))
	}
	for _, o := range i.Services {
		nodes = append(nodes, made("Service", &o))
	}
	for _, o := range i.Ingresses {
		nodes = append(nodes, ingressNode(o))
	}
	for _, o := range i.Routes {
		nodes = append(nodes, routeNode(o))
	}
	for _, o := range i.NetworkPolicies {
		nodes = append(nodes, made("NetworkPolicy", &o))
	}
	for _, o := range i.Secrets {
		nodes = append(nodes, made("Secret", &o))
	}
	return nodes
}

// shortDigest is enough of a digest to tell documents apart.
func shortDigest(digest string) string {
	algorithm, sum, found := strings.Cut(digest, ":")
	if !found || len(sum) <= 12 {
		return digest
	}
	return algorithm + ":" + sum[:12]
}

// workloadNodes are Deployments with their pods; what hangs on none stands alone.
func workloadNodes(i *reach.Inventory) (nodes []madeNode) {
	deployments := map[string]*treeNode{}
	images := map[string]string{}
	place := func(o metav1.Object) string {
		labels := o.GetLabels()
		return o.GetNamespace() + "/" + labels[provision.LabelTenant] + "/" + labels[provision.LabelComponent]
	}
	for _, d := range i.Deployments {
		n := deploymentNode(d)
		deployments[place(&d)], images[place(&d)] = n.treeNode, imageOf(d.Spec.Template.Spec)
		nodes = append(nodes, n)
	}
	for _, p := range i.Pods {
		parent := deployments[place(&p)]
		switch {
		case parent == nil:
			nodes = append(nodes, podNode(p, ""))
		case isOver(&p):
			parent.add(overNode(p).treeNode)
		default:
			parent.add(podNode(p, images[place(&p)]).treeNode)
		}
	}
	return nodes
}

func imageOf(spec corev1.PodSpec) string {
	if len(spec.Containers) == 0 {
		return ""
	}
	return spec.Containers[0].Image
}

func deploymentNode(d appsv1.Deployment) madeNode {
	n := made("Deployment", &d)
	wanted, s := int32(1), d.Status
	if d.Spec.Replicas != nil {
		wanted = *d.Spec.Replicas
	}
	n.Ready = metav1.ConditionTrue
	n.detail("%d of %s ready", s.ReadyReplicas, plural(int(wanted), "pod"))
	if version := d.Annotations[provision.AnnotationVersion]; version != "" {
		n.detail("version %s", version)
	}
	for _, c := range d.Status.Conditions {
		wrong := c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue ||
			c.Type != appsv1.DeploymentReplicaFailure && c.Status != corev1.ConditionTrue
		if wrong {
			n.notReady(metav1.ConditionFalse, treeProblem{string(c.Type), c.Reason, c.Message})
		}
	}
	switch {
	case s.ObservedGeneration < d.Generation:
		n.notReady(metav1.ConditionUnknown, treeProblem{Reason: "Pending"})
	case s.UpdatedReplicas < wanted || s.Replicas > s.UpdatedReplicas:
		n.detail("%d of %d of the newest template", s.UpdatedReplicas, wanted)
		n.notReady(metav1.ConditionFalse, treeProblem{Reason: "RollingOut"})
	case s.ReadyReplicas < wanted:
		n.notReady(metav1.ConditionFalse, treeProblem{Reason: "PodsNotReady"})
	}
	return n
}

// isOver says that a pod runs no more, as one that was evicted, or is about to end. Its Deployment
// says whether there are enough others.
func isOver(p *corev1.Pod) bool {
	return p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed || !p.DeletionTimestamp.IsZero()
}

// overNode is shown and does not count.
func overNode(p corev1.Pod) madeNode {
	n := made("Pod", &p)
	if !p.DeletionTimestamp.IsZero() {
		n.detail("ends")
		return n
	}
	n.detail("has ended: %s", choose(p.Status.Reason == "", string(p.Status.Phase), p.Status.Reason))
	return n
}

// podNode tells the image where it is another one than that of the Deployment, as while an
// upgrade goes round.
func podNode(p corev1.Pod, image string) madeNode {
	n := made("Pod", &p)
	n.Ready = metav1.ConditionTrue
	if own := imageOf(p.Spec); image != "" && own != image {
		n.detail("runs %s", own)
	}
	restarts := int32(0)
	for _, c := range p.Status.ContainerStatuses {
		restarts += c.RestartCount
		if w := c.State.Waiting; w != nil {
			n.notReady(metav1.ConditionFalse, treeProblem{c.Name, w.Reason, w.Message})
		} else if e := c.State.Terminated; e != nil {
			n.notReady(metav1.ConditionFalse, treeProblem{c.Name, e.Reason, fmt.Sprintf("It ended with code %d. %s", e.ExitCode, e.Message)})
		}
	}
	if restarts > 0 {
		n.detail("%s", plural(int(restarts), "restart"))
	}
	ready := false
	for _, c := range p.Status.Conditions {
		ready = ready || c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		if (c.Type == corev1.PodReady || c.Type == corev1.PodScheduled) && c.Status != corev1.ConditionTrue {
			n.notReady(metav1.ConditionFalse, treeProblem{string(c.Type), c.Reason, c.Message})
		}
	}
	if !p.DeletionTimestamp.IsZero() {
		n.notReady(metav1.ConditionFalse, treeProblem{Reason: "Terminating"})
	}
	if !ready {
		n.notReady(metav1.ConditionFalse, treeProblem{Reason: string(p.Status.Phase)})
	}
	return n
}

func autoscalerNode(a autoscalingv2.HorizontalPodAutoscaler) madeNode {
	n := made("HorizontalPodAutoscaler", &a)
	n.Ready = metav1.ConditionTrue
	least := int32(1)
	if a.Spec.MinReplicas != nil {
		least = *a.Spec.MinReplicas
	}
	n.detail("%s, %d to %d", plural(int(a.Status.CurrentReplicas), "pod"), least, a.Spec.MaxReplicas)
	for _, c := range a.Status.Conditions {
		if c.Type != autoscalingv2.ScalingLimited && c.Status != corev1.ConditionTrue {
			n.notReady(metav1.ConditionFalse, treeProblem{string(c.Type), c.Reason, c.Message})
		}
	}
	return n
}

func budgetNode(b policyv1.PodDisruptionBudget) madeNode {
	n := made("PodDisruptionBudget", &b)
	n.detail("%s may be evicted now", plural(int(b.Status.DisruptionsAllowed), "pod"))
	return n
}

func ingressNode(i networkingv1.Ingress) madeNode {
	n := made("Ingress", &i)
	for _, rule := range i.Spec.Rules {
		n.detail("https://%s", rule.Host)
	}
	return n
}

func routeNode(r gatewayv1.HTTPRoute) madeNode {
	n := made("HTTPRoute", &r)
	n.Ready = metav1.ConditionTrue
	for _, name := range r.Spec.Hostnames {
		n.detail("https://%s", name)
	}
	taken := slices.ContainsFunc(r.Status.Parents, func(p gatewayv1.RouteParentStatus) bool { return len(p.Conditions) > 0 })
	if !taken {
		n.notReady(metav1.ConditionUnknown, treeProblem{Reason: "Pending", Message: "No Gateway has taken this route yet."})
	}
	for _, parent := range r.Status.Parents {
		for _, c := range parent.Conditions {
			if (c.Type == string(gatewayv1.RouteConditionAccepted) || c.Type == string(gatewayv1.RouteConditionResolvedRefs)) && c.Status != metav1.ConditionTrue {
				n.notReady(c.Status, treeProblem{c.Type, c.Reason, fmt.Sprintf("Gateway %s: %s", parent.ParentRef.Name, c.Message)})
			}
		}
	}
	return n
}
