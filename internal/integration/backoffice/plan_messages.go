package backoffice

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/foyerhq/foyer/internal/compare"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/notify/stored"
	"github.com/foyerhq/foyer/internal/store"
)

// upcoming compares what the next accounts with unpaid invoices would be sent.
func (p *planning) upcoming(ctx context.Context) (last string, more bool, err error) {
	dates := stored.DueDates(append(slices.Clone(p.before.Days()), p.after.Days()...), p.place.From, p.to())
	if p.asked.Days == 0 || len(dates) == 0 || !p.comparison.MessagesChange(datedEvent) {
		return "", false, nil
	}
	ids, err := p.Store.DueAccountIDs(ctx, dates, p.place.ID, p.planPages.messages)
	if err != nil || len(ids) == 0 {
		return "", false, err
	}
	treated, err := p.treated(ctx, ids)
	if err != nil {
		return "", false, err
	}
	wanted := slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		return treated[id] == nil || !p.comparison.MessagesMayChange(treated[id], datedEvent)
	})
	if len(wanted) > 0 {
		if err := p.compareUpcoming(ctx, dates, wanted); err != nil {
			return "", false, err
		}
	}
	return ids[len(ids)-1], len(ids) == p.planPages.messages, nil
}

func (p *planning) compareUpcoming(ctx context.Context, dates []time.Time, ids []string) error {
	due, err := p.Store.DueAccountsAmong(ctx, datedEvent, dates, ids)
	if err != nil {
		return err
	}
	known, err := p.Store.Facts(p.place.From).Read(ctx, store.Wanted{Accounts: ids})
	if err != nil {
		return err
	}
	for _, d := range due {
		p.comparison.Messages(d.ID, p.messages(p.before, d, known.Accounts[d.ID]), p.messages(p.after, d, known.Accounts[d.ID]))
	}
	return nil
}

// messages are what an account would be sent by some rules.
func (p *planning) messages(rules *rulebook, d store.DueAccount, known *store.NotifiedAccount) []compare.Message {
	account := stored.Account(rules.live, known, p.place.From)
	if account == nil {
		return nil
	}
	open, dealt := stored.Open(d)
	zone := config.Location(account.Effective.Attributes.TimeZone.Value)
	var list []compare.Message
	for _, n := range rules.Upcoming(account, open, dealt, p.place.From, p.to()) {
		m := compare.Message{
			At: n.DueAt, Day: n.DueAt.In(zone).Format(time.DateOnly), EventType: n.Event.Type, ContactID: n.ContactID, Channel: n.Channel, Address: n.Address,
			MessageWay: compare.MessageWay{Source: string(n.Source), Template: n.Template, Action: n.Action, DaysOverdue: n.Day},
			Suppressed: string(n.Suppressed), Content: func() string { return rules.contentOf(n, account) },
		}
		if n.Invoice != nil {
			m.Invoice = n.Invoice.ID
		}
		list = append(list, m)
	}
	return list
}

// contentOf is what a notification says and who gets copies of it, or why its text cannot be
// made.
func (b *rulebook) contentOf(n plan.Notification, account *plan.Account) string {
	content, err := b.Compose(n, account, placeholders{"https://" + b.live.Tenant.Hostname})
	if err != nil {
		return err.Error()
	}
	content.Source, content.Unsubscribe = "", "" // neither is what people read
	text, err := json.Marshal(content)
	if err != nil {
		panic(err) // texts are made to be encoded
	}
	return string(text)
}

// queued compares what becomes of what is in the queue, of the next accounts.
func (p *planning) queued(ctx context.Context) (last string, more bool, err error) {
	if !p.waitingMayChange() {
		return "", false, nil
	}
	list, err := p.Store.Queued(ctx, p.place.ID, p.planPages.messages)
	if err != nil || len(list) == 0 {
		return "", false, err
	}
	return list[len(list)-1].AccountID, true, p.compareWaiting(ctx, list)
}

// held compares what becomes of what is held for the delivery mode.
func (p *planning) held(ctx context.Context) (last string, more bool, err error) {
	if !p.waitingMayChange() {
		return "", false, nil
	}
	list, err := p.Store.HeldAfter(ctx, p.place.ID, p.planPages.messages)
	if err != nil || len(list) == 0 {
		return "", false, err
	}
	return list[len(list)-1].ID, len(list) == p.planPages.messages, p.compareWaiting(ctx, list)
}

func (p *planning) waitingMayChange() bool {
	return p.asked.Days > 0 && (p.modeChanges() || p.comparison.MessagesChange(""))
}

func (p *planning) modeChanges() bool { return p.modeAfter() != p.delivery.Mode }

// modeAfter is the delivery mode under the other documents. What was taken over from another
// cluster stays held.
func (p *planning) modeAfter() string {
	after := p.after.live.Delivery().Mode
	if p.delivery.Adopted || after == p.before.live.Delivery().Mode {
		return p.delivery.Mode
	}
	return string(after)
}

func (p *planning) compareWaiting(ctx context.Context, list []store.WaitingNotification) error {
	var ids []string
	for _, n := range list {
		ids = append(ids, n.AccountID)
	}
	treated, err := p.treated(ctx, ids)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(n store.WaitingNotification) bool {
		t := treated[n.AccountID]
		return t == nil || !p.modeChanges() && !p.comparison.MessagesMayChange(t, n.EventType)
	})
	wanted := store.Wanted{}
	for i := range list {
		stored.Want(&wanted, &list[i].Addressed)
	}
	known, err := p.Store.Facts(p.place.From).Read(ctx, wanted)
	if err != nil {
		return err
	}
	for i := range list {
		n := &list[i]
		message, err := stored.Notification(n.ID, &n.Addressed, known)
		if err != nil {
			continue // it is not sent on either side
		}
		was := p.outcome(p.before, p.delivery.Mode, n, message, known)
		is := p.outcome(p.after, p.modeAfter(), n, message, known)
		p.comparison.Waiting(compare.WaitingMessage{ID: n.ID, AccountID: n.AccountID, EventType: n.EventType, Channel: n.Channel}, was, is)
	}
	return nil
}

// outcome is what becomes of a notification that waits, by some rules and in a mode.
func (p *planning) outcome(rules *rulebook, mode string, n *store.WaitingNotification, message plan.Notification, known store.Known) compare.Outcome {
	suppressed := func(reason plan.Reason) compare.Outcome {
		return compare.Outcome{State: compare.Suppressed, Reason: string(reason)}
	}
	if mode == store.DeliveryLive && p.delivery.Mode != store.DeliveryLive && n.DueAt.Before(p.place.From) {
		return suppressed(plan.BeforeGoLive)
	}
	account := stored.Account(rules.live, known.Accounts[n.AccountID], p.place.From)
	if account == nil {
		return suppressed(plan.Obsolete)
	}
	reason, _ := rules.Guard(message, account, p.place.From)
	switch {
	case reason != "":
		return suppressed(reason)
	case mode == store.DeliveryHold || n.State == store.StateHeld && mode != store.DeliveryLive:
		return compare.Outcome{State: compare.Held}
	case mode == store.DeliveryRedirect && n.Channel != store.ChannelEmail:
		return suppressed(plan.NotLive)
	case mode == store.DeliveryRedirect:
		return compare.Outcome{State: compare.Redirected}
	}
	return compare.Outcome{State: compare.Sent}
}
