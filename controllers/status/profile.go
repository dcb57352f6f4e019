package status

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// Profile is what a pass has found of an AccountProfile or a MyAccountProfile.
type Profile struct {
	Generation   int64
	Accepted     Finding
	ResolvedRefs Finding
	// LiveGeneration is the generation in the live document, 0 if there is none.
	LiveGeneration int64
	Document       Document
	Accounts       *int64 // nil: unknown, the last count stays
	// Database is what is said of the tenant's.
	Database Finding
	// Blocked is why nothing of it can go live now; a zero Finding if it can.
	Blocked Finding
}

// ProfileStatus are the fields that the statuses of both kinds of profiles share.
type ProfileStatus struct {
	Conditions         []metav1.Condition
	ObservedGeneration int64
	LiveGeneration     int64
	LastModifiedTime   *metav1.Time
	Accounts           *int64
}

// OfAccountProfile returns the status of an account profile. events are nil while nobody
// can tell: the last ones stay.
func OfAccountProfile(old v1alpha1.AccountProfileStatus, p Profile, events []v1alpha1.EventStatus, now metav1.Time) v1alpha1.AccountProfileStatus {
	shared := OfProfile(ProfileStatus{old.Conditions, old.ObservedGeneration, old.LiveGeneration, old.LastModifiedTime, old.Accounts}, p, now)
	next := v1alpha1.AccountProfileStatus{
		Conditions: shared.Conditions, ObservedGeneration: shared.ObservedGeneration, LiveGeneration: shared.LiveGeneration,
		LastModifiedTime: shared.LastModifiedTime, Accounts: shared.Accounts, Events: old.Events,
	}
	if events != nil {
		next.Events = events
	}
	if next.LiveGeneration == 0 {
		next.Events = nil
	}
	return next
}

// OfProfile returns the status of a profile.
func OfProfile(old ProfileStatus, p Profile, now metav1.Time) ProfileStatus {
	next := old
	next.ObservedGeneration = p.Generation
	if p.Accounts != nil {
		next.Accounts = p.Accounts
	}
	if p.Document.Known {
		next.LiveGeneration = p.LiveGeneration
		next.LastModifiedTime = modified(old.LiveGeneration, p.LiveGeneration, old.LastModifiedTime, now)
	}
	programmed := p.programmed(old)
	c := &conditions{former: old.Conditions, generation: p.Generation, now: now}
	c.add(v1alpha1.ConditionAccepted, p.Accepted)
	c.add(v1alpha1.ConditionResolvedRefs, p.ResolvedRefs)
	c.add(v1alpha1.ConditionProgrammed, programmed)
	c.finish(Yes(ReasonReady, "Customers have this configuration."), p.Accepted, p.ResolvedRefs, programmed)
	next.Conditions = c.list
	return next
}

func (p Profile) programmed(old ProfileStatus) Finding {
	switch {
	case !p.Document.Known && old.LiveGeneration != 0:
		return p.lost()
	case p.Document.Known && p.LiveGeneration == p.Generation:
		return p.Document.ofProfile(formerProgrammed(old.Conditions, p.Generation, old.LiveGeneration))
	default:
		return p.waits(pending())
	}
}

// lost is for what is live and cannot be told.
func (p Profile) lost() Finding {
	if p.Blocked.Reason != "" {
		return Finding{Status: metav1.ConditionUnknown, Reason: p.Blocked.Reason, Message: p.Blocked.Message, Stalled: p.Blocked.Stalled}
	}
	return lost()
}

// waits says why a generation that is not live is not.
func (p Profile) waits(otherwise Finding) Finding {
	switch {
	case !p.Accepted.IsTrue() || !p.ResolvedRefs.IsTrue():
		return notLive(p.LiveGeneration)
	case !p.Database.IsTrue():
		return databaseFirst(p.Database)
	case p.Blocked.Reason != "":
		return p.Blocked
	default:
		return otherwise
	}
}

// modified is when the live generation went live.
func modified(formerLive, live int64, former *metav1.Time, now metav1.Time) *metav1.Time {
	switch live {
	case 0:
		return nil
	case formerLive:
		return former
	default:
		return &now
	}
}
