// The command bench measures what the design promises, one line for each figure:
//
//	BENCH name=<kebab-name> ratio=<r> value=<v> floor=<f> unit=<u> spread=<min..max>
//
// The ratio is value / floor. Where the design names a figure, that is the floor, and a
// ratio of 1 is within it; a floor of 0 has ratio 0 if the value is 0 too, else +Inf.
// Where the design names a multiple of something simpler, the floor is that, measured
// in the same run:
//
//	cold-start         1.5   a loop that sends the same writes and the same SQL
//	memory-per-object  2     a bare cache of the same objects
//	compile            1.3   the time for a template among half as many
//	ask-...            1.5   the same question among a hundredth of the accounts
//
// and where more is better, the ratio has to be at least
//
//	bulk-accounts      0.3   of bare COPY into the same tables
//	bulk-calls         0.5   of the same
//	sign-in-throughput 0.9   of the bare hash with the same parameters, as many at once
//	page               0.75  of a handler that is written by hand
//	ledger             1.5   of River's jobs that do nothing
//	ledger-held-open   0.5   of the ledger without another transaction that is open
//	ledger-after-hold  0.8   of the same
//	event-to-smtp      0.35  of go-mail alone to the same mail server
//
// It ends with status 1 when a figure is missed or could not be measured. What is going
// on is written to standard error. Package scale says what the benchmarks of the
// operator need and do.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"

	"github.com/foyerhq/foyer/hack/bench/bulk"
	"github.com/foyerhq/foyer/hack/bench/eventtosmtp"
	"github.com/foyerhq/foyer/hack/bench/operator"
	"github.com/foyerhq/foyer/hack/bench/page"
)

// figure is what a benchmark measured, all in the same unit.
type figure struct {
	value, floor float64
	smallest     float64
	largest      float64
	unit         string
	limit        float64 // of the ratio; 0 for 1
	least        float64 // of the ratio, where more is better; then there is no limit
}

func (f figure) ratio() float64 {
	if f.value == 0 && f.floor == 0 {
		return 0
	}
	return f.value / f.floor
}

func (f figure) missed() bool {
	if f.least > 0 {
		return f.ratio() < f.least
	}
	return f.ratio() > cmp.Or(f.limit, 1)
}

// benchmark is one line of the design's table. run tells progress as it goes.
type benchmark struct {
	name string
	run  func(ctx context.Context, progress func(format string, args ...any)) (figure, error)
}

// benchmarks are in the order of the design's table.
var benchmarks = []benchmark{
	{"propagation", runPropagation},
	{"propagation-crowd", runPropagationCrowd},
	{"idle-tenant", runIdleTenant},
	{"idle-tenant-ready", runIdleTenantReady},
	{"idle-writes", runIdleWrites},
	{"restart", runRestart},
	{"memory-per-object", runMemory},
	{"unrelated-secrets", runUnrelatedSecrets},
	{"resident", runResident},
	{"edit-under-load", runEditUnderLoad},
	{"cold-start", runColdStart},
	{"compile", runCompile},
	{"resolve", runResolve},
	{"bulk-accounts", runBulkAccounts},
	{"bulk-calls", runBulkCalls},
	{"page", runPage},
	{"sign-in-processor", runSignInProcessor},
	{"sign-in-throughput", runSignInThroughput},
	{"sign-in-timing-idle", runSignInIdle},
	{"sign-in-timing-busy", runSignInBusy},
	{"ledger", runLedger},
	{"ledger-held-open", runLedgerHeld},
	{"ledger-after-hold", runLedgerAfter},
	{"event-to-smtp", runEventToSMTP},
	{"sweep", runSweep},
	{"crash-loss", runCrashLoss},
	{"plan-million", runPlan},
	{"plan-million-heap", runPlanHeap},
	{"ask-account-settings", asking("account-settings")},
	{"ask-account-page", asking("account-page")},
	{"ask-account-late-page", asking("account-late-page")},
	{"ask-accounts-of-group", asking("accounts-of-group")},
	{"ask-accounts-changed", asking("accounts-changed")},
	{"ask-changes-at-end", asking("changes-at-end")},
	{"ask-settings-page", asking("settings-page")},
	{"ask-invoices-of", asking("invoices-of")},
	{"ask-calls-of", asking("calls-of")},
}

var (
	changes       = flag.Int("changes", 1000, "how `many` changes the benchmarks of propagation make")
	crowd         = flag.Int("crowd", 98, "how `many` other tenants there are beside the demo's in the benchmark propagation-crowd")
	tenants       = flag.Int("tenants", 1000, "how `many` tenants the benchmarks of the operator are over; cold-start takes half of them")
	accounts      = flag.Int("accounts", bulk.Full.Accounts, "how `many` accounts the benchmarks of the integration API are over, with three times the invoices and ten times the calls")
	binary        = flag.String("backoffice", "bin/backoffice", "the `binary` whose integration API is measured")
	portal        = flag.String("portal", "bin/portal", "the `binary` whose page is measured")
	programs      = flag.String("programs", "bin", "the `directory` of backoffice and dispatcher, which are killed")
	notifications = flag.Int("notifications", 40_000, "how `many` notifications a round of ledger and of event-to-smtp has")
	unpaid        = flag.Int("unpaid", 1_000_000, "how `many` unpaid invoices a sweep looks for those in that are due, which are one in a hundred")
	planned       = flag.Int("planned", 1_000_000, "for how `many` accounts a change is planned")
	crashSeconds  = flag.Int("crash-seconds", 120, "for how many `seconds` things are killed")
	profiles      = flag.String("profiles", "", "a `folder` for processor profiles of the operators that are measured")
)

func main() {
	if operator.IsChild(os.Args) {
		os.Exit(operator.Child())
	}
	if eventtosmtp.IsSink(os.Args) {
		os.Exit(eventtosmtp.Sink())
	}
	if page.IsFloor(os.Args) {
		os.Exit(page.Floor())
	}
	run := flag.String("run", ".", "a regular expression: only benchmarks whose `name` matches")
	flag.Parse()
	os.Exit(bench(*run))
}

func bench(run string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := errors.Join(measure(ctx, run, os.Stdout, os.Stderr), shared.Close())
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return 0
}

func measure(ctx context.Context, run string, out, log io.Writer) error {
	pattern, err := regexp.Compile(run)
	if err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	var missed []string
	var failed []error
	found := false
	for _, b := range benchmarks {
		if !pattern.MatchString(b.name) {
			continue
		}
		found = true
		f, err := b.run(ctx, func(format string, args ...any) {
			_, _ = fmt.Fprintf(log, b.name+": "+format+"\n", args...) // nothing depends on it
		})
		if ctx.Err() != nil {
			return fmt.Errorf("%s: %w", b.name, errors.Join(context.Cause(ctx), err))
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", b.name, err))
			continue
		}
		if _, err := fmt.Fprintln(out, f.line(b.name)); err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		if f.missed() {
			missed = append(missed, b.name)
		}
	}
	switch {
	case !found:
		return fmt.Errorf("-run %s matches no benchmark, there are: %s", run, names())
	case len(missed) > 0:
		failed = append(failed, fmt.Errorf("past their target: %v", missed))
	}
	return errors.Join(failed...)
}

func names() []string {
	var names []string
	for _, b := range benchmarks {
		names = append(names, b.name)
	}
	return names
}

func (f figure) line(name string) string {
	return fmt.Sprintf("BENCH name=%s ratio=%.3g value=%.4g floor=%.4g unit=%s spread=%.4g..%.4g",
		name, f.ratio(), f.value, f.floor, f.unit, f.smallest, f.largest)
}
