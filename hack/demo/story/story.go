// Package story tells the case of Emersion's documentation on a running tenant, from YAML to
// the inbox: residential customers have 14 days to pay and get a mail on the day that an
// invoice is due; business customers have 21 days, another layout of the invoice, and get a
// mail and a text message three days after. Who pays hears no more, and one edited line
// changes when the next ones are told.
//
// It has two accounts of its own and new invoices each time, moves the dispatcher's clock
// with its hands, waits for the inbox at each step, and puts everything back.
package story

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/foyerhq/foyer/hack/demo/inbox"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/locale"
)

// World is where the story takes place.
type World struct {
	API    *integration.Client
	Inbox  *inbox.Client
	Tenant string
	Zone   *time.Location // of the tenant's customers
	// Clock has the tenant's dispatcher be so much ahead of now.
	Clock func(ctx context.Context, ahead time.Duration) error
	// Apply applies objects, and returns when customers have them.
	Apply func(ctx context.Context, yaml string) error
	// Templates are the objects that say who is reminded when.
	Templates string
	Say       func(format string, args ...any)
}

// The line of YAML that the story edits: the first in [World.Templates].
const (
	lineBefore = "days: [3]"
	lineAfter  = "days: [1]"
)

// telling is a story while it is told.
type telling struct {
	World
	run  string    // tells the numbers of its invoices from those of earlier ones
	due  time.Time // midnight of the day on which the first invoices are due
	seen int       // the last message of the inbox so far
}

// Tell tells the story. The error says what was not as it should be.
func Tell(ctx context.Context, w World, now time.Time) (err error) {
	t := &telling{World: w, run: strings.ToUpper(fmt.Sprintf("%x", now.Unix()%(1<<24))), due: firstDue(now.In(w.Zone))}
	if err := t.skip(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.tidy(context.WithoutCancel(ctx))) }()
	for _, act := range []func(context.Context) error{t.begin, t.onTheDueDate, t.threeDaysLater, t.afterTheEdit, t.aWeekLater, t.nothingMore} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// firstDue is a day from tomorrow on for which neither the third nor the fourth day after is
// on a weekend: business customers are not reminded then.
func firstDue(now time.Time) time.Time {
	day := midnight(now).AddDate(0, 0, 1)
	for !slices.Contains([]time.Weekday{time.Friday, time.Saturday, time.Sunday, time.Monday}, day.Weekday()) {
		day = day.AddDate(0, 0, 1)
	}
	return day
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// begin has the customers and their first invoices, which come without a due date.
func (t *telling) begin(ctx context.Context) error {
	t.Say("Two customers of %s:", t.Tenant)
	for _, c := range customers {
		if err := t.put(ctx, c); err != nil {
			return err
		}
		terms, err := t.terms(ctx, c)
		if err != nil {
			return err
		}
		t.Say("  %-12s %-26s %s days to pay, invoice layout %q", c.profile, c.email, terms.days, terms.layout)
		if terms != c.terms {
			return fmt.Errorf("%s should have %s days and the layout %q", c.name, c.terms.days, c.terms.layout)
		}
	}
	t.Say("Their invoices have no due date. What they have to pay by comes from those terms:")
	for _, i := range []struct {
		of     customer
		number string
	}{{residential, t.number("A")}, {residential, t.number("B")}, {business, t.number("C")}} {
		if err := t.issue(ctx, i.of, i.number, t.due); err != nil {
			return err
		}
	}
	return nil
}

// onTheDueDate: the residential customer gets a mail for each invoice, the business customer
// nothing yet.
func (t *telling) onTheDueDate(ctx context.Context) error {
	return t.at(ctx, 0, "all three are due",
		"Mail "+residential.email+" Invoice "+t.number("A")+" is due today",
		"Mail "+residential.email+" Invoice "+t.number("B")+" is due today")
}

// threeDaysLater: a mail and a text message to the business customer.
func (t *telling) threeDaysLater(ctx context.Context) error {
	if err := t.pay(ctx, residential, t.number("A"), t.due); err != nil {
		return err
	}
	t.Say("The residential customer pays %s.", t.number("A"))
	due := locale.Date("en-AU", t.due)
	return t.at(ctx, 3, "the third day after",
		"Mail "+business.email+" Reminder: invoice "+t.number("C")+" was due on "+due,
		"Text "+business.phone+" Acme Telecom: invoice "+t.number("C")+" for $249.00 was due on")
}

// afterTheEdit: one line says that business customers get the mail on the first day already.
func (t *telling) afterTheEdit(ctx context.Context) error {
	if !strings.Contains(t.Templates, lineBefore) {
		return fmt.Errorf("the templates have no line %q to edit", lineBefore)
	}
	t.Say("One line is edited, and applied:\n  -      %s\n  +      %s", lineBefore, lineAfter)
	if err := t.Apply(ctx, strings.Replace(t.Templates, lineBefore, lineAfter, 1)); err != nil {
		return err
	}
	due := t.due.AddDate(0, 0, 3)
	if err := t.issue(ctx, business, t.number("D"), due); err != nil {
		return err
	}
	return t.at(ctx, 4, "the first day after that invoice was due",
		"Mail "+business.email+" Reminder: invoice "+t.number("D")+" was due on "+locale.Date("en-AU", due))
}

// aWeekLater: of the two invoices of the residential customer one is paid, and it is told of
// the other only. The text message of the business customer still has its third day.
func (t *telling) aWeekLater(ctx context.Context) error {
	if err := t.pay(ctx, business, t.number("D"), t.due.AddDate(0, 0, 3)); err != nil {
		return err
	}
	t.Say("The business customer pays %s.", t.number("D"))
	return t.at(ctx, 7, "a week after the first due date: what is paid is left alone",
		"Mail "+residential.email+" Invoice "+t.number("B")+" is 7 days overdue")
}

// nothingMore: when the dispatcher has looked at all unpaid invoices once more, and what it
// planned has ended, nobody was told anything that is not in the acts before.
func (t *telling) nothingMore(ctx context.Context) error {
	moment := t.due.AddDate(0, 0, 7).Add(10*time.Hour + 10*time.Minute)
	if err := t.Clock(ctx, time.Until(moment)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		quiet, err := t.quietSince(ctx, moment)
		if err != nil {
			return err
		}
		if quiet {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("within %s the dispatcher did not look at what is unpaid", patience)
		case <-tick.C:
		}
	}
	more, _, err := t.came(ctx)
	if err == nil && len(more) > 0 {
		err = fmt.Errorf("came %q besides", more)
	}
	return err
}

// at moves the clock to a day after the first due date and waits for exactly these messages:
// the beginning of each.
func (t *telling) at(ctx context.Context, day int, what string, want ...string) error {
	moment := t.due.AddDate(0, 0, day).Add(10*time.Hour + 5*time.Minute)
	if err := t.Clock(ctx, time.Until(moment)); err != nil {
		return err
	}
	t.Say("\n%s, %s", moment.Format("Monday 2 January, 15:04"), what)
	return t.expect(ctx, want)
}

// patience is how long messages may take: a ConfigMap has to reach the dispatcher, a sweep
// follows within a second, and others of the tenant are told too.
const patience = 90 * time.Second

func (t *telling) expect(ctx context.Context, want []string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	slices.Sort(want)
	for {
		got, last, err := t.came(ctx)
		if err != nil {
			return err
		}
		if len(got) >= len(want) {
			for _, line := range got {
				t.Say("  %s", line)
			}
			t.seen = last
			return matches(got, want)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("within %s came %q, expected %q", patience, got, want)
		case <-tick.C:
		}
	}
}

// matches compares line by line: what is expected is how a line begins.
func matches(got, want []string) error {
	if slices.EqualFunc(got, want, strings.HasPrefix) {
		return nil
	}
	return fmt.Errorf("came %q, expected %q", got, want)
}

// came is what the inbox has for the people of this story since the last step, sorted.
func (t *telling) came(ctx context.Context) (lines []string, last int, err error) {
	list, err := t.Inbox.List(ctx, inbox.Filter{Tenant: t.Tenant, After: t.seen})
	last = t.seen
	for _, m := range list {
		last = max(last, m.ID)
		if len(m.To) == 0 || m.Kind == inbox.Hook || !slices.ContainsFunc(customers, func(c customer) bool { return c.email == m.To[0] || c.phone == m.To[0] }) {
			continue
		}
		text := m.Subject
		if m.Kind == inbox.Text {
			text = m.Text
		}
		lines = append(lines, m.Kind+" "+m.To[0]+" "+text)
	}
	slices.Sort(lines)
	return lines, last, err
}

// skip leaves what is in the inbox by now out of the story.
func (t *telling) skip(ctx context.Context) (err error) {
	_, t.seen, err = t.came(ctx)
	return err
}

// tidy leaves nothing open for the next time.
func (t *telling) tidy(ctx context.Context) error {
	err := errors.Join(t.Apply(ctx, t.Templates), t.settle(ctx))
	return errors.Join(err, t.Clock(ctx, 0))
}

func (t *telling) number(letter string) string { return "ST" + t.run + letter }
