package backoffice

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// holder is the account that a row belongs to: what applies to it, and the day it is
// there, at midnight UTC. The zero value is of an account that does not exist: whoever
// writes a row of it is told by the store.
type holder struct {
	terms settings.Resolved
	today time.Time
}

func holderOf(live *config.Live, account store.AccountView, now time.Time) holder {
	terms := live.For(account.Account).Attributes
	year, month, day := now.In(config.Location(terms.TimeZone.Value)).Date()
	return holder{terms, time.Date(year, month, day, 0, 0, 0, 0, time.UTC)}
}

// currency is the one that was given, else the one that was there, else the account's.
func (h holder) currency(given, before string) string {
	switch {
	case given != "":
		return given
	case before != "":
		return before
	}
	return h.terms.Currency.Value
}

// rowFor is what makes a row of a request. An account never moves, so a patch that does
// not name it is of the account that the row has now.
func (r resource[T, R]) rowFor(ctx context.Context, a *api, live *config.Live, id string, text []byte) (func(T, *R) (R, *store.Refusal), error) {
	if r.rowOf == nil {
		return func(value T, old *R) (R, *store.Refusal) { return r.row(live, value, old) }, nil
	}
	var named struct {
		AccountID string `json:"accountId"`
	}
	_ = json.Unmarshal(text, &named) // what is wrong with it is told when it is decoded
	if named.AccountID == "" {
		row, err := r.get(ctx, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		named.AccountID = r.account(r.show(&row))
	}
	accounts, err := a.Store.AccountsByID(ctx, []string{named.AccountID})
	if err != nil {
		return nil, err
	}
	var of holder
	if account, known := accounts[named.AccountID]; known {
		of = holderOf(live, account, a.now())
	}
	return func(value T, old *R) (R, *store.Refusal) { return r.rowOf(of, value, old) }, nil
}

// day is a date that the rules of its field have let pass.
func day(text string) time.Time {
	date, err := integration.ParseDate(text)
	if err != nil {
		return time.Time{}
	}
	return date
}

// optionalDay is day of what may be left out.
func optionalDay(text string) *time.Time {
	if text == "" {
		return nil
	}
	date := day(text)
	return &date
}

// dayText writes an optional date.
func dayText(date *time.Time) string {
	if date == nil {
		return ""
	}
	return date.Format(time.DateOnly)
}

// optional is nil for a text that was left out.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// optionalText is empty for nil.
func optionalText(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
