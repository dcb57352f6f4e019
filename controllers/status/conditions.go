package status

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// The reasons of conditions.
const (
	ReasonReady               = "Ready"
	ReasonAccepted            = "Accepted"
	ReasonProgrammed          = "Programmed"
	ReasonAvailable           = "Available"
	ReasonPaused              = "Paused"
	ReasonPreparing           = "Preparing"
	ReasonPrepared            = "Prepared"
	ReasonRotatingLogins      = "RotatingLogins"
	ReasonDeleting            = "Deleting"
	ReasonUnreachable         = "Unreachable"
	ReasonServerNotFound      = "ServerNotFound"
	ReasonInvalidServer       = "InvalidServer"
	ReasonTooManyConnections  = "TooManyConnections"
	ReasonForeignObject       = "ForeignObject"
	ReasonRefused             = "Refused"
	ReasonUnreadableKeys      = "UnreadableKeys"
	ReasonLoadFailed          = "LoadFailed"
	ReasonNoReadyReplica      = "NoReadyReplica"
	ReasonPending             = "Pending"
	ReasonNotAccepted         = "NotAccepted"
	ReasonNotDeployed         = "NotDeployed"
	ReasonDatabaseUnreachable = "DatabaseUnreachable"
	ReasonDatabaseNotReady    = "DatabaseNotReady"
	ReasonSecretIncomplete    = "SecretIncomplete"
	ReasonOrphanedProfiles    = "OrphanedProfiles"
	ReasonNoReadableCopy      = "NoReadableCopy"
	ReasonNotCompiled         = "NotCompiled"
	ReasonContested           = "Contested"
	ReasonRollingOut          = "RollingOut"
	ReasonRolloutWaiting      = "RolloutWaiting"
	ReasonRolloutHalted       = "RolloutHalted"
	ReasonRolloutFailed       = "RolloutFailed"
	ReasonExposed             = "Exposed"
	ReasonRouteRefused        = "RouteRefused"
	ReasonGatewayAPIMissing   = "GatewayAPIMissing"
	ReasonReplicaFailure      = "ReplicaFailure"
)

const (
	// maxMessage keeps a message readable, and is enough for all that is wrong with a
	// template; the API allows 32,768 bytes.
	maxMessage = 4096
	// maxNote is the longest note that the API allows in an event.
	maxNote = 1024
)

// Finding is one fact in the form of a condition.
type Finding struct {
	Status  metav1.ConditionStatus
	Reason  string
	Message string
	// Stalled: it stays as it is until a person changes what was declared.
	Stalled bool
}

// Yes is a finding that something is so.
func Yes(reason, message string) Finding {
	return Finding{Status: metav1.ConditionTrue, Reason: reason, Message: message}
}

// No is a finding that something is not so yet, or not any more.
func No(reason, message string) Finding {
	return Finding{Status: metav1.ConditionFalse, Reason: reason, Message: message}
}

// Stuck is a finding that something is not so until a person acts.
func Stuck(reason, message string) Finding {
	return Finding{Status: metav1.ConditionFalse, Reason: reason, Message: message, Stalled: true}
}

// Unknown is a finding that it cannot be told.
func Unknown(reason, message string) Finding {
	return Finding{Status: metav1.ConditionUnknown, Reason: reason, Message: message}
}

// IsTrue says whether the finding is positive.
func (f Finding) IsTrue() bool { return f.Status == metav1.ConditionTrue }

// OfRollout says whether a reason tells how far a Tenant's pods are with a release.
func OfRollout(reason string) bool {
	return slices.Contains([]string{ReasonRollingOut, ReasonRolloutWaiting, ReasonRolloutHalted, ReasonRolloutFailed}, reason)
}

// conditions collects the conditions of one object.
type conditions struct {
	former     []metav1.Condition
	generation int64
	now        metav1.Time
	list       []metav1.Condition
}

func (c *conditions) add(kind string, f Finding) {
	next := metav1.Condition{
		Type:               kind,
		Status:             f.Status,
		ObservedGeneration: c.generation,
		LastTransitionTime: c.now,
		Reason:             f.Reason,
		Message:            shorten(f.Message, maxMessage),
	}
	if old := meta.FindStatusCondition(c.former, kind); old != nil && old.Status == f.Status {
		next.LastTransitionTime = old.LastTransitionTime
	}
	c.list = append(c.list, next)
}

// finish adds Ready and what goes with it. The first finding that is not True decides.
func (c *conditions) finish(ready Finding, findings ...Finding) {
	for _, f := range findings {
		if !f.IsTrue() {
			ready = Finding{Status: metav1.ConditionFalse, Reason: f.Reason, Message: f.Message, Stalled: f.Stalled}
			break
		}
	}
	c.add(v1alpha1.ConditionReady, ready)
	switch {
	case ready.IsTrue():
	case ready.Stalled:
		c.add(v1alpha1.ConditionStalled, Yes(ready.Reason, ready.Message))
	default:
		c.add(v1alpha1.ConditionReconciling, Yes(ready.Reason, ready.Message))
	}
}

// Sentence makes a sentence of a message: it begins with a capital letter, unless with
// the name of a field, and ends with a full stop.
func Sentence(message string) string {
	if message == "" {
		return ""
	}
	if !strings.HasPrefix(message, "spec.") {
		first, size := utf8.DecodeRuneInString(message)
		message = string(unicode.ToUpper(first)) + message[size:]
	}
	if !strings.HasSuffix(message, ".") {
		message += "."
	}
	return message
}

// Note shortens a message to what an event can hold.
func Note(message string) string { return shorten(message, maxNote) }

func shorten(message string, limit int) string {
	if len(message) <= limit {
		return message
	}
	return strings.ToValidUTF8(message[:limit-3], "") + "..."
}

// Former returns a condition of the former status as a finding, if there is one.
func Former(list []metav1.Condition, kind string) (Finding, bool) {
	c := meta.FindStatusCondition(list, kind)
	if c == nil {
		return Finding{}, false
	}
	stalled := meta.IsStatusConditionTrue(list, v1alpha1.ConditionStalled)
	return Finding{Status: c.Status, Reason: c.Reason, Message: c.Message, Stalled: stalled && c.Status == metav1.ConditionFalse}, true
}

// Same says whether two lists of conditions are equal, in whatever order.
func Same(a, b []metav1.Condition) bool {
	return equality.Semantic.DeepEqual(sorted(a), sorted(b))
}

func sorted(list []metav1.Condition) []metav1.Condition {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b metav1.Condition) int { return strings.Compare(a.Type, b.Type) })
	return list
}
