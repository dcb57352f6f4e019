package controllers

import "context"

// lookAtAdoption says in the status that nothing is sent because the tenant's data was taken
// over from another cluster, as long as it is so.
func (r *Reconciler) lookAtAdoption(ctx context.Context, p *pass) error {
	d := &p.database
	if p.tenant == nil || !d.ready || !d.adopted {
		return nil
	}
	err := r.ask(ctx, p, func(ctx context.Context) (err error) {
		d.adopted, err = d.tenant.Adopted(ctx)
		return err
	})
	if err != nil || !d.ready || !d.adopted {
		return err
	}
	d.finding.Message += " The data was taken over from another cluster, which may still send what waits in it, so nothing is sent, whatever spec.delivery says:" +
		" set delivery.mode to Hold, look at what waits, and then set the mode that you want."
	p.runAgain(r.pace.pollAtRest)
	return nil
}
