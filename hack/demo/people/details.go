package people

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/settings"
)

// Put is one PUT to the integration API: what has no import.
type Put struct {
	Path string // as sites/10001-roastery
	Body []byte
}

// Details makes what the accounts of the people with a printed sign-in have: sites,
// numbers, services, orders, tickets, and the contacts that are for some of the sites. The
// same day gives the same.
func Details(p Provider, passwordHash string, today time.Time) []Put {
	d := &details{ids: p.accountIDs(), today: midnight(today)}
	p.Details(d)
	for _, person := range p.Known {
		if person.Sites != nil {
			contact := person.contact(d.ids[person.Account], passwordHash)
			d.put("contacts/"+contact.ID, contact)
		}
	}
	return d.puts
}

// invited is the contact of an account that is sent the mail to create a sign-in.
func invited(account string) string { return account + "-nina" }

type details struct {
	ids   map[string]string // of accounts, by name
	today time.Time
	puts  []Put
}

func (d *details) put(path string, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // types of the API are made to be encoded
	}
	d.puts = append(d.puts, Put{path, text})
}

func (d *details) day(ago int) string { return d.today.AddDate(0, 0, -ago).Format(time.DateOnly) }

func (d *details) hour(ago, hour int) time.Time {
	return d.today.AddDate(0, 0, -ago).Add(time.Duration(hour) * time.Hour)
}

// numbers are the telephone numbers of an account, which calls are made of.
func (d *details) numbers(lines []PhoneLine) {
	for _, l := range lines {
		account := d.ids[l.Account]
		d.put("numbers/"+account+"-"+strings.TrimPrefix(l.Number, "+"), integration.Number{
			AccountID: account, Number: l.Number, ProviderDescription: l.About, SiteID: prefixed(account, l.Site), CampaignID: prefixed(account, l.Campaign),
		})
	}
}

func prefixed(account, name string) string {
	if name == "" {
		return ""
	}
	return account + "-" + name
}

func acmeDetails(d *details) {
	coffee, ravi, framing := d.ids[harbourLane], d.ids["Ravi Menon"], d.ids[abbottFraming]
	d.put("sites/"+coffee+"-roastery", integration.Site{AccountID: coffee, Name: "Roastery", Address: "4 Harbour Lane\nFremantle WA 6160"})
	d.put("sites/"+coffee+"-kiosk", integration.Site{AccountID: coffee, Name: "Station kiosk", Address: "Platform 2, Central Station"})
	d.put("campaigns/"+coffee+"-winter", integration.Campaign{AccountID: coffee, Name: "Winter beans", Description: "The number on the posters of this winter."})
	d.numbers(Acme().Phones)
	d.put("services/"+coffee+"-fibre", integration.Service{
		AccountID: coffee, Name: "Fibre 500", Description: "500 Mbit/s down, 250 up, one fixed address.", Number: "AVC-000118204", Status: "Active",
		SiteID: coffee + "-roastery", StartsOn: d.day(400), Price: "129.00", BillingMonths: 1,
	})
	d.put("services/"+coffee+"-voice", integration.Service{
		AccountID: coffee, Name: "Business voice", Number: "+61865550140", Status: "Active", StartsOn: d.day(400), Price: "45.00", BillingMonths: 1,
	})
	d.put("services/"+coffee+"-mobile", integration.Service{
		AccountID: coffee, Name: "Mobile 20 GB", Status: "Cancelled", StartsOn: d.day(380), EndsOn: d.day(35), CancelReason: "Replaced by the kiosk's own line.",
	})
	d.put("services/"+ravi+"-fibre", integration.Service{AccountID: ravi, Name: "Fibre 100", Status: "Active", StartsOn: d.day(210), Price: "69.00", BillingMonths: 1})
	d.put("services/"+framing+"-fibre", integration.Service{AccountID: framing, Name: "Fibre 250", Status: "Suspended", StartsOn: d.day(520), Price: "99.00", BillingMonths: 1})
	d.put("orders/"+coffee+"-1", integration.Order{
		AccountID: coffee, Number: "O-4471", Status: "InProgress", PlacedAt: d.hour(3, 10), PlacedBy: "Dana Whitfield", Total: "238.00",
		Items: []integration.OrderItem{{Description: "Desk telephone", Quantity: 2, Amount: "238.00"}},
	})
	d.put("requests/"+coffee+"-1", integration.Request{
		AccountID: coffee, Number: "R-812", Subject: "Move the socket behind the counter", Text: "It is in the way of the new grinder.", Status: "Scheduled",
		SiteID: coffee + "-kiosk", OpenedBy: "Sam Okafor", OpenedAt: d.hour(5, 9), ScheduledOn: d.day(-4), Comment: "An engineer comes in the morning.",
	})
	d.put("contacts/"+invited(coffee), integration.Contact{
		AccountID: coffee, FirstName: "Nina", LastName: "Castellano", Email: "nina@customers.example", Roles: []string{"Secondary"},
		Grants: []settings.Feature{"ReadOnly"}, Access: integration.AccessActive,
	})
	acmeTickets(d, coffee, framing)
}

func acmeTickets(d *details, coffee, framing string) {
	d.put("tickets/"+coffee+"-1", integration.Ticket{
		AccountID: coffee, Number: "T-6120", Subject: "The line at the roastery is slow in the afternoon", Department: "Support", ContactID: coffee + "-1",
		Text: "Since Monday, from about three o'clock on.", OpenedAt: d.hour(6, 16),
	})
	d.put("tickets/"+coffee+"-1/messages/"+coffee+"-1-a", integration.TicketMessage{
		Author: "Priya, Acme Telecom", ByStaff: true, At: d.hour(5, 9),
		Text: "Thank you for telling us. A splitter in your street is overloaded; it is exchanged on Thursday.",
	})
	d.put("tickets/"+framing+"-1", integration.Ticket{
		AccountID: framing, Number: "T-6133", Subject: "When is our line back?", Department: "Accounts", ContactID: framing + "-1",
		Text: "We paid this morning.", OpenedAt: d.hour(1, 11),
	})
	d.put("notes/"+framing+"-1", integration.Note{
		AccountID: framing, Text: "June promised to pay by Friday. Do not cancel before.", Author: "Priya", At: d.hour(2, 15),
	})
}

func nordlichtDetails(d *details) {
	sails := d.ids[segelmacher]
	d.put("sites/"+sails+"-halle", integration.Site{AccountID: sails, Name: "Werkhalle", Address: "Am Kai 7\n24159 Kiel"})
	d.numbers(Nordlicht().Phones)
	d.put("services/"+sails+"-server", integration.Service{
		AccountID: sails, Name: "Server M", Description: "4 Kerne, 16 GB, 200 GB", Number: "srv-2041", Status: "Active", StartsOn: d.day(300), Price: "34.90", BillingMonths: 1,
	})
	d.put("services/"+sails+"-domain", integration.Service{
		AccountID: sails, Name: "petersen-segel.example", Status: "Active", StartsOn: d.day(300), Price: "14.40", BillingMonths: 12,
	})
	d.put("orders/"+sails+"-1", integration.Order{
		AccountID: sails, Number: "B-2207", Status: "Completed", PlacedAt: d.hour(12, 14), PlacedBy: "Lena Petersen", Total: "60.00",
		Items: []integration.OrderItem{{Description: "Einrichtung der Datensicherung", Quantity: 1, Amount: "60.00"}},
	})
	d.put("tickets/"+sails+"-1", integration.Ticket{
		AccountID: sails, Number: "T-118", Subject: "Zertifikat läuft ab", Department: "Technik", ContactID: sails + "-1",
		Text: "Der Browser warnt seit heute.", OpenedAt: d.hour(2, 8), Status: "Closed",
		Closing: &integration.Closing{Author: "Jonas, Nordlicht", ByStaff: true, Text: "Es ist erneuert.", At: d.hour(2, 10)},
	})
}
