package backoffice

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

const accountsDescription = "Accounts are the customers of the tenant. An account is never deleted: the status Closed is its end, and its invoices and activity stay readable. " +
	"The profiles that an account can be given are those that are live and not Historical; what it has, it may keep. An attribute that is null is inherited again; " +
	"attributes.custom is a list and is replaced as a whole."

func (a *api) accounts() resource[integration.Account, store.Account] {
	return resource[integration.Account, store.Account]{
		path: "accounts", one: "Account", many: "Accounts", description: accountsDescription,
		show: showAccount, adapt: dropStatusReason,
		version: func(r *store.Account) int64 { return r.Version },
		key:     func(v *integration.Account) *string { return &v.ID },
		row:     a.accountRow,
		get:     a.Store.Account, put: (*store.Writer).PutAccounts,
	}
}

func showAccount(r *store.Account) integration.Account {
	return integration.Account{
		ID: r.ID, Name: r.Name, Status: r.Status, StatusReason: r.StatusReason, AccountProfile: r.AccountProfile, MyAccountProfile: r.MyAccountProfile,
		Groups: r.Groups, Attributes: r.Attributes, Address: r.Address, Phone: r.Phone, TaxID: r.TaxID, StartsOn: r.StartsOn.Format(time.DateOnly), Meta: meta(r.Row),
	}
}

// dropStatusReason: the reason goes with the status. A patch that changes the status and
// says no reason does not keep the old one.
func dropStatusReason(before *integration.Account, patch map[string]any) {
	status, changes := patch["status"].(string)
	if _, said := patch["statusReason"]; changes && !said && status != string(before.Status) {
		before.StatusReason = ""
	}
}

// accountRow keeps the status and the begin that a request leaves out.
func (a *api) accountRow(live *config.Live, v integration.Account, old *store.Account) (store.Account, *store.Refusal) {
	row := store.Account{
		Name: v.Name, Status: v.Status, StatusReason: v.StatusReason, AccountProfile: v.AccountProfile, MyAccountProfile: v.MyAccountProfile,
		Groups: v.Groups, Attributes: v.Attributes, Address: v.Address, Phone: v.Phone, TaxID: v.TaxID,
	}
	before := store.Account{Status: settings.Active}
	if old != nil {
		before = *old
	}
	if row.Status == "" {
		row.Status = before.Status
	}
	if refused := a.checkProfiles(live, before, row); refused != nil {
		return row, refused
	}
	if refused := checkInvoiceTemplate(live, before.Attributes.InvoiceTemplate, row.Attributes.InvoiceTemplate); refused != nil {
		return row, refused
	}
	if v.StartsOn != "" {
		begin, err := integration.ParseDate(v.StartsOn)
		if err != nil {
			return row, &store.Refusal{Field: "startsOn", Message: err.Error()}
		}
		row.StartsOn = begin
	} else if row.StartsOn = before.StartsOn; old == nil {
		row.StartsOn = a.today(live, config.Account{ID: v.ID, AccountProfile: row.AccountProfile, Attributes: row.Attributes})
	}
	if old != nil {
		row.Treated = treatment(live, before, row)
	}
	return row, nil
}

// checkProfiles refuses profiles that the account has not already and that cannot be
// newly assigned.
func (a *api) checkProfiles(live *config.Live, before, after store.Account) *store.Refusal {
	profiles := a.assignable(live)
	if name := after.AccountProfile; name != before.AccountProfile {
		if problem := profiles.checkAccountProfile(name); problem != "" {
			return &store.Refusal{Field: "accountProfile", Message: problem}
		}
	}
	if name := after.MyAccountProfile; name != before.MyAccountProfile {
		if problem := profiles.checkMyAccountProfile(name); problem != "" {
			return &store.Refusal{Field: "myAccountProfile", Message: problem}
		}
	}
	return nil
}

// checkInvoiceTemplate refuses a template that the account has not already and that the
// tenant has not.
func checkInvoiceTemplate(live *config.Live, before, after string) *store.Refusal {
	allowed := []string{settings.StandardInvoice, settings.BusinessInvoice}
	for _, own := range live.Tenant.InvoiceTemplates {
		allowed = append(allowed, own.Name)
	}
	if after == "" || after == before || slices.Contains(allowed, after) {
		return nil
	}
	return refuse("attributes.invoiceTemplate", "there is no invoice template %q, allowed are %s", after, listed(allowed))
}

// treatment names the profiles that treat an account, if another one is named.
func treatment(live *config.Live, before, after store.Account) store.Treatment {
	if before.AccountProfile == after.AccountProfile {
		return store.Treatment{}
	}
	name := func(of string) string { return live.For(config.Account{AccountProfile: of}).AccountProfile.Name }
	return store.Treatment{Before: name(before.AccountProfile), After: name(after.AccountProfile)}
}

// today is the day where the account is.
func (a *api) today(live *config.Live, account config.Account) time.Time {
	y, m, d := a.now().In(config.Location(live.For(account).Attributes.TimeZone.Value)).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// AccountsInput filters accounts. Exported, because huma fills in no others.
type AccountsInput struct {
	AccountProfile   string    `query:"accountProfile" maxLength:"253" doc:"Only accounts that have this account profile by name."`
	MyAccountProfile string    `query:"myAccountProfile" maxLength:"253" doc:"Only accounts that are pinned to this MyAccountProfile."`
	Group            string    `query:"group" maxLength:"64" doc:"Only accounts of this customer group."`
	UpdatedSince     time.Time `query:"updatedSince" doc:"Only accounts that were changed at or after this time, in the order of changes. A write appears here with the time at which it began, an import of mode whole up to an hour later: ask from an hour before the last time, or follow /changes. It goes with no other filter."`
	Cursor           string    `query:"cursor" maxLength:"1024" doc:"Where to go on: next of the page before."`
	Limit            int       `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most."`
}

// registerAccounts adds what accounts have beside the operations of every collection:
// a list with filters of their own.
func (a *api) registerAccounts() {
	documentAttributes(a.huma.OpenAPI().Components.Schemas)
	register(a, a.accounts())
	o := huma.Operation{
		OperationID: "listAccounts", Method: http.MethodGet, Path: "/api/v1/accounts", Summary: "List accounts", Tags: []string{"Accounts"},
		Description: "A page of accounts in the order of their ids, or with updatedSince in the order of their last change. One filter at most.",
	}
	handle(a, "accounts:read", o, func(ctx context.Context, in *AccountsInput) (*listOutput[integration.Account], error) {
		return accountPage(ctx, a, "accounts", *in, nil, showAccount)
	})
}

// accountPage is a page of accounts, each shown as a T.
func accountPage[T any](ctx context.Context, a *api, path string, in AccountsInput, ids []string, show func(*store.Account) T) (*listOutput[T], error) {
	filter, list, wrong := in.list(path, ids)
	if wrong != nil {
		return nil, wrong
	}
	rows, next, err := a.Store.Accounts(ctx, filter, list)
	if err != nil {
		return nil, err
	}
	out := &listOutput[T]{}
	out.Body.Items = make([]T, len(rows))
	for i := range rows {
		out.Body.Items[i] = show(&rows[i])
	}
	if next != nil {
		out.Body.Next = in.cursors().cursor(in.name(path, ids), *next)
	}
	return out, nil
}

// list says which accounts a request asks for: by one filter at most, because an index
// carries each but not two of them.
func (in AccountsInput) list(path string, ids []string) (store.AccountFilter, store.List, *integration.Problem) {
	filter := store.AccountFilter{IDs: ids, AccountProfile: in.AccountProfile, MyAccountProfile: in.MyAccountProfile, Group: in.Group}
	var given []string
	for name, used := range map[string]bool{
		"accountProfile": in.AccountProfile != "", "myAccountProfile": in.MyAccountProfile != "", "group": in.Group != "",
		"updatedSince": !in.UpdatedSince.IsZero(), "ids": ids != nil,
	} {
		if used {
			given = append(given, name)
		}
	}
	if len(given) > 1 {
		slices.Sort(given)
		return filter, store.List{}, invalid([]integration.FieldProblem{{Field: given[1], Message: "goes not together with " + given[0] + ", send one of them"}})
	}
	after, wrong := in.cursors().after(in.name(path, ids))
	return filter, store.List{UpdatedSince: in.UpdatedSince, After: after, Limit: in.Limit}, wrong
}

// cursors reads and makes the cursors of the list.
func (in AccountsInput) cursors() *ListInput {
	return &ListInput{PageInput: PageInput{UpdatedSince: in.UpdatedSince, Cursor: in.Cursor}}
}

// name is the list that a cursor belongs to.
func (in AccountsInput) name(path string, ids []string) string {
	return strings.Join([]string{path, in.AccountProfile, in.MyAccountProfile, in.Group, strings.Join(ids, ",")}, "?")
}
