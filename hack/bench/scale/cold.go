package scale

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foyerhq/foyer/hack/bench/clock"
	"github.com/foyerhq/foyer/hack/bench/operator"
)

// ColdStartTarget is what the operator may cost, as a multiple of the floor.
const ColdStartTarget = 1.5

// ColdStart returns what an operator costs, from the start of its process, until it has
// written documents, workloads, schemas and roles of half as many tenants as the other
// benchmarks have, and what the floor costs (floor.go), each on servers of its own.
//
// It counts the processor time of the operator, of the loop, and of the API server,
// etcd and PostgreSQL under them, so that a busy machine does not decide.
func (s *Shared) ColdStart(ctx context.Context) (cost, floor time.Duration, err error) {
	tenants := max(1, s.Tenants/2)
	if floor, err = s.alone(ctx, func(w *world) (time.Duration, error) { return w.floor(ctx, tenants) }); err != nil {
		return 0, 0, fmt.Errorf("measure the floor: %w", err)
	}
	cost, err = s.alone(ctx, func(w *world) (time.Duration, error) { return w.coldStart(ctx, tenants) })
	return cost, floor, err
}

// alone measures in a world of its own.
func (s *Shared) alone(ctx context.Context, measure func(*world) (time.Duration, error)) (time.Duration, error) {
	w, err := newWorld(ctx, s.Progress, s.Profiles)
	if err != nil {
		return 0, err
	}
	cost, err := measure(w)
	return cost, errors.Join(err, w.close())
}

func (w *world) coldStart(ctx context.Context, tenants int) (time.Duration, error) {
	if err := w.addTenants(ctx, tenants); err != nil {
		return 0, err
	}
	w.progress("starting the operator over %d new tenants", tenants)
	started, err := clock.Start()
	if err != nil {
		return 0, err
	}
	if err := w.startOperator(operator.Control, false); err != nil {
		return 0, err
	}
	report, err := w.written(ctx)
	if err != nil {
		return 0, err
	}
	spent, err := started.Read()
	w.progress("the operator: %s; %.1f passes over each tenant; it sent %d writes, statuses included: %v",
		spent, report.Passes/float64(tenants), report.Writes, report.Written)
	return spent.Processor, err
}

// perTenant are the objects that the operator makes of a tenant, by kind.
var perTenant = map[string]float64{
	"ConfigMap": 2, "Secret": 5, "Service": 2, "Deployment": 3, "ServiceAccount": 3, "PodDisruptionBudget": 3, "NetworkPolicy": 3,
}

// written waits until the operator has written the objects of every tenant; the schema
// comes before them. The operator says so itself, because asking the API server all the
// time would be a load.
func (w *world) written(ctx context.Context) (operator.Report, error) {
	var report operator.Report
	err := until(ctx, "every tenant has its objects", setUpLimit, 50*time.Millisecond, func() (bool, error) {
		var err error
		if report, err = w.operator.Ask(operator.Count); err != nil {
			return false, err
		}
		for kind, count := range perTenant {
			if report.Written[kind] < count*float64(w.tenants) {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		return report, fmt.Errorf("written so far: %v: %w", report.Written, err)
	}
	return report, nil
}
