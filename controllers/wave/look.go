package wave

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
)

const (
	// LabelCanary on a Tenant, as "true", has it roll before all others.
	LabelCanary = "foyer.dev/canary"
	// AnnotationIgnore on a Tenant lets the rollout of the release that is its value go on
	// although the tenant has failed, or is a canary that is not done.
	AnnotationIgnore = "foyer.dev/ignore-rollout-failure"
)

// Patience is how long a tenant may come no closer to its release: a Deployment has its own
// deadline, and whoever should say that it is over may be away.
const Patience = time.Duration(provision.ProgressDeadlineSeconds)*time.Second + time.Minute

// Standing is how far a tenant is.
type Standing string

// The standings.
const (
	Uncounted Standing = "Uncounted" // paused, new, or being deleted
	Waiting   Standing = "Waiting"   // all of its pods are of another release
	Rolling   Standing = "Rolling"
	Failed    Standing = "Failed"
	Done      Standing = "Done" // rolled out and available
)

// Sight is what the cluster shows of a tenant.
type Sight struct {
	Tenant      *v1alpha1.Tenant
	Deployments []*appsv1.Deployment
	Pods        []*corev1.Pod // of a tenant that rolls or soaks; nobody else's are looked at
	Soaks       bool          // if it is done, others wait until it has shown that it stays well
	Mark        string        // of the release, see provision.Mark
	Refused     string        // why the cluster does not take its pods of this release; empty: it does
	Still       time.Duration // for which it has come no closer, by a [Clock]
	Patience    time.Duration // how long that may last
}

// Found is what was seen of a tenant.
type Found struct {
	Standing Standing
	Why      string        // it has Failed
	Again    time.Duration // when it is to be looked at again by itself; 0: never
	// WasDone: it has Failed after all of its pods were of the release and available, which is a
	// failure of the rollout only while others wait.
	WasDone bool
}

// Look says how far a tenant is.
func Look(s Sight) Found {
	if !Counts(s.Tenant) || len(s.Deployments) == 0 {
		return Found{Standing: Uncounted}
	}
	if s.Refused != "" {
		return Found{Standing: Failed, Why: s.Refused}
	}
	if !Begun(s.Deployments, s.Mark) {
		return Found{Standing: Waiting}
	}
	found := Found{Standing: Done}
	for _, d := range s.Deployments {
		if arrived(d, s.Mark) {
			if s.Soaks && crashing(s.Pods, d) {
				return Found{Standing: Failed, Why: crashes(d), WasDone: wasDone(s)}
			}
			continue
		}
		found.Standing = Rolling
		if why := failure(d, s.Pods); why != "" && marked(d, s.Mark) {
			return Found{Standing: Failed, Why: why}
		}
	}
	if found.Standing == Done {
		return found
	}
	if s.Still >= s.Patience {
		return Found{Standing: Failed, Why: stuck(s), WasDone: wasDone(s)}
	}
	found.Again = s.Patience - s.Still
	return found
}

// arrived says whether a Deployment is of the release, and has come to it.
func arrived(d *appsv1.Deployment, mark string) bool { return marked(d, mark) && settled(d) }

// Busy says whether pods of a tenant that waits are still being replaced by those of another
// release than all of them were of last. An edit replaces pods too, by others of the release that
// they have: that brings no turn forward.
func Busy(t *v1alpha1.Tenant, deployments []*appsv1.Deployment) bool {
	return slices.ContainsFunc(deployments, func(d *appsv1.Deployment) bool {
		return d.Status.Replicas > d.Status.UpdatedReplicas && d.Annotations[provision.AnnotationVersion] != t.Status.Version
	})
}

// Counts says whether a tenant takes part. A new one has never been rolled out: what is
// wrong with it may be its own, or be mended by the release that comes.
func Counts(t *v1alpha1.Tenant) bool {
	return t.DeletionTimestamp == nil && t.Spec.State != v1alpha1.TenantPaused && t.Status.Version != ""
}

// Begun says whether some pods of a tenant are of the release: then the others follow.
func Begun(deployments []*appsv1.Deployment, mark string) bool {
	for _, d := range deployments {
		if marked(d, mark) {
			return true
		}
	}
	return false
}

func marked(d *appsv1.Deployment, mark string) bool {
	return d.Annotations[provision.AnnotationRelease] == mark
}

// complete says whether every pod of a Deployment is of its present template, and available.
func complete(d *appsv1.Deployment) bool {
	wanted, s := ptr.Deref(d.Spec.Replicas, 1), d.Status
	return s.ObservedGeneration >= d.Generation && s.UpdatedReplicas >= wanted &&
		s.Replicas == s.UpdatedReplicas && s.AvailableReplicas >= wanted
}

// settled says whether a Deployment has come to its present template: what it lacks since, for a
// quota or a node that is lost, is not the release's, as long as a pod is available.
func settled(d *appsv1.Deployment) bool {
	s := d.Status
	return complete(d) || s.ObservedGeneration >= d.Generation && s.AvailableReplicas > 0 && s.UpdatedReplicas > 0 && rolledOut(d)
}

// Version is the release that all pods of a tenant run; empty while they are on their way.
func Version(deployments []*appsv1.Deployment) string {
	var version string
	for i, d := range deployments {
		of := d.Annotations[provision.AnnotationVersion]
		if !settled(d) || i > 0 && of != version {
			return ""
		}
		version = of
	}
	return version
}

// Replacing says whether pods of a tenant are being replaced by others, and do not merely
// come and go.
func Replacing(deployments []*appsv1.Deployment, mark string) bool {
	for _, d := range deployments {
		if d.Status.Replicas > d.Status.UpdatedReplicas || !marked(d, mark) {
			return true
		}
	}
	return false
}

// failure is why a Deployment that is not complete will not be so by itself.
func failure(d *appsv1.Deployment, pods []*corev1.Pod) string {
	if d.Spec.Paused {
		return fmt.Sprintf("Deployment %s is paused: kubectl rollout resume lets it go on.", d.Name)
	}
	if crashing(pods, d) {
		return crashes(d)
	}
	if d.Status.ObservedGeneration < d.Generation || rolledOut(d) {
		return "" // what has been available will be so again, when its node is
	}
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentProgressing && c.Reason == "ProgressDeadlineExceeded" {
			return late(d)
		}
	}
	return ""
}

func crashes(d *appsv1.Deployment) string {
	return fmt.Sprintf("A pod of the %s ends again and again: its log says why.", d.Labels[provision.LabelComponent])
}

// wasDone says whether all pods of a tenant are those that had come to the release.
func wasDone(s Sight) bool {
	for _, d := range s.Deployments {
		came := marked(d, s.Mark) && d.Annotations[provision.AnnotationVersion] == s.Tenant.Status.Version
		if !came || !settled(d) && (d.Status.ObservedGeneration < d.Generation || !rolledOut(d)) {
			return false
		}
	}
	return true
}

// stuck is why a tenant comes no closer to its release, of which nobody says why.
func stuck(s Sight) string {
	var why string
	for _, d := range s.Deployments {
		component := d.Labels[provision.LabelComponent]
		switch {
		case arrived(d, s.Mark):
		case !marked(d, s.Mark):
			why = cmp.Or(why, fmt.Sprintf("The %s does not get the pods of the release that other pods of the tenant are of: the other conditions say why.", component))
		case d.Status.ObservedGeneration >= d.Generation && rolledOut(d):
			return fmt.Sprintf("The pods of the %s were available, and for long none has been: see Deployment %s and its pods.", component, d.Name)
		default:
			return late(d)
		}
	}
	return why
}

// availableBefore is why a Deployment progresses that has had all of its pods available. It
// says so still when it goes back to a template that it has had, until the first pod comes.
const availableBefore = "NewReplicaSetAvailable"

// rolledOut says whether all pods of a Deployment are of its present template, and have been
// available.
func rolledOut(d *appsv1.Deployment) bool {
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentProgressing && c.Reason == availableBefore {
			return d.Status.Replicas == d.Status.UpdatedReplicas
		}
	}
	return false
}

func late(d *appsv1.Deployment) string {
	component := d.Labels[provision.LabelComponent]
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
			return fmt.Sprintf("The %s cannot get a pod: %s", component, c.Message)
		}
	}
	return fmt.Sprintf("The pods of the %s have not become ready in time: see Deployment %s and its pods.", component, d.Name)
}

// crashing says whether a kubelet has ceased to start a container of a Deployment at once. A
// pod that somebody else made with the same labels is none of its own.
func crashing(pods []*corev1.Pod, d *appsv1.Deployment) bool {
	return slices.ContainsFunc(pods, func(pod *corev1.Pod) bool { return madeBy(pod, d) && Crashes(pod) })
}

// madeBy says whether a pod is one of a ReplicaSet of a Deployment, which has the Deployment's
// name and a hash.
func madeBy(pod *corev1.Pod, d *appsv1.Deployment) bool {
	owner := metav1.GetControllerOf(pod)
	if owner == nil || owner.Kind != "ReplicaSet" || pod.Namespace != d.Namespace {
		return false
	}
	hash, ofIt := strings.CutPrefix(owner.Name, d.Name+"-")
	return ofIt && !strings.Contains(hash, "-")
}

// manyEnds is how often a container that is not ready was started anew before it counts as one
// that ends again and again.
const manyEnds = 2

// Crashes says whether a container of a pod ends again and again.
func Crashes(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil {
		return false
	}
	for _, c := range pod.Status.ContainerStatuses {
		if c.State.Waiting != nil && c.State.Waiting.Reason == "CrashLoopBackOff" || !c.Ready && c.RestartCount >= manyEnds {
			return true // between two ends it runs for a moment
		}
	}
	return false
}
