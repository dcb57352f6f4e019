package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// numbered matches the ports that are given by number, and protocols without a port.
func numbered(ports []networkingv1.NetworkPolicyPort) []string {
	byProtocol := map[string][]string{}
	var list []string
	for _, p := range ports {
		protocol := protocolOf(p)
		switch {
		case p.Port == nil:
			list = append(list, "meta l4proto "+protocol)
		case p.Port.Type == intstr.Int && p.EndPort != nil:
			byProtocol[protocol] = append(byProtocol[protocol], fmt.Sprintf("%d-%d", p.Port.IntVal, *p.EndPort))
		case p.Port.Type == intstr.Int:
			byProtocol[protocol] = append(byProtocol[protocol], fmt.Sprint(p.Port.IntVal))
		}
	}
	for _, protocol := range []string{"tcp", "udp", "sctp"} {
		for _, numbers := range byProtocol[protocol] { // one by one: a set takes no overlaps
			list = append(list, protocol+" dport "+numbers)
		}
	}
	return list
}

// named matches the ports that are given by a name that containers of the pod have.
func named(ports []networkingv1.NetworkPolicyPort, pod *corev1.Pod) []string {
	var list []string
	for _, p := range ports {
		if p.Port == nil || p.Port.Type != intstr.String {
			continue
		}
		for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
			for _, has := range c.Ports {
				if has.Name == p.Port.StrVal && strings.EqualFold(string(cmp.Or(has.Protocol, corev1.ProtocolTCP)), protocolOf(p)) {
					list = append(list, fmt.Sprintf("%s dport %d", protocolOf(p), has.ContainerPort))
				}
			}
		}
	}
	return list
}

// namedElsewhere matches the named ports of an egress rule, which each pod there has by its
// own number.
func (s *state) namedElsewhere(namespace string, r rule) []string {
	there := s.subjects()
	if len(r.peers) > 0 {
		there = s.selected(namespace, r.peers)
	}
	var lines []string
	for _, pod := range there {
		for _, port := range named(r.ports, pod) {
			lines = append(lines, fmt.Sprintf("ip daddr %s %s return", pod.Status.PodIP, port))
		}
	}
	return lines
}

func protocolOf(p networkingv1.NetworkPolicyPort) string {
	return strings.ToLower(string(ptr.Deref(p.Protocol, corev1.ProtocolTCP)))
}
