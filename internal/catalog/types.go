package catalog

// Type is what a field holds.
type Type string

// The types, with their form in the JSON of a payload.
const (
	Text    Type = "Text"    // a string
	Integer Type = "Integer" // a whole number
	Decimal Type = "Decimal" // a decimal string, as "12.5"
	Money   Type = "Money"   // a decimal string, in the currency beside it or in the account's
	Date    Type = "Date"    // "2026-11-21"
	Time    Type = "Time"    // RFC 3339
	Boolean Type = "Boolean" // true or false
	URL     Type = "URL"     // an https address
	Link    Type = "Link"    // an address that lets whoever has it act as its recipient; only mail and text messages may hold it
	Object  Type = "Object"  // an object with Fields
	List    Type = "List"    // a list of objects with Fields
)

// Field is one field of a payload.
type Field struct {
	Name        string
	Type        Type
	Description string // a sentence for docs
	// Optional: the field may be missing, so that a template asks with "if" before it
	// relies on it, and a condition with has().
	Optional bool
	// Values are the only ones of a Text, where it is bounded; empty: any.
	Values []string
	// Fields are those of an Object, or of each element of a List.
	Fields []Field
	// Sample is a value in JSON. An Object or List without one has that of its Fields.
	Sample string
}

// Category is what an event is about. People choose by it what they are sent.
type Category string

// The categories. Nobody can opt out of Security.
const (
	General  Category = "General"
	Invoice  Category = "Invoice"
	Product  Category = "Product"
	Support  Category = "Support"
	Security Category = "Security"
)

// Event is one type of event.
type Event struct {
	Name        string // as "invoice.unpaid"
	Title       string // a few words, as "Invoice unpaid"
	Description string // a sentence: when it happens
	Category    Category
	// Critical: nobody can opt out of its messages.
	Critical bool
	// Anchor is the path of the Date from which the days of a dated event count, as
	// "invoice.dueOn"; empty: the event happens at a moment.
	Anchor string
	// Inside: it comes from Foyer itself only, nobody can send it in.
	Inside bool
	// ManyAccounts: it may be about more than one account, so each field of the object
	// account is optional.
	ManyAccounts bool
	// Message: people want to be told, so the standard suite has a message for it, if it
	// is built in. The others are for webhooks.
	Message bool
	// RequiredLink is the path of the Link that each mail and text message must contain,
	// as "credential.link"; empty: none.
	RequiredLink string
	// Fields are the objects of this type alone, as invoice.
	Fields []Field
	// Sample is a whole payload in JSON, common objects included.
	Sample []byte
}

// Own is a tenant's own event type, as its Tenant declares it.
type Own struct {
	Name        string     `json:"name"`
	Description string     `json:"description,omitempty"`
	Category    Category   `json:"category,omitempty"` // empty: General
	Fields      []OwnField `json:"fields,omitempty"`
}

// OwnField is a field of the object data of a tenant's own event type.
type OwnField struct {
	Name        string `json:"name"`
	Type        Type   `json:"type"` // Text, Integer, Decimal, Money, Date, Time, Boolean or URL
	Description string `json:"description,omitempty"`
	Sample      string `json:"sample,omitempty"` // empty: one by the type
}
