package people

import (
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/settings"
)

// Words are what names of a country are made of.
type Words struct {
	FirstNames, LastNames, Trades []string
	Company                       string // legal form
	InvoicePrefix                 string
	GroupName                     string
	Currency                      string
	Dial, Mobile                  string // of mobile telephones: how their numbers begin, what they are called
	Method, Declined              string // how people pay, and why it may fail
	PayAt                         string // how the address begins where an invoice is paid
	Plan, Usage                   string // the lines of invoices
	TaxPercent                    int
}

// Accounts of people with a printed sign-in.
const (
	harbourLane   = "Harbour Lane Coffee Pty Ltd"
	abbottFraming = "Abbott Framing Pty Ltd"
	lumiere       = "Brasserie Lumière Pty Ltd"
	segelmacher   = "Petersen Segelmacher GmbH"
)

// Password is the password of everyone in the demo.
const Password = "try-the-portal"

// Acme is the telco of the Business and Residential case.
func Acme() Provider {
	return Provider{
		Name: "Acme Telecom", Shown: harbourLane,
		Seed: 11, FirstID: 10001, Businesses: 110, Homes: 210, BusinessGroup: "gold", BusinessProfile: "business", HomeProfile: "residential",
		Words: Words{
			FirstNames: []string{"Amelia", "Noah", "Priya", "Oliver", "Mei", "Jack", "Charlotte", "Arjun", "Isla", "Thomas", "Grace", "Mateo", "Ruby", "Hamish", "Zoe", "Kofi"},
			LastNames:  []string{"Nguyen", "Smith", "Patel", "O'Connor", "Williams", "Chen", "Taylor", "Rossi", "Kelly", "Singh", "Walker", "Haddad", "Brown", "Murphy", "Martin", "Lee"},
			Trades:     []string{"Plumbing", "Dental", "Bakery", "Legal", "Motors", "Physiotherapy", "Architects", "Freight", "Joinery", "Accounting"},
			Company:    "Pty Ltd", InvoicePrefix: "ACM-", GroupName: "Gold customers",
			Currency: "AUD", Dial: "+614", Mobile: "Mobile", Method: "Direct debit", Declined: "The card was declined.",
			PayAt: "https://pay.acme.example/", Plan: "Fibre, telephone and support", Usage: "Calls", TaxPercent: 10,
		},
		Known: []Person{
			{Username: "dana", First: "Dana", Last: "Whitfield", Account: harbourLane, Business: true, Status: settings.Active, About: "Business, owner: 21 days to pay, and every page there is"},
			{Username: "sam", First: "Sam", Last: "Okafor", Account: harbourLane, Business: true, Status: settings.Active, Grants: []settings.Feature{settings.ViewInvoices}, About: "Business, sub-account: invoices, the rest is locked"},
			{Username: "bella", First: "Bella", Last: "Ruiz", Account: harbourLane, Business: true, Status: settings.Active, Grants: []settings.Feature{"Billing"}, About: "Business, billing department: pays invoices and orders"},
			{Username: "theo", First: "Theo", Last: "Lindqvist", Account: harbourLane, Business: true, Status: settings.Active, Grants: []settings.Feature{"Technical"}, About: "Business, web developer: services, and no invoices"},
			{Username: "kit", First: "Kit", Last: "Marlowe", Account: harbourLane, Business: true, Status: settings.Active, Grants: []settings.Feature{"SiteContact"}, Sites: []string{"kiosk"}, About: "Business, site contact: service requests of the kiosk"},
			{Username: "ravi", First: "Ravi", Last: "Menon", Account: "Ravi Menon", Status: settings.Active, About: "Residential, owner: 14 days to pay, invoices, payments and profile"},
			{Username: "june", First: "June", Last: "Abbott", Account: abbottFraming, Business: true, Status: settings.Suspended, About: "Business, suspended: invoices and payments, the rest is closed"},
			{Username: "camille", First: "Camille", Last: "Moreau", Account: lumiere, Business: true, Status: settings.Active, About: "Business, owner: in French"},
		},
		Special: map[string]integration.Account{
			harbourLane: {Address: "4 Harbour Lane\nFremantle WA 6160", Phone: "+61 8 6555 0140", TaxID: "ABN 51 824 753 556"},
			lumiere:     {Address: "27 Rue Street\nSouth Yarra VIC 3141", Phone: "+61 3 5550 0127", Attributes: settings.Attributes{Locale: "fr-FR"}},
		},
		Products: []integration.Product{
			{ID: "phone", Name: "Desk telephone", Description: "With a colour display and a headset socket. It is delivered ready to use.", Price: "119.00", Currency: "AUD"},
			{ID: "router", Name: "Wi-Fi 7 router", Description: "Covers a shop and its yard. An engineer is not needed.", Price: "249.00", Currency: "AUD"},
			{ID: "fixed-address", Name: "Fixed address", Description: "One IPv4 address that stays yours.", Price: "10.00", Currency: "AUD", BillingMonths: 1},
			{ID: "backup-line", Name: "Backup line", Description: "Takes over by mobile network within a minute when the fibre is down.", Price: "35.00", Currency: "AUD", BillingMonths: 1},
			{ID: "domain", Name: "Domain .com.au", Price: "27.50", Currency: "AUD", BillingMonths: 12},
			{ID: "adsl-filter", Name: "ADSL filter", Price: "12.00", Currency: "AUD", State: "Withdrawn"},
		},
		Phones: []PhoneLine{
			{Account: harbourLane, Number: "+61865550140", About: "Main line", Site: "roastery", PerDay: 14},
			{Account: harbourLane, Number: "+61865550141", About: "Kiosk", Site: "kiosk", PerDay: 6},
			{Account: harbourLane, Number: "+611800555140", About: "Free call", Campaign: "winter", PerDay: 9},
			{Account: "Ravi Menon", Number: "+61865550177", About: "Home", PerDay: 3},
		},
		Details: acmeDetails,
	}
}

// Nordlicht is the second tenant, a German hoster.
func Nordlicht() Provider {
	return Provider{
		Name: "Nordlicht Hosting",
		Seed: 23, FirstID: 50001, Businesses: 90, Homes: 160,
		Words: Words{
			FirstNames: []string{"Lena", "Jonas", "Mia", "Finn", "Emma", "Paul", "Sofia", "Elif", "Luca", "Greta", "Anton", "Nele", "Emre", "Ida", "Karl", "Frieda"},
			LastNames:  []string{"Müller", "Schmidt", "Yılmaz", "Fischer", "Weber", "Petersen", "Wagner", "Becker", "Hoffmann", "Koch", "Jansen", "Richter", "Vogel", "Kaya", "Brandt", "Lorenz"},
			Trades:     []string{"Werbeagentur", "Tischlerei", "Softwarehaus", "Steuerberatung", "Fahrradladen", "Verlag", "Buchhandlung", "Architekten"},
			Company:    "GmbH", InvoicePrefix: "NL-",
			Currency: "EUR", Dial: "+49151", Mobile: "Mobilfunk", Method: "Lastschrift", Declined: "Die Lastschrift wurde zurückgegeben.",
			PayAt: "https://zahlen.nordlicht.example/", Plan: "Hosting und Betreuung", Usage: "Datenverkehr", TaxPercent: 19,
		},
		Known: []Person{
			{Username: "lena", First: "Lena", Last: "Petersen", Account: segelmacher, Business: true, Status: settings.Active, About: "owner, in German"},
		},
		Special: map[string]integration.Account{
			segelmacher: {Address: "Am Kai 7\n24159 Kiel", Phone: "+49 431 5550120", TaxID: "DE 811 907 980"},
		},
		Products: []integration.Product{
			{ID: "backup", Name: "Datensicherung", Description: "Jede Nacht, dreißig Tage lang aufbewahrt.", Price: "5.90", Currency: "EUR", BillingMonths: 1},
			{ID: "server-l", Name: "Server L", Description: "8 Kerne, 32 GB, 400 GB", Price: "69.90", Currency: "EUR", BillingMonths: 1},
			{ID: "domain-de", Name: "Domain .de", Price: "14.40", Currency: "EUR", BillingMonths: 12},
			{ID: "setup", Name: "Einrichtung", Description: "Eine Stunde mit einer unserer Technikerinnen.", Price: "60.00", Currency: "EUR"},
		},
		Phones:  []PhoneLine{{Account: segelmacher, Number: "+494315550120", About: "Werkhalle", Site: "halle", PerDay: 8}},
		Details: nordlichtDetails,
	}
}
