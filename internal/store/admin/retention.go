package admin

import (
	"context"

	"github.com/jackc/pgx/v5"
)

const retainSQL = `UPDATE installation SET call_months = $1, next_call_months = $2, next_seen_at = $3`

// retain finds for how many months calls are kept in this run: what is wanted, or what is
// in force while a shorter time waits. It returns the step that keeps what is new of it, or
// nil.
func (u *upkeep) retain() func(context.Context, pgx.Tx) error {
	wanted, force := u.policy.CallMonths, u.found.CallMonths
	next, seen := u.found.NextCallMonths, u.found.NextSeenAt
	if next == nil || *next != wanted {
		next, seen = &wanted, &u.now
	}
	shorter := wanted > 0 && (force == 0 || wanted < force)
	if from := seen.Add(u.policy.Wait); shorter && u.now.Before(from) {
		u.months, u.report.Pending = force, &Pending{CallMonths: wanted, From: from}
		if next == u.found.NextCallMonths {
			return nil
		}
	} else {
		u.months, next, seen = wanted, nil, nil
		if wanted == force && u.found.NextCallMonths == nil {
			return nil
		}
	}
	return func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, retainSQL, u.months, next, seen)
		return err
	}
}

// whileWanted leaves a step out once another policy is wanted than at the begin.
func (u *upkeep) whileWanted(step func(context.Context, pgx.Tx) error) func(context.Context, pgx.Tx) error {
	return func(ctx context.Context, tx pgx.Tx) error {
		if u.wanted() != u.policy {
			u.report.More = true
			return nil
		}
		return step(ctx, tx)
	}
}
