package backoffice

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// An assignment of a million accounts is many requests: each does batches, a transaction
// each, until its time is up, and says where to go on.
const (
	assignmentBatch    = 500
	assignmentTime     = 10 * time.Second
	maxRefusedAccounts = 1000
)

const assignmentsDescription = "Gives the accounts of a selection an account profile, a pin or customer groups. Accounts are changed in batches in the order of their ids, " +
	"each batch at once; after about ten seconds the answer says where to go on (next). Sending the same again changes nothing more. " +
	"Nobody is told of it, as of an import, unless notify is all: then each changed account emits its events."

func (a *api) registerAssignments() {
	o := huma.Operation{
		OperationID: "postAssignments", Method: http.MethodPost, Path: "/api/v1/assignments", Summary: "Assign profiles and groups to many accounts",
		Description: assignmentsDescription, Tags: []string{a.tag("Assignments", "Profiles and customer groups for many accounts at once.")},
	}
	o.Middlewares = huma.Middlewares{takesTime(3 * assignmentTime)}
	handle(a, "accounts:write", o, a.assign)
}

// takesTime gives an operation longer to answer than others.
func takesTime(bound time.Duration) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		_, w := humago.Unwrap(ctx)
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(bound))
		next(ctx)
	}
}

type assignmentInput struct {
	Body body[integration.Assignment]
}

type assignmentOutput struct {
	Body integration.AssignmentResult
}

func (a *api) assign(ctx context.Context, in *assignmentInput) (*assignmentOutput, error) {
	wanted, problems := integration.Decode[integration.Assignment](in.Body.text)
	if problems == nil {
		problems = checkAssignment(wanted)
	}
	if problems != nil {
		return nil, invalid(problems)
	}
	live, err := a.live()
	if err != nil {
		return nil, err
	}
	if problems = a.checkAssigned(live, wanted.Set); problems != nil {
		return nil, invalid(problems)
	}
	if problems, err = a.checkGroupsExist(ctx, wanted.Set.AddGroups); err != nil {
		return nil, err
	} else if problems != nil {
		return nil, invalid(problems)
	}
	run := newAssigning(a, wanted)
	if err := run.all(ctx); err != nil {
		return nil, err
	}
	return &assignmentOutput{run.result}, nil
}

// checkAssignment: one selection, and something to set.
func checkAssignment(in integration.Assignment) []integration.FieldProblem {
	s, set := in.Select, in.Set
	given := 0
	for _, used := range []bool{s.IDs != nil, s.Group != "", s.AccountProfile != "", s.MyAccountProfile != "", s.All} {
		if used {
			given++
		}
	}
	if given != 1 {
		return []integration.FieldProblem{{Field: "select", Rule: "oneOf", Message: fmt.Sprintf("has %d selections, allowed is exactly one of ids, group, accountProfile, myAccountProfile, all", given)}}
	}
	if !set.AccountProfile.Present && !set.MyAccountProfile.Present && len(set.AddGroups) == 0 && len(set.RemoveGroups) == 0 {
		return []integration.FieldProblem{{Field: "set", Rule: "minProperties", Message: "is empty, allowed are accountProfile, myAccountProfile, addGroups, removeGroups"}}
	}
	for i, g := range set.RemoveGroups {
		if slices.Contains(set.AddGroups, g) {
			return []integration.FieldProblem{{Field: fmt.Sprintf("set.removeGroups[%d]", i), Message: fmt.Sprintf("%q is in addGroups too", g)}}
		}
	}
	return nil
}

// checkAssigned: what cannot be newly assigned is refused for the whole selection.
func (a *api) checkAssigned(live *config.Live, set integration.Assigned) []integration.FieldProblem {
	profiles := a.assignable(live)
	if problem := profiles.checkAccountProfile(set.AccountProfile.Value); problem != "" {
		return []integration.FieldProblem{{Field: "set.accountProfile", Message: problem}}
	}
	if problem := profiles.checkMyAccountProfile(set.MyAccountProfile.Value); problem != "" {
		return []integration.FieldProblem{{Field: "set.myAccountProfile", Message: problem}}
	}
	return nil
}

func (a *api) checkGroupsExist(ctx context.Context, groups []string) ([]integration.FieldProblem, error) {
	for i, id := range groups {
		switch _, err := a.Store.Group(ctx, id); {
		case errors.Is(err, store.ErrNotFound):
			return []integration.FieldProblem{{Field: fmt.Sprintf("set.addGroups[%d]", i), Message: fmt.Sprintf("there is no customer group %q", id)}}, nil
		case err != nil:
			return nil, err
		}
	}
	return nil, nil
}

// assigning is one request that assigns.
type assigning struct {
	*api
	wanted integration.Assignment
	filter store.AccountFilter
	until  time.Time
	result integration.AssignmentResult
}

func newAssigning(a *api, wanted integration.Assignment) *assigning {
	s := wanted.Select
	return &assigning{
		api: a, wanted: wanted, until: a.now().Add(assignmentTime),
		filter: store.AccountFilter{IDs: s.IDs, Group: s.Group, AccountProfile: s.AccountProfile, MyAccountProfile: s.MyAccountProfile},
		result: integration.AssignmentResult{Refusals: []integration.AssignmentRefusal{}},
	}
}

// all assigns batch by batch until there is no account left, or something ends it early.
func (r *assigning) all(ctx context.Context) error {
	if err := r.missing(ctx); err != nil {
		return err
	}
	place := &store.Place{ID: r.wanted.After}
	for place != nil {
		if r.result.Stopped = r.stop(); r.result.Stopped != "" {
			r.result.Next = place.ID
			break
		}
		rows, next, err := r.Store.Accounts(ctx, r.filter, store.List{After: *place, Limit: assignmentBatch})
		if err == nil {
			err = r.batch(ctx, rows)
		}
		switch {
		case errors.Is(err, errSettingsChanged):
			continue // says why at the next look
		case err != nil && r.result.Changed > 0: // what is done is done: the answer says where to go on
			r.result.Stopped, r.result.Next = r.problemOf(ctx, err).Detail, place.ID
			return nil
		case err != nil:
			return err
		}
		place = next
	}
	return nil
}

// errSettingsChanged says that other settings came into force while a batch was written.
var errSettingsChanged = errors.New("the settings changed")

// stop says why no further batch may begin; "": one may. What can be assigned is asked of
// the settings in force each time: a profile that is being retired gets no more accounts.
func (r *assigning) stop() string {
	select {
	case <-r.Stopping:
		return "the server is being stopped, another one takes over"
	default:
	}
	live := r.Settings()
	if live == nil {
		return "the settings of the tenant are not loaded yet"
	}
	if problems := r.checkAssigned(live, r.wanted.Set); problems != nil {
		return problems[0].Field + ": " + problems[0].Message
	}
	if r.result.Matched > 0 && !r.now().Before(r.until) {
		return "the time of one request is up"
	}
	return ""
}

// missing refuses the ids that are no accounts, once.
func (r *assigning) missing(ctx context.Context) error {
	if r.filter.IDs == nil || r.wanted.After != "" {
		return nil
	}
	known, err := r.Store.AccountsByID(ctx, r.filter.IDs)
	if err != nil {
		return err
	}
	for _, id := range r.filter.IDs {
		if _, exists := known[id]; !exists {
			r.result.Matched++
			r.refuse(id, "", "there is no account with this id")
		}
	}
	return nil
}

func (r *assigning) refuse(id, field, message string) {
	r.result.Refused++
	if len(r.result.Refusals) < maxRefusedAccounts {
		r.result.Refusals = append(r.result.Refusals, integration.AssignmentRefusal{ID: id, Field: field, Message: message})
	}
}

// batch assigns to some accounts, in one transaction. Those that have it all already need
// none.
func (r *assigning) batch(ctx context.Context, rows []store.Account) error {
	live, err := r.live()
	if err != nil {
		return err
	}
	var ids []string
	unchanged := 0
	for i := range rows {
		next, refused := r.decide(live, &rows[i])
		switch result := outcome(&rows[i], &next, refused); {
		case r.wanted.DryRun:
			r.count(rows[i].ID, result)
		case result.Outcome == store.Unchanged:
			unchanged++
		default:
			ids = append(ids, rows[i].ID)
		}
	}
	if len(ids) > 0 {
		if err := r.write(ctx, live, ids); err != nil {
			return err
		}
	}
	r.result.Matched += int64(unchanged)
	r.result.Unchanged += int64(unchanged)
	return nil
}

// write decides again over each account, which nobody else changes then.
func (r *assigning) write(ctx context.Context, live *config.Live, ids []string) error {
	items := make([]store.Item[store.Account], len(ids))
	for i, id := range ids {
		items[i] = store.Item[store.Account]{ID: id, Decide: func(old *store.Account) (store.Account, *store.Refusal) { return r.decide(live, old) }}
	}
	token := tokenOf(ctx)
	origin := store.Origin{
		Actor: "token " + token.Name, IP: token.ip, Now: r.now(), Quiet: r.wanted.Notify != integration.NotifyAll, Unaudited: r.filter.IDs == nil,
	}
	var written []store.Written[store.Account]
	err := r.Store.Write(ctx, origin, func(ctx context.Context, w *store.Writer) (err error) {
		if written, err = w.PutAccounts(ctx, items); err != nil {
			return err
		}
		if r.Settings() != live {
			return errSettingsChanged
		}
		r.audit(w, written)
		return nil
	})
	if err != nil {
		return err
	}
	for i, w := range written {
		r.count(ids[i], w.Result)
	}
	return nil
}

// decide is the account with what it is assigned. One that is not of the selection any
// more stays as it is.
func (r *assigning) decide(live *config.Live, old *store.Account) (store.Account, *store.Refusal) {
	if old == nil {
		return store.Account{}, &store.Refusal{Message: "there is no account with this id"}
	}
	next, set := *old, r.wanted.Set
	if !r.selects(old) {
		return next, nil
	}
	if set.AccountProfile.Present {
		next.AccountProfile = set.AccountProfile.Value
	}
	if set.MyAccountProfile.Present {
		next.MyAccountProfile = set.MyAccountProfile.Value
	}
	next.Groups = nil
	for _, g := range old.Groups {
		if !slices.Contains(set.RemoveGroups, g) {
			next.Groups = append(next.Groups, g)
		}
	}
	for _, g := range set.AddGroups {
		if !slices.Contains(old.Groups, g) {
			next.Groups = append(next.Groups, g)
		}
	}
	if len(next.Groups) > integration.MaxGroups && len(next.Groups) > len(old.Groups) {
		return next, &store.Refusal{Field: "groups", Message: fmt.Sprintf("would be %d, allowed are at most %d", len(next.Groups), integration.MaxGroups)}
	}
	slices.Sort(next.Groups)
	next.Treated = treatment(live, *old, next)
	return next, nil
}

func (r *assigning) selects(a *store.Account) bool {
	f := r.filter
	return (f.AccountProfile == "" || a.AccountProfile == f.AccountProfile) &&
		(f.MyAccountProfile == "" || a.MyAccountProfile == f.MyAccountProfile) &&
		(f.Group == "" || slices.Contains(a.Groups, f.Group))
}

// outcome is what a write would say.
func outcome(old, next *store.Account, refused *store.Refusal) store.Result {
	switch {
	case refused != nil:
		return store.Result{Outcome: store.Refused, Field: refused.Field, Message: refused.Message}
	case old.AccountProfile == next.AccountProfile && old.MyAccountProfile == next.MyAccountProfile && slices.Equal(old.Groups, next.Groups):
		return store.Result{Outcome: store.Unchanged}
	}
	return store.Result{Outcome: store.Updated}
}

func (r *assigning) count(id string, result store.Result) {
	r.result.Matched++
	switch result.Outcome {
	case store.Refused:
		r.refuse(id, result.Field, result.Message)
	case store.Unchanged:
		r.result.Unchanged++
	default:
		r.result.Changed++
	}
}

// audit keeps an entry for a batch of a selection that is not by ids, in its transaction:
// of those, each account has one.
func (r *assigning) audit(w *store.Writer, written []store.Written[store.Account]) {
	var changed []string
	for _, row := range written {
		if row.Outcome == store.Updated {
			changed = append(changed, row.Row.ID)
		}
	}
	if r.filter.IDs != nil || len(changed) == 0 {
		return
	}
	set := r.wanted.Set
	detail := map[string]string{"changed": strconv.Itoa(len(changed)), "from": changed[0], "to": changed[len(changed)-1]}
	for name, value := range map[string]integration.Optional[string]{"accountProfile": set.AccountProfile, "myAccountProfile": set.MyAccountProfile} {
		if value.Present {
			detail[name] = value.Value
		}
	}
	for name, list := range map[string][]string{"addGroups": set.AddGroups, "removeGroups": set.RemoveGroups} {
		if len(list) > 0 {
			detail[name] = strings.Join(list, ", ")
		}
	}
	w.AuditBatch("accounts.assigned", detail)
}
