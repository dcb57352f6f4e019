package controllers

import (
	"context"
	"errors"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/index"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/admin"
)

// askTimeout bounds one question to a database, so that a server that does not answer
// holds up a pass for a moment only; after that it is known to be away.
const askTimeout = 3 * time.Second

// suspectTimeout bounds the look whether a server that left a question unanswered
// answers at all.
const suspectTimeout = time.Second

// quiet is how long a preparation may take before the status speaks of it. After a
// restart of the operator every tenant is looked at again, and nothing is to be said.
const quiet = 10 * time.Second

// database is what a pass knows of the tenant's database.
type database struct {
	server *server
	tenant *admin.Tenant // what may be asked; nil while nothing may be
	// network is where pods find the server.
	network provision.Database
	// ready: schema and roles are there, and the server answers. Only then is anything
	// written, to the database or for the tenant.
	ready bool
	// current: the schema is that of this release, so it is kept up, and accounts are counted,
	// also while the tenant is not ready for what it asks for.
	current  bool
	starting bool // it is being looked at, what was said of it stays
	// adopted: nothing is sent yet, because the data was another cluster's.
	adopted  bool
	prepared *v1alpha1.DatabaseStatus
	finding  status.Finding
}

// readyDatabase finds the server of the tenant, and prepares the tenant on it unless
// that is done.
func (r *Reconciler) readyDatabase(ctx context.Context, p *pass) error {
	if p.tenant == nil {
		return nil
	}
	if p.output.Document == nil && !p.everLive() {
		p.database.finding = status.No(status.ReasonNotAccepted, "Nothing is made for a tenant before it is accepted and active.")
		return nil
	}
	server, problem, err := r.servers.find(ctx, index.Server(p.tenant), p.key.Namespace)
	if err != nil {
		return err
	}
	if problem != nil {
		r.preparations.forget(p.key)
		p.fail(problem)
		return nil
	}
	p.database.server = server
	opened, problem := server.open()
	if problem != nil {
		p.fail(problem)
		return nil
	}
	if p.paused() {
		r.leaveDatabase(p, opened)
		return nil
	}
	if problem := server.tooMany(p.tenant); problem != nil {
		r.boundDatabase(p, opened, problem)
		return nil
	}
	r.prepareDatabase(p, opened)
	return nil
}

// everLive says whether customers have had this tenant.
func (p *pass) everLive() bool {
	return p.settings.body != nil || p.tenant.Status.LiveGeneration != 0
}

// edited says whether something is to go live in place of what customers have.
func (p *pass) edited() bool {
	return p.everLive() && (p.output.Digest != p.settings.digest || p.output.RoutingDigest != p.routing.digest)
}

// leaveDatabase is for a paused tenant: it is asked, and nothing is changed.
func (r *Reconciler) leaveDatabase(p *pass, opened *admin.Server) {
	d := &p.database
	d.starting = true
	d.finding = status.Unknown(status.ReasonPaused, "The tenant is paused, so its database was not looked at.")
	if p.tenant.Status.Database.Schema != "" {
		d.tenant = opened.Tenant(r.owner(p.tenant).Schema())
		d.finding = status.Yes(status.ReasonPrepared, "The server answers; the tenant is paused, so schema and roles were not looked at.")
	}
}

// boundDatabase is for a tenant that may not have the connections that it asks for: what it has
// is asked and kept up, and nothing else is changed.
func (r *Reconciler) boundDatabase(p *pass, opened *admin.Server, problem *admin.Problem) {
	p.fail(problem)
	d, last := &p.database, p.tenant.Status.Database
	if last.Schema == "" || last.Server != d.server.name {
		return
	}
	d.tenant = opened.Tenant(r.owner(p.tenant).Schema())
	d.current = ptr.Deref(last.SchemaVersion, 0) == store.RequiredSchemaVersion
}

func (r *Reconciler) prepareDatabase(p *pass, opened *admin.Server) {
	d := &p.database
	state := r.preparations.ensure(p.tenant, d.server, !p.allAvailable())
	switch {
	case state.prepared != nil && (state.problem == nil || passes(state.problem)):
		// All is in place, even if another look at it failed.
	case state.problem != nil: // and stays while it is tried again, or it would come and go
		p.fail(state.problem)
		p.prepareAgain(state)
		return
	default:
		if p.edited() {
			r.preparations.hurry(p.key)
		}
		d.starting = state.quiet()
		d.finding = status.No(status.ReasonPreparing, "Foyer is preparing the tenant's schema and roles.")
		return // its end runs the pass again, and so does that it takes long
	}
	if state.problem != nil || len(state.prepared.Former) > 0 {
		p.prepareAgain(state)
	}
	d.ready, d.current, d.adopted = true, true, state.prepared.Adopted
	d.network = d.server.network(opened)
	d.tenant = opened.Tenant(state.prepared.Schema)
	d.prepared = &v1alpha1.DatabaseStatus{
		Server:        d.server.name,
		Schema:        state.prepared.Schema,
		SchemaVersion: ptr.To(state.prepared.SchemaVersion),
	}
	if rotated := state.prepared.rotated; !rotated.IsZero() {
		d.prepared.LastRotationTime = ptr.To(metav1.NewTime(rotated))
	}
	d.finding = status.Yes(status.ReasonPrepared, "Schema and roles are in place.")
	r.lookAtRotation(p, state)
}

// passes says whether a problem of another look at a prepared tenant says nothing about
// the tenant: the API server refused for now, or the server was away and is back.
func passes(problem *admin.Problem) bool {
	return problem.Reason == status.ReasonPreparing || problem.Reason == status.ReasonUnreachable
}

// prepareAgain runs the pass when the next attempt is due. One that is under way runs
// it by itself when it ends.
func (p *pass) prepareAgain(state preparation) {
	if !state.running {
		p.runAgain(time.Until(state.again))
	}
}

// allAvailable says by the last status whether the workloads run. If they do not, it
// may be because something of the tenant's database or Secrets was taken away.
func (p *pass) allAvailable() bool {
	for _, c := range p.tenant.Status.Conditions {
		switch c.Type {
		case v1alpha1.ConditionPortalAvailable, v1alpha1.ConditionBackofficeAvailable, v1alpha1.ConditionDispatcherAvailable:
			if c.Status != metav1.ConditionTrue {
				return false
			}
		}
	}
	return true
}

// fail says that the database cannot be used in this pass, and why.
func (p *pass) fail(problem *admin.Problem) {
	p.database.ready, p.database.current, p.database.starting, p.database.tenant = false, false, false, nil
	p.database.finding = findingOf(problem)
}

func findingOf(problem *admin.Problem) status.Finding {
	message := status.Sentence(problem.Message)
	if waits(problem) {
		return status.No(problem.Reason, message)
	}
	return status.Stuck(problem.Reason, message)
}

// errReplaced: the server was declared anew while a question was put to it, which says
// nothing about either. The pass begins again with the new declaration.
var errReplaced = errors.New("the declaration of the database server has changed")

// ask puts one question to the tenant's database. If the database cannot be used, the
// pass goes on without it: nothing of this tenant is ready, and the error is nil. What
// a sound database answers, that there is no such row, is the only error.
func (r *Reconciler) ask(ctx context.Context, p *pass, question func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	err := question(limited)
	if err == nil || errors.Is(err, store.ErrNotFound) || ctx.Err() != nil {
		return err
	}
	if p.database.server.replaced() {
		return errReplaced
	}
	problem := problemOf(err)
	if problem.Reason == status.ReasonUnreachable {
		problem, _ = p.database.server.suspect(ctx, problem)
	} else {
		r.preparations.repeat(p.key)
	}
	log.FromContext(ctx).Info("the database of a tenant cannot be used", "server", p.database.server.name, "cause", err.Error())
	p.fail(problem)
	p.runAgain(r.pace.retry)
	return nil
}

func (r *Reconciler) owner(t *v1alpha1.Tenant) admin.Owner {
	return admin.Owner{ClusterUID: r.clusterUID, Namespace: t.Namespace, Name: t.Name}
}
