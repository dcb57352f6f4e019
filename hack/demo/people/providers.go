package people

import "github.com/foyerhq/foyer/internal/settings"

// Words are what names of a country are made of.
type Words struct {
	FirstNames, LastNames, Trades []string
	Company                       string // legal form
	InvoicePrefix                 string
	GroupName                     string
	Currency                      string
	Dial, Mobile                  string // of mobile telephones: how their numbers begin, what they are called
	Method, Declined              string // how people pay, and why it may fail
}

// Accounts of people with a printed sign-in.
const (
	harbourLane   = "Harbour Lane Coffee Pty Ltd"
	abbottFraming = "Abbott Framing Pty Ltd"
	segelmacher   = "Petersen Segelmacher GmbH"
)

// Password is the password of everyone in the demo.
const Password = "try-the-portal"

// Acme is the telco of the Business and Residential case.
func Acme() Provider {
	return Provider{
		Seed: 11, FirstID: 10001, Businesses: 110, Homes: 210, BusinessGroup: "gold", BusinessProfile: "business", HomeProfile: "residential",
		Words: Words{
			FirstNames: []string{"Amelia", "Noah", "Priya", "Oliver", "Mei", "Jack", "Charlotte", "Arjun", "Isla", "Thomas", "Grace", "Mateo", "Ruby", "Hamish", "Zoe", "Kofi"},
			LastNames:  []string{"Nguyen", "Smith", "Patel", "O'Connor", "Williams", "Chen", "Taylor", "Rossi", "Kelly", "Singh", "Walker", "Haddad", "Brown", "Murphy", "Martin", "Lee"},
			Trades:     []string{"Plumbing", "Dental", "Bakery", "Legal", "Motors", "Physiotherapy", "Architects", "Freight", "Joinery", "Accounting"},
			Company:    "Pty Ltd", InvoicePrefix: "ACM-", GroupName: "Gold customers",
			Currency: "AUD", Dial: "+614", Mobile: "Mobile", Method: "Direct debit", Declined: "The card was declined.",
		},
		Known: []Person{
			{Username: "dana", First: "Dana", Last: "Whitfield", Account: harbourLane, Business: true, Status: settings.Active, About: "Business, owner: 21 days, invoices and activity"},
			{Username: "sam", First: "Sam", Last: "Okafor", Account: harbourLane, Business: true, Status: settings.Active, Grants: []settings.Feature{settings.ViewInvoices}, About: "Business, sub-account: activity is locked"},
			{Username: "ravi", First: "Ravi", Last: "Menon", Account: "Ravi Menon", Status: settings.Active, About: "Residential, owner: 14 days, invoices only"},
			{Username: "june", First: "June", Last: "Abbott", Account: abbottFraming, Business: true, Status: settings.Suspended, About: "Business, suspended: activity is closed"},
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
		Seed: 23, FirstID: 50001, Businesses: 90, Homes: 160,
		Words: Words{
			FirstNames: []string{"Lena", "Jonas", "Mia", "Finn", "Emma", "Paul", "Sofia", "Elif", "Luca", "Greta", "Anton", "Nele", "Emre", "Ida", "Karl", "Frieda"},
			LastNames:  []string{"Müller", "Schmidt", "Yılmaz", "Fischer", "Weber", "Petersen", "Wagner", "Becker", "Hoffmann", "Koch", "Jansen", "Richter", "Vogel", "Kaya", "Brandt", "Lorenz"},
			Trades:     []string{"Werbeagentur", "Tischlerei", "Softwarehaus", "Steuerberatung", "Fahrradladen", "Verlag", "Buchhandlung", "Architekten"},
			Company:    "GmbH", InvoicePrefix: "NL-",
			Currency: "EUR", Dial: "+49151", Mobile: "Mobilfunk", Method: "Lastschrift", Declined: "Die Lastschrift wurde zurückgegeben.",
		},
		Known: []Person{
			{Username: "lena", First: "Lena", Last: "Petersen", Account: segelmacher, Business: true, Status: settings.Active, About: "owner, German money and dates"},
		},
		Phones:  []PhoneLine{{Account: segelmacher, Number: "+494315550120", About: "Werkhalle", Site: "halle", PerDay: 8}},
		Details: nordlichtDetails,
	}
}
