package provision

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

const (
	settingsDir = "/etc/foyer/settings"
	routingDir  = "/etc/foyer/routing"
	databaseDir = "/etc/foyer/database"
	keysDir     = "/etc/foyer/keys"
	channelsDir = "/etc/foyer/channels"
	clockDir    = "/etc/foyer/clock"
	signingDir  = "/etc/foyer/event-signing"

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

	// minReadySeconds is how long a new pod stays ready before an old one goes for it: one that
	// dies of its first requests replaces none.
	minReadySeconds int32 = 5

	signingVolume = "event-signing"
)

// listener is what a component serves on. A dispatcher serves nobody.
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
	spec := appsv1ac.DeploymentSpec()
	if c != Portal || !Autoscaled(t) { // else the autoscaler decides
		spec.WithReplicas(Replicas(t, c))
	}
	return appsv1ac.Deployment(WorkloadName(t.Name, c), t.Namespace).
		WithLabels(Labels(t.Name, c)).
		WithAnnotations(map[string]string{AnnotationVersion: p.Version}).
		WithOwnerReferences(owner(t)).
		WithSpec(spec.
			WithRevisionHistoryLimit(revisionHistory).
			WithMinReadySeconds(minReadySeconds).
			WithProgressDeadlineSeconds(ProgressDeadlineSeconds).
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

// Replicas is the number of pods of a component that the Tenant asks for, at most.
func Replicas(t *v1alpha1.Tenant, c Component) int32 {
	if c == Portal && Autoscaled(t) {
		return t.Spec.Portal.Autoscaling.MaxReplicas
	}
	fallback := int32(1)
	if c == Portal {
		fallback = 2
	}
	replicas, _ := declared(t, c)
	return ptr.Deref(replicas, fallback)
}

// declared is what the Tenant says of the pods of a component.
func declared(t *v1alpha1.Tenant, c Component) (*int32, v1alpha1.Resources) {
	switch c {
	case Backoffice:
		return t.Spec.Backoffice.Replicas, t.Spec.Backoffice.Resources
	case Dispatcher:
		return t.Spec.Dispatcher.Replicas, t.Spec.Dispatcher.Resources
	default:
		return t.Spec.Portal.Replicas, t.Spec.Portal.Resources
	}
}

func podSpec(p Params, c Component) *corev1ac.PodSpecApplyConfiguration {
	return corev1ac.PodSpec().
		WithServiceAccountName(WorkloadName(p.Tenant.Name, c)).
		WithAutomountServiceAccountToken(false).
		WithTopologySpreadConstraints(spread(p.Tenant, c)...).
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
		WithVolumes(volumes(p, c)...)
}

// mount is a ConfigMap or Secret that a component sees as files.
type mount struct {
	volume, configMap, secret, dir string
	keys                           []string // of a Secret that people made: the pod sees no others
	optional                       bool     // without it the pod starts all the same
}

// mountsOf are the mounts of a component: no more than it needs.
func mountsOf(p Params, c Component) []mount {
	tenant := p.Tenant.Name
	list := []mount{
		{volume: "settings", configMap: SettingsName(tenant), dir: settingsDir},
		{volume: "database", secret: DatabaseSecretName(tenant, c), dir: databaseDir},
	}
	if c == Portal || c == Dispatcher {
		list = append(list, mount{volume: "keys", secret: KeysSecretName(tenant), dir: keysDir})
	}
	if c == Backoffice {
		for _, s := range signingSecrets(p.Tenant) {
			list = append(list, mount{volume: signingVolume, secret: s.Name, dir: signingDir, keys: s.files(), optional: true})
		}
	}
	if c != Dispatcher {
		return list
	}
	list = append(list, mount{volume: "routing", configMap: RoutingName(tenant), dir: routingDir})
	for _, s := range ChannelSecrets(p.Tenant) {
		list = append(list, mount{volume: s.Dir, secret: s.Name, dir: channelsDir + "/" + s.Dir, keys: s.files(), optional: true})
	}
	if p.Clock {
		list = append(list, mount{volume: "clock", configMap: ClockName(tenant), dir: clockDir, optional: true})
	}
	return list
}

func volumes(p Params, c Component) []*corev1ac.VolumeApplyConfiguration {
	var list []*corev1ac.VolumeApplyConfiguration
	for _, m := range mountsOf(p, c) {
		volume := corev1ac.Volume().WithName(m.volume)
		if m.configMap != "" {
			source := corev1ac.ConfigMapVolumeSource().WithName(m.configMap)
			if m.optional {
				source.WithOptional(true)
			}
			volume.WithConfigMap(source)
		} else {
			source := corev1ac.SecretVolumeSource().WithSecretName(m.secret).WithDefaultMode(secretMode)
			for _, key := range m.keys {
				source.WithItems(corev1ac.KeyToPath().WithKey(key).WithPath(key))
			}
			if m.optional {
				source.WithOptional(true)
			}
			volume.WithSecret(source)
		}
		list = append(list, volume)
	}
	return list
}

func volumeMounts(p Params, c Component) []*corev1ac.VolumeMountApplyConfiguration {
	var list []*corev1ac.VolumeMountApplyConfiguration
	for _, m := range mountsOf(p, c) {
		list = append(list, corev1ac.VolumeMount().WithName(m.volume).WithMountPath(m.dir).WithReadOnly(true))
	}
	return list
}

func container(p Params, c Component) *corev1ac.ContainerApplyConfiguration {
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
		WithEnv(traceEnv(p)...).
		WithPorts(ports(c)...).
		WithResources(limits.requirements()).
		WithReadinessProbe(probe("/readyz", 1, 3)).
		WithLivenessProbe(probe("/livez", 10, 6)).
		WithSecurityContext(corev1ac.SecurityContext().
			WithAllowPrivilegeEscalation(false).
			WithReadOnlyRootFilesystem(true).
			WithCapabilities(corev1ac.Capabilities().WithDrop("ALL"))).
		WithVolumeMounts(volumeMounts(p, c)...)
}

func ports(c Component) []*corev1ac.ContainerPortApplyConfiguration {
	admin := containerPort("admin", PortAdmin)
	if l, serves := listeners[c]; serves {
		return []*corev1ac.ContainerPortApplyConfiguration{containerPort(l.name, l.port), admin}
	}
	return []*corev1ac.ContainerPortApplyConfiguration{admin}
}

// args spells out what the image has as default too: the ports and mounts of this
// pod and the flags of its process are then changed in one place.
func args(p Params, c Component) []string {
	list := []string{"--settings-dir=" + settingsDir, "--database-dir=" + databaseDir}
	if c == Dispatcher {
		return append(list, dispatcherArgs(p)...)
	}
	list = append(list,
		fmt.Sprintf("--listen=:%d", listeners[c].port),
		fmt.Sprintf("--admin-listen=:%d", PortAdmin),
		"--drain-seconds="+strconv.Itoa(drainSeconds))
	if c == Portal {
		list = append(list, "--keys-dir="+keysDir)
	}
	if p.TrustedProxies != "" {
		list = append(list, "--trusted-proxies="+p.TrustedProxies)
	}
	if c == Backoffice && p.Tenant.Spec.Backoffice.EventSigningSecretRef.Name != "" {
		list = append(list, "--event-signing-dir="+signingDir)
	}
	if c == Backoffice && p.APIPerSecond > 0 {
		list = append(list, fmt.Sprintf("--requests-per-second=%d", p.APIPerSecond))
	}
	if c == Backoffice && p.APIBurst > 0 {
		list = append(list, fmt.Sprintf("--request-burst=%d", p.APIBurst))
	}
	return list
}

func dispatcherArgs(p Params) []string {
	list := []string{
		"--routing-dir=" + routingDir,
		"--keys-dir=" + keysDir,
		"--channels-dir=" + channelsDir,
		fmt.Sprintf("--admin-listen=:%d", PortAdmin),
	}
	if p.AllowOutgoing != "" {
		list = append(list, "--allow-outgoing="+p.AllowOutgoing)
	}
	if p.Clock {
		list = append(list, "--clock-file="+clockDir+"/"+KeyClock)
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
