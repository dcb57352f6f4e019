// Package people invents the customers of the demo: customer groups, accounts,
// contacts with their users, products, invoices, payments and calls, as the NDJSON lines
// that the integration API imports, and for some of them sites, services, orders and
// tickets, as the bodies of requests, one by one; and sends them.
//
// The same seed and the same day give the same lines, so that a second import
// changes nothing.
package people

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/settings"
)

// Provider says what kind of customers a tenant has.
type Provider struct {
	Name          string
	Seed          uint64
	FirstID       int // of its accounts
	Businesses    int
	Homes         int
	BusinessGroup string // a customer group that one business in ten is in
	// The account profiles of businesses and of homes; empty: the tenant's default.
	BusinessProfile, HomeProfile string
	Words                        Words
	Known                        []Person // people with a printed sign-in; each gets an account of its own
	// Special is what accounts of known people have that others have not, by name.
	Special  map[string]integration.Account
	Products []integration.Product
	// Shown is the account that has more than imports bring: a PDF of its newest invoice,
	// and a contact that is invited. Empty: none.
	Shown   string
	Phones  []PhoneLine
	Details func(*details) // what the accounts of known people have
}

// Person is someone whose sign-in the demo prints.
type Person struct {
	Username    string
	First, Last string
	Account     string // name of the account; the same name puts people together
	Business    bool
	Status      settings.AccountStatus // of the account
	Grants      []settings.Feature     // nil: the owner
	Sites       []string               // the only ones that the grants are for, without the id of the account
	About       string                 // what to look at
}

// Import is one body for the integration API.
type Import struct {
	Kind  integration.Kind
	Lines int
	Body  []byte
}

// Lines makes everything for one provider, in the order in which it is imported.
// passwordHash becomes the password of every user.
func Lines(p Provider, passwordHash string, today time.Time) []Import {
	m := maker{Provider: p, random: rand.New(rand.NewPCG(p.Seed, 2)), hash: passwordHash, today: today, next: p.FirstID, accounts: p.accountIDs()} //nolint:gosec // invented people need no secrecy
	if p.BusinessGroup != "" {
		m.groups.add(integration.Group{ID: p.BusinessGroup, DisplayName: p.Words.GroupName})
	}
	for _, product := range p.Products {
		m.products.add(product)
	}
	for _, person := range p.Known {
		m.known(person)
	}
	for range p.Businesses {
		m.business()
	}
	for range p.Homes {
		m.home()
	}
	for _, l := range p.Phones {
		m.ring(l)
	}
	imports := []Import{
		m.groups.as(integration.Groups), m.products.as(integration.Products), m.people.as(integration.Accounts), m.contacts.as(integration.Contacts),
		m.invoices.as(integration.Invoices), m.payments.as(integration.Payments), m.calls.as(integration.Calls),
	}
	return slices.DeleteFunc(imports, func(i Import) bool { return i.Lines == 0 }) // the API refuses an empty body
}

type maker struct {
	Provider
	random                             *rand.Rand
	hash                               string
	today                              time.Time
	next, invoice                      int
	accounts                           map[string]string // name of a known account -> id
	groups, people, contacts, invoices lines
	products, payments, calls          lines
}

// accountIDs are the ids of known accounts, which are the first ones, by name.
func (p Provider) accountIDs() map[string]string {
	ids := map[string]string{}
	for _, person := range p.Known {
		if ids[person.Account] == "" {
			ids[person.Account] = fmt.Sprint(p.FirstID + len(ids))
		}
	}
	return ids
}

func (m *maker) known(p Person) {
	id := m.accounts[p.Account]
	if id == fmt.Sprint(m.next) { // the first of its people
		m.account(p.Account, p.Status, p.Business, false)
	}
	if p.Sites == nil {
		m.contacts.add(p.contact(id, m.hash))
	} // else the contact comes after the sites, by [Details]
}

// contact is the person as a contact of an account.
func (p Person) contact(account, passwordHash string) integration.Contact {
	email, id := p.Username+"@customers.example", account+"-1"
	if p.Grants != nil {
		id = account + "-" + p.Username
	}
	var sites []string
	for _, site := range p.Sites {
		sites = append(sites, prefixed(account, site))
	}
	return integration.Contact{
		ID: id, AccountID: account, FirstName: p.First, LastName: p.Last, Email: email, Roles: p.roles(), Owner: p.Grants == nil,
		Grants: p.Grants, Sites: sites, Access: integration.AccessActive,
		User: &integration.User{Username: p.Username, Email: email, EmailVerified: true, PasswordHash: passwordHash},
	}
}

func (p Person) roles() []string {
	switch {
	case p.Grants == nil:
		return []string{"Primary"}
	case slices.Contains(p.Grants, "Technical"):
		return []string{"Technical"}
	case p.Sites != nil:
		return nil
	}
	return []string{"Billing"}
}

func (m *maker) business() {
	first, last := m.name()
	name := fmt.Sprintf("%s %s %s", last, pick(m, m.Words.Trades), m.Words.Company)
	id := m.account(name, m.status(), true, m.random.IntN(10) == 0)
	m.contacts.add(Person{Username: "u" + id, First: first, Last: last}.contact(id, m.hash))
	if m.random.IntN(2) == 0 {
		first, last := m.name()
		m.contacts.add(Person{Username: "u" + id + "b", First: first, Last: last, Grants: []settings.Feature{settings.ViewInvoices}}.contact(id, m.hash))
	}
}

func (m *maker) home() {
	first, last := m.name()
	id := m.account(first+" "+last, m.status(), false, false)
	m.contacts.add(Person{Username: "u" + id, First: first, Last: last}.contact(id, m.hash))
}

func (m *maker) account(name string, status settings.AccountStatus, business, inGroup bool) string {
	id := fmt.Sprint(m.next)
	m.next++
	profile := m.HomeProfile
	if business {
		profile = m.BusinessProfile
	}
	since := time.Date(2024, time.January, 15, 0, 0, 0, 0, time.UTC).AddDate(0, m.next%12, m.next%28)
	line := m.Special[name]
	line.ID, line.Name, line.Status, line.AccountProfile, line.StartsOn = id, name, status, profile, since.Format(time.DateOnly)
	if inGroup && m.BusinessGroup != "" {
		line.Groups = []string{m.BusinessGroup}
	}
	m.people.add(line)
	m.bill(id, business, status)
	return id
}

// bill makes the invoices of the last six months. None names a due date: that comes
// from the trading terms of the account's profile. The older ones are paid; one
// account in eight still owes the last but one.
func (m *maker) bill(account string, business bool, status settings.AccountStatus) {
	if status == settings.Prospect {
		return
	}
	owes := m.random.IntN(8) == 0 || status == settings.Suspended
	monthly := 2900 + m.random.IntN(90)*100
	if business {
		monthly = 19000 + m.random.IntN(900)*100
	}
	for month := 5; month >= 0; month-- {
		cents := monthly + m.random.IntN(900)
		balance, state := 0, integration.InvoicePaid
		if (month == 0 && status != settings.Closed) || (month == 1 && owes) {
			balance, state = cents, integration.InvoiceOpen
		}
		m.invoice++
		id := fmt.Sprintf("%s-%d", account, 6-month)
		m.pay(account, id, money(cents), m.issued(month), state, month)
		invoice := integration.Invoice{
			ID: id, AccountID: account, Number: fmt.Sprintf("%s%06d", m.Words.InvoicePrefix, m.FirstID+m.invoice),
			IssuedOn: m.issued(month).Format(time.DateOnly), Total: money(cents), Balance: money(balance), Status: state,
			TotalWithoutTax: money(cents * 100 / (100 + m.Words.TaxPercent)),
			Lines:           []integration.InvoiceLine{{Description: m.Words.Plan, Amount: money(monthly)}, {Description: m.Words.Usage, Amount: money(cents - monthly)}},
		}
		invoice.PaymentReference = invoice.Number
		if state == integration.InvoiceOpen {
			invoice.PayURL = m.Words.PayAt + id
		}
		m.invoices.add(invoice)
	}
}

// pay makes the payment of an invoice, or what came of trying: who owes the last but one
// has a card that was declined.
func (m *maker) pay(account, invoice, amount string, issued time.Time, state string, monthsAgo int) {
	payment := integration.Payment{
		ID: "P-" + invoice, AccountID: account, Status: integration.PaymentReceived, Amount: amount, Method: m.Words.Method,
		Invoices: []integration.PaymentInvoice{{ID: invoice, Amount: amount}},
	}
	switch {
	case state == integration.InvoicePaid:
		payment.PaidOn = issued.AddDate(0, 0, min(9, 6+monthsAgo*28)).Format(time.DateOnly) // not after today
	case monthsAgo == 1:
		payment.Status, payment.Reason = integration.PaymentFailed, m.Words.Declined
		payment.PaidOn = issued.AddDate(0, 0, 14).Format(time.DateOnly)
	default:
		return
	}
	m.payments.add(payment)
}

// issued is six days ago, that many months before.
func (m *maker) issued(monthsAgo int) time.Time {
	return m.today.AddDate(0, -monthsAgo, -6)
}

func (m *maker) status() settings.AccountStatus {
	switch n := m.random.IntN(40); {
	case n == 0:
		return settings.Closed
	case n == 1:
		return settings.Prospect
	case n <= 3:
		return settings.Suspended
	}
	return settings.Active
}

func (m *maker) name() (first, last string) {
	return pick(m, m.Words.FirstNames), pick(m, m.Words.LastNames)
}

func pick(m *maker, from []string) string { return from[m.random.IntN(len(from))] }

func money(cents int) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

// lines collects NDJSON.
type lines struct {
	body  bytes.Buffer
	count int
}

func (l *lines) add(line any) {
	// The lines are plain structs of strings: encoding them cannot fail.
	_ = json.NewEncoder(&l.body).Encode(line)
	l.count++
}

func (l *lines) as(kind integration.Kind) Import {
	return Import{Kind: kind, Lines: l.count, Body: l.body.Bytes()}
}
