package status

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// Document is what the pass knows of a live document and the replicas that read it.
type Document struct {
	// Known is false while nobody can tell what is live: the ConfigMap is lost and the
	// database, which has a copy, cannot be asked.
	Known bool
	// Digest is empty while nothing is live.
	Digest string
	// Asked is false while the database cannot be asked what the replicas run.
	Asked bool
	// Starting: the database was not asked yet, as after a restart of the operator.
	// What was said stays until it is.
	Starting bool
	// Replicas are the ready ones that read it, Programmed those that run Digest.
	Replicas, Programmed int32
	// Missing names a component without a ready replica.
	Missing string
	// Failure is why a replica could not load Digest.
	Failure string
	// Pending is how long the replicas have had to load it.
	Pending time.Duration
}

// settled says whether every ready replica, at least one of each component, runs the
// document.
func (d Document) settled() bool {
	return d.Missing == "" && d.Replicas > 0 && d.Programmed == d.Replicas
}

// patience is how long the replicas may take to load a document before a tenant that
// was Programmed is said to be so no more: an edit of one profile is no outage.
const patience = 5 * time.Second

const programmedMessage = "Every ready replica runs this configuration."

// ofTenant says how far the live generation of a Tenant has come. former is what was
// said of the same generation.
func (d Document) ofTenant(former Finding) Finding {
	switch {
	case d.Failure != "":
		return loadFailed(d.Failure)
	case !d.Asked && d.Starting && former.Status != "":
		return former
	case !d.Asked:
		return cannotAsk()
	case d.settled():
		return Yes(ReasonProgrammed, programmedMessage)
	case d.Missing != "":
		return No(ReasonNoReadyReplica, "The "+d.Missing+" has no ready replica.")
	case former.IsTrue() && d.Pending < patience:
		return former
	default:
		return pending()
	}
}

// ofProfile says how far the live generation of a profile has come. Once every replica
// has run it, it stays True: a later document carries it, and so does a later replica.
func (d Document) ofProfile(former Finding) Finding {
	if former.IsTrue() {
		return Yes(ReasonProgrammed, programmedMessage)
	}
	return d.ofTenant(former)
}

func loadFailed(why string) Finding {
	return No(ReasonLoadFailed, "A replica could not load this configuration and goes on with its last one: "+why)
}

func cannotAsk() Finding {
	return Unknown(ReasonDatabaseUnreachable, "The database cannot be asked which configuration the replicas run.")
}

func lost() Finding {
	return Unknown(ReasonDatabaseUnreachable, "A ConfigMap with what is live is lost. It is restored from its copy in the database, as soon as that can be asked.")
}

func pending() Finding {
	return No(ReasonPending, "The replicas are loading this configuration.")
}

// formerProgrammed is what was said of Programmed about the same live generation.
func formerProgrammed(list []metav1.Condition, generation, formerLive int64) Finding {
	for _, c := range list {
		if c.Type == v1alpha1.ConditionProgrammed && c.ObservedGeneration == generation && formerLive == generation {
			f, _ := Former(list, c.Type)
			return f
		}
	}
	return Finding{}
}
