package status

import (
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// OfRoute says whether every Gateway that an HTTPRoute names has taken it as it is now. The
// site is what it leads to, as "The portal".
func OfRoute(site string, route *gatewayv1.HTTPRoute) Finding {
	for _, ref := range route.Spec.ParentRefs {
		if f := ofParent(site, route, ref); !f.IsTrue() {
			return f
		}
	}
	return Yes(ReasonExposed, fmt.Sprintf("%s is reached by HTTPRoute %s.", site, route.Name))
}

// ofParent says what the controllers of one Gateway, mostly one, make of the route.
func ofParent(site string, route *gatewayv1.HTTPRoute, ref gatewayv1.ParentReference) Finding {
	answered := false
	for _, parent := range route.Status.Parents {
		if !sameParent(route.Namespace, ref, parent.ParentRef) {
			continue
		}
		answered = true
		for _, kind := range []string{string(gatewayv1.RouteConditionAccepted), string(gatewayv1.RouteConditionResolvedRefs)} {
			c := meta.FindStatusCondition(parent.Conditions, kind)
			if c == nil || c.ObservedGeneration != route.Generation || c.Status == metav1.ConditionUnknown {
				return No(ReasonPending, fmt.Sprintf("%s waits: %s has not said yet whether it takes HTTPRoute %s as it is now.", site, parentName(route.Namespace, ref), route.Name))
			}
			if c.Status == metav1.ConditionFalse {
				return No(ReasonRouteRefused, Sentence(strings.TrimSpace(fmt.Sprintf("%s is not reached: %s says %s=False of HTTPRoute %s, %s: %s",
					site, parentName(route.Namespace, ref), kind, route.Name, c.Reason, c.Message))))
			}
		}
	}
	if !answered {
		return No(ReasonPending, fmt.Sprintf("%s waits: nothing has answered yet for %s, which HTTPRoute %s names. Is there such a Gateway, and a controller for its class?", site, parentName(route.Namespace, ref), route.Name))
	}
	return Yes(ReasonExposed, "")
}

// sameParent compares with the defaults that the Gateway API has.
func sameParent(namespace string, a, b gatewayv1.ParentReference) bool {
	normal := func(r gatewayv1.ParentReference) [6]string {
		return [6]string{
			string(ptr.Deref(r.Group, gatewayv1.GroupName)), string(ptr.Deref(r.Kind, "Gateway")),
			string(ptr.Deref(r.Namespace, gatewayv1.Namespace(namespace))), string(r.Name),
			string(ptr.Deref(r.SectionName, "")), fmt.Sprint(ptr.Deref(r.Port, 0)),
		}
	}
	return normal(a) == normal(b)
}

func parentName(namespace string, ref gatewayv1.ParentReference) string {
	name := fmt.Sprintf("Gateway %s/%s", ptr.Deref(ref.Namespace, gatewayv1.Namespace(namespace)), ref.Name)
	if section := ptr.Deref(ref.SectionName, ""); section != "" {
		name += ", listener " + string(section)
	}
	return name
}

// OfIngress says where an Ingress is served. A controller that reports no address is not
// waited for: many report none.
func OfIngress(site string, ingress *networkingv1.Ingress) Finding {
	var addresses []string
	for _, at := range ingress.Status.LoadBalancer.Ingress {
		if at.Hostname != "" {
			addresses = append(addresses, at.Hostname)
		} else if at.IP != "" {
			addresses = append(addresses, at.IP)
		}
	}
	slices.Sort(addresses)
	if len(addresses) == 0 {
		return Yes(ReasonExposed, fmt.Sprintf("Ingress %s leads to %s; no controller reports an address.", ingress.Name, lowerFirst(site)))
	}
	return Yes(ReasonExposed, fmt.Sprintf("Ingress %s leads to %s, at %s.", ingress.Name, lowerFirst(site), strings.Join(slices.Compact(addresses), ", ")))
}

func lowerFirst(text string) string { return strings.ToLower(text[:1]) + text[1:] }

// Exposed sums up what was found of each site; a zero Finding without any.
func Exposed(sites []Finding) Finding {
	var failed, reached []string
	var all Finding
	for _, f := range sites {
		if f.IsTrue() {
			reached = append(reached, f.Message)
			continue
		}
		if len(failed) == 0 {
			all = f
		}
		failed = append(failed, f.Message)
	}
	switch {
	case len(failed) > 0:
		all.Message = strings.Join(failed, " ")
	case len(reached) > 0:
		all = Yes(ReasonExposed, strings.Join(reached, " "))
	}
	return all
}
