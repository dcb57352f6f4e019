package people

import "github.com/foyerhq/foyer/internal/settings"

// Words are what names of a country are made of.
type Words struct {
	FirstNames, LastNames, Trades []string
	Company                       string // legal form
	InvoicePrefix                 string
	GroupName                     string
}

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
		},
		Known: []Person{
			{Username: "dana", First: "Dana", Last: "Whitfield", Account: "Harbour Lane Coffee Pty Ltd", Business: true, Status: settings.Active, About: "Business, owner: 21 days, invoices and activity"},
			{Username: "sam", First: "Sam", Last: "Okafor", Account: "Harbour Lane Coffee Pty Ltd", Business: true, Status: settings.Active, Grants: []settings.Feature{settings.ViewInvoices}, About: "Business, sub-account: activity is locked"},
			{Username: "ravi", First: "Ravi", Last: "Menon", Account: "Ravi Menon", Status: settings.Active, About: "Residential, owner: 14 days, invoices only"},
			{Username: "june", First: "June", Last: "Abbott", Account: "Abbott Framing Pty Ltd", Business: true, Status: settings.Suspended, About: "Business, suspended: activity is closed"},
		},
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
		},
		Known: []Person{
			{Username: "lena", First: "Lena", Last: "Petersen", Account: "Petersen Segelmacher GmbH", Business: true, Status: settings.Active, About: "owner, German money and dates"},
		},
	}
}
