package backoffice

import (
	"context"
	"net/http"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

type importFunc = func(http.ResponseWriter, *http.Request, *lineReader) integration.Result

func (a *api) contacts() importFunc {
	return streaming(a, recordKind[integration.Contact]{
		parse: integration.ParseContact,
		key:   func(c integration.Contact) string { return c.ID },
		write: func(ctx context.Context, _ *config.Live, lines []integration.Contact) ([]store.Result, error) {
			return writeAccepted(lines, contactUpsert, func(items []store.ContactUpsert) ([]store.Result, error) {
				return a.Store.UpsertContacts(ctx, items)
			})
		},
	})
}

func contactUpsert(c integration.Contact) (store.ContactUpsert, *store.Result) {
	item := store.ContactUpsert{
		ID: c.ID, AccountID: c.AccountID, FirstName: c.FirstName, LastName: c.LastName, Email: c.Email,
		Owner: c.Owner, Grants: c.Grants, Access: c.Access,
	}
	if c.User == nil {
		return item, nil
	}
	if refusal := checkPasswordHash(c.User.PasswordHash); refusal != nil {
		return item, refusal
	}
	item.User = &store.UserUpsert{
		Username: c.User.Username, Email: c.User.Email, EmailVerified: c.User.EmailVerified, PasswordHash: c.User.PasswordHash,
	}
	return item, nil
}

// checkPasswordHash refuses what cannot be checked at a sign-in, or not at the cost of
// other hashes. No hash is fine.
func checkPasswordHash(phc string) *store.Result {
	if phc == "" {
		return nil
	}
	hash, err := identity.ParseHash(phc)
	if err != nil {
		// The parser's error may quote the hash: it stays here.
		return refused("user.passwordHash",
			"is not an argon2id hash in PHC form within the bounds of this server, allowed is $argon2id$v=19$m=19456,t=2,p=1$<salt>$<key>")
	}
	if err := hash.Params.CheckImport(); err != nil {
		return refused("user.passwordHash", "%s", err)
	}
	return nil
}

func (a *api) invoices() importFunc {
	return streaming(a, recordKind[integration.Invoice]{
		parse: integration.ParseInvoice,
		key:   func(i integration.Invoice) string { return i.ID },
		write: func(ctx context.Context, live *config.Live, lines []integration.Invoice) ([]store.Result, error) {
			accounts, err := a.Store.AccountsByID(ctx, idsOf(lines, func(i integration.Invoice) string { return i.AccountID }))
			if err != nil {
				return nil, err
			}
			upsert := func(i integration.Invoice) (store.InvoiceUpsert, *store.Result) {
				account, known := accounts[i.AccountID]
				if !known {
					return store.InvoiceUpsert{}, refused("accountId", "there is no account %q", i.AccountID)
				}
				return invoiceUpsert(i, live.For(account.Account).Attributes)
			}
			return writeAccepted(lines, upsert, func(items []store.InvoiceUpsert) ([]store.Result, error) {
				return a.Store.UpsertInvoices(ctx, items)
			})
		},
	})
}

// invoiceUpsert fills in what the line leaves to the account: the due date by its
// trading terms, the currency, and the balance.
func invoiceUpsert(i integration.Invoice, terms settings.Resolved) (store.InvoiceUpsert, *store.Result) {
	issued, err := integration.ParseDate(i.IssuedOn)
	if err != nil {
		return store.InvoiceUpsert{}, refused("issuedOn", "%q %s", i.IssuedOn, err)
	}
	item := store.InvoiceUpsert{
		ID: i.ID, AccountID: i.AccountID, Number: i.Number, IssuedOn: issued,
		Currency: i.Currency, Total: i.Total, Balance: i.Balance, Status: i.Status,
	}
	if i.DueOn == "" {
		item.TermsDays = terms.TradingTermsDays.Value
		item.DueSource = string(terms.TradingTermsDays.Source)
		item.DueSourceName = terms.TradingTermsDays.SourceName
	} else {
		due, err := integration.ParseDate(i.DueOn)
		if err != nil {
			return item, refused("dueOn", "%q %s", i.DueOn, err)
		}
		item.DueOn = &due
	}
	if item.Currency == "" {
		item.Currency, item.CurrencyByAccount = terms.Currency.Value, true
	}
	if item.Balance == "" {
		item.Balance = "0"
		if i.Status == integration.InvoiceOpen {
			item.Balance = i.Total
		}
	}
	return item, nil
}
