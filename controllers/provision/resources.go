package provision

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// What a pod is given when the Tenant does not say. There is no limit of processor
// time: it would slow sign-ins down while the node is idle.
var (
	defaultCPURequest    = resource.MustParse("20m")
	defaultMemoryRequest = resource.MustParse("48Mi")
	defaultMemoryLimit   = resource.MustParse("256Mi")
)

type resources struct {
	cpuRequest, memoryRequest, memoryLimit resource.Quantity
}

// bounds are the resources of each pod of a component. A request above the limit would
// be refused by the API server: the default of one gives way to what the Tenant sets of
// the other, and where it sets both, the limit counts.
func bounds(t *v1alpha1.Tenant, c Component) resources {
	_, asked := declared(t, c)
	r := resources{
		cpuRequest:    quantity(asked.CPURequest, defaultCPURequest),
		memoryRequest: quantity(asked.MemoryRequest, defaultMemoryRequest),
		memoryLimit:   quantity(asked.MemoryLimit, defaultMemoryLimit),
	}
	if r.memoryRequest.Cmp(r.memoryLimit) <= 0 {
		return r
	}
	if asked.MemoryLimit == "" {
		r.memoryLimit = r.memoryRequest
	} else {
		r.memoryRequest = r.memoryLimit
	}
	return r
}

// quantity is the value asked for. The API server has checked its form; a value that
// it let through and that is none is treated as not set.
func quantity(asked string, fallback resource.Quantity) resource.Quantity {
	q, err := resource.ParseQuantity(asked)
	if err != nil {
		return fallback
	}
	return q
}

func (r resources) requirements() *corev1ac.ResourceRequirementsApplyConfiguration {
	return corev1ac.ResourceRequirements().
		WithRequests(corev1.ResourceList{
			corev1.ResourceCPU:    r.cpuRequest,
			corev1.ResourceMemory: r.memoryRequest,
		}).
		WithLimits(corev1.ResourceList{corev1.ResourceMemory: r.memoryLimit})
}

// memoryTarget is the value of GOMEMLIMIT: nine tenths of the limit, so that the
// garbage collector works harder before the kernel ends the process.
func memoryTarget(limit resource.Quantity) string {
	return strconv.FormatInt(limit.Value()/10*9, 10)
}
