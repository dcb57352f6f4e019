package provision

import (
	"cmp"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	autoscalingv2ac "k8s.io/client-go/applyconfigurations/autoscaling/v2"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// defaultTargetCPU is the use of CPU that is aimed at, in percent of the request.
const defaultTargetCPU int32 = 70

// Autoscaled says whether the number of the portal's pods follows their load. Its Deployment
// is rendered without a number then.
func Autoscaled(t *v1alpha1.Tenant) bool { return t.Spec.Portal.Autoscaling.MaxReplicas > 0 }

// LeastReplicas is the number of pods that an object, as a Deployment whose number is not
// rendered, has at least; 0: of another object.
func LeastReplicas(t *v1alpha1.Tenant, o Object) int32 {
	if !Autoscaled(t) || *o.GetKind() != "Deployment" || *o.GetName() != WorkloadName(t.Name, Portal) {
		return 0
	}
	return t.Spec.Portal.Autoscaling.MinReplicas
}

func autoscaler(t *v1alpha1.Tenant) Object {
	asked := t.Spec.Portal.Autoscaling
	return autoscalingv2ac.HorizontalPodAutoscaler(WorkloadName(t.Name, Portal), t.Namespace).
		WithLabels(Labels(t.Name, Portal)).
		WithOwnerReferences(owner(t)).
		WithSpec(autoscalingv2ac.HorizontalPodAutoscalerSpec().
			WithScaleTargetRef(autoscalingv2ac.CrossVersionObjectReference().
				WithAPIVersion("apps/v1").
				WithKind("Deployment").
				WithName(WorkloadName(t.Name, Portal))).
			WithMinReplicas(asked.MinReplicas).
			WithMaxReplicas(asked.MaxReplicas).
			WithMetrics(autoscalingv2ac.MetricSpec().
				WithType(autoscalingv2.ResourceMetricSourceType).
				WithResource(autoscalingv2ac.ResourceMetricSource().
					WithName(corev1.ResourceCPU).
					WithTarget(autoscalingv2ac.MetricTarget().
						WithType(autoscalingv2.UtilizationMetricType).
						WithAverageUtilization(cmp.Or(asked.TargetCPUPercent, defaultTargetCPU))))))
}

// disruptionBudget lets the pods of a component be evicted one after the other, as when
// nodes are drained. A single pod does not keep a node from it, nor does one that is broken.
func disruptionBudget(t *v1alpha1.Tenant, c Component) Object {
	return policyv1ac.PodDisruptionBudget(WorkloadName(t.Name, c), t.Namespace).
		WithLabels(Labels(t.Name, c)).
		WithOwnerReferences(owner(t)).
		WithSpec(policyv1ac.PodDisruptionBudgetSpec().
			WithMaxUnavailable(intstr.FromInt32(1)).
			WithUnhealthyPodEvictionPolicy(policyv1.AlwaysAllow).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(Selector(t.Name, c))))
}

// spread asks for the pods of a component, those of one rollout, to be on different nodes and
// in different zones, as far as there are any with room.
func spread(t *v1alpha1.Tenant, c Component) []*corev1ac.TopologySpreadConstraintApplyConfiguration {
	var list []*corev1ac.TopologySpreadConstraintApplyConfiguration
	for _, topology := range []string{corev1.LabelHostname, corev1.LabelTopologyZone} {
		list = append(list, corev1ac.TopologySpreadConstraint().
			WithMaxSkew(1).
			WithTopologyKey(topology).
			WithWhenUnsatisfiable(corev1.ScheduleAnyway).
			WithLabelSelector(metav1ac.LabelSelector().WithMatchLabels(Selector(t.Name, c))).
			WithMatchLabelKeys("pod-template-hash"))
	}
	return list
}
