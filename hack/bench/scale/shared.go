package scale

import (
	"context"
	"errors"
	"time"

	"github.com/foyerhq/foyer/hack/bench/operator"
)

// Shared are the benchmarks over one set-up, which takes minutes and is made for the
// first of them. Close ends it.
type Shared struct {
	Tenants  int
	Rest     time.Duration // RestTime
	Edits    int           // of one person, while every tenant is passed over
	Profiles string        // a folder for processor profiles of the operator; none if empty
	Progress Progress

	world *world
	small sample // with a tenth of the tenants

	unrelated Unrelated // Secrets; none until they were made
}

// settled is a world in which every tenant is ready, with an operator.
func (s *Shared) settled(ctx context.Context) (*world, error) {
	if s.world != nil {
		return s.world, nil
	}
	w, err := newWorld(ctx, s.Progress, s.Profiles)
	if err != nil {
		return nil, err
	}
	if err := s.fill(ctx, w); err != nil {
		return nil, errors.Join(err, w.close())
	}
	s.world = w
	return w, nil
}

// fill makes a tenth of the tenants, looks what they cost, and makes the others.
func (s *Shared) fill(ctx context.Context, w *world) error {
	if err := w.startOperator(operator.Control, false); err != nil {
		return err
	}
	if err := w.settle(ctx, max(1, s.Tenants/10)); err != nil {
		return err
	}
	var err error
	if s.small, err = w.sample(ctx); err != nil {
		return err
	}
	if err := w.startOperator(operator.Control, false); err != nil {
		return err
	}
	return w.settle(ctx, s.Tenants)
}

// Close ends what the benchmarks have started.
func (s *Shared) Close() error {
	if s.world == nil {
		return nil
	}
	return s.world.close()
}
