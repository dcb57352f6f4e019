package provision

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

const (
	settingsDir = "/etc/foyer/settings"
	databaseDir = "/etc/foyer/database"
	keysDir     = "/etc/foyer/keys"

	// user is the unprivileged user that the image is made for. Mounted Secrets are
	// readable by it as the group of the volumes, and by nobody else.
	user       int64 = 65532
	secretMode int32 = 0o440

	// A pod that is asked to stop goes on serving for drainSeconds, until every node
	// has heard that it is leaving, and then has the rest of graceSeconds to finish
	// the requests in flight.
	drainSeconds       = 5
	graceSeconds int64 = 30

	revisionHistory int32 = 3
)

type listener struct {
	name string
	port int32
}

var listeners = map[Component]listener{
	Portal:     {name: "http", port: PortPortal},
	Backoffice: {name: "api", port: PortAPI},
}

func deployment(p Params, c Component) Object {
	t := p.Tenant
	return appsv1ac.Deployment(WorkloadName(t.Name, c), t.Namespace).
		WithLabels(Labels(t.Name, c)).
		WithAnnotations(map[string]string{AnnotationVersion: p.Version}).
		WithOwnerReferences(owner(t)).
		WithSpec(appsv1ac.DeploymentSpec().
			WithReplicas(Replicas(t, c)).
			WithRevisionHistoryLimit(revisionHistory).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(Selector(t.Name, c))).
			WithStrategy(appsv1ac.DeploymentStrategy().
				WithType("RollingUpdate").
				WithRollingUpdate(appsv1ac.RollingUpdateDeployment().
					WithMaxUnavailable(intstr.FromInt32(0)).
					WithMaxSurge(intstr.FromInt32(1)))).
			WithTemplate(corev1ac.PodTemplateSpec().
				WithLabels(Labels(t.Name, c)).
				WithSpec(podSpec(p, c))))
}

// Replicas is the number of pods of a component that the Tenant asks for.
func Replicas(t *v1alpha1.Tenant, c Component) int32 {
	asked, fallback := t.Spec.Portal.Replicas, int32(2)
	if c == Backoffice {
		asked, fallback = t.Spec.Backoffice.Replicas, 1
	}
	if asked == nil {
		return fallback
	}
	return *asked
}

func podSpec(p Params, c Component) *corev1ac.PodSpecApplyConfiguration {
	return corev1ac.PodSpec().
		WithAutomountServiceAccountToken(false).
		WithEnableServiceLinks(false).
		WithTerminationGracePeriodSeconds(graceSeconds).
		WithSecurityContext(corev1ac.PodSecurityContext().
			WithRunAsNonRoot(true).
			WithRunAsUser(user).
			WithRunAsGroup(user).
			WithFSGroup(user).
			WithSeccompProfile(corev1ac.SeccompProfile().
				WithType(corev1.SeccompProfileTypeRuntimeDefault))).
		WithContainers(container(p, c)).
		WithVolumes(corev1ac.Volume().WithName("settings").WithConfigMap(
			corev1ac.ConfigMapVolumeSource().WithName(SettingsName(p.Tenant.Name)))).
		WithVolumes(secretVolumes(p, c)...)
}

// secretMount is a Secret that a component sees as files.
type secretMount struct{ volume, secret, dir string }

// secretsOf are the Secrets of a component: no more than it needs.
func secretsOf(tenant string, c Component) []secretMount {
	list := []secretMount{{"database", DatabaseSecretName(tenant, c), databaseDir}}
	if c == Portal {
		list = append(list, secretMount{"keys", KeysSecretName(tenant), keysDir})
	}
	return list
}

func secretVolumes(p Params, c Component) []*corev1ac.VolumeApplyConfiguration {
	var volumes []*corev1ac.VolumeApplyConfiguration
	for _, s := range secretsOf(p.Tenant.Name, c) {
		volumes = append(volumes, corev1ac.Volume().WithName(s.volume).WithSecret(
			corev1ac.SecretVolumeSource().WithSecretName(s.secret).WithDefaultMode(secretMode)))
	}
	return volumes
}

func mounts(p Params, c Component) []*corev1ac.VolumeMountApplyConfiguration {
	list := []*corev1ac.VolumeMountApplyConfiguration{
		corev1ac.VolumeMount().WithName("settings").WithMountPath(settingsDir).WithReadOnly(true),
	}
	for _, s := range secretsOf(p.Tenant.Name, c) {
		list = append(list, corev1ac.VolumeMount().WithName(s.volume).WithMountPath(s.dir).WithReadOnly(true))
	}
	return list
}

func container(p Params, c Component) *corev1ac.ContainerApplyConfiguration {
	l := listeners[c]
	limits := bounds(p.Tenant, c)
	return corev1ac.Container().
		WithName(string(c)).
		WithImage(p.Image).
		WithImagePullPolicy(corev1.PullIfNotPresent).
		WithCommand("/"+string(c)).
		WithArgs(args(p, c)...).
		WithEnv(
			corev1ac.EnvVar().WithName("POD_NAME").WithValueFrom(corev1ac.EnvVarSource().
				WithFieldRef(corev1ac.ObjectFieldSelector().
					WithAPIVersion("v1").
					WithFieldPath("metadata.name"))),
			corev1ac.EnvVar().WithName("GOMEMLIMIT").WithValue(memoryTarget(limits.memoryLimit))).
		WithPorts(containerPort(l.name, l.port), containerPort("admin", PortAdmin)).
		WithResources(limits.requirements()).
		WithReadinessProbe(probe("/readyz", 1, 3)).
		WithLivenessProbe(probe("/livez", 10, 6)).
		WithSecurityContext(corev1ac.SecurityContext().
			WithAllowPrivilegeEscalation(false).
			WithReadOnlyRootFilesystem(true).
			WithCapabilities(corev1ac.Capabilities().WithDrop("ALL"))).
		WithVolumeMounts(mounts(p, c)...)
}

// args spells out what the image has as default too: the ports and mounts of this
// pod and the flags of its process are then changed in one place.
func args(p Params, c Component) []string {
	list := []string{
		"--settings-dir=" + settingsDir,
		"--database-dir=" + databaseDir,
		fmt.Sprintf("--listen=:%d", listeners[c].port),
		fmt.Sprintf("--admin-listen=:%d", PortAdmin),
		"--drain-seconds=" + strconv.Itoa(drainSeconds),
	}
	if c == Portal {
		list = append(list, "--keys-dir="+keysDir)
	}
	if p.TrustedProxies != "" {
		list = append(list, "--trusted-proxies="+p.TrustedProxies)
	}
	if c == Backoffice && p.APIPerSecond > 0 {
		list = append(list, fmt.Sprintf("--requests-per-second=%d", p.APIPerSecond))
	}
	if c == Backoffice && p.APIBurst > 0 {
		list = append(list, fmt.Sprintf("--request-burst=%d", p.APIBurst))
	}
	return list
}

func containerPort(name string, port int32) *corev1ac.ContainerPortApplyConfiguration {
	return corev1ac.ContainerPort().WithName(name).WithContainerPort(port).WithProtocol("TCP")
}

// probe asks the admin listener. Readiness is asked every second, so that a new pod
// serves, and a changed one is seen, about a second after it can.
func probe(path string, periodSeconds, failures int32) *corev1ac.ProbeApplyConfiguration {
	return corev1ac.Probe().
		WithHTTPGet(corev1ac.HTTPGetAction().
			WithPath(path).
			WithPort(intstrName("admin")).
			WithScheme("HTTP")).
		WithPeriodSeconds(periodSeconds).
		WithTimeoutSeconds(2).
		WithFailureThreshold(failures)
}

func intstrName(name string) intstr.IntOrString { return intstr.FromString(name) }
