package catalog

import "github.com/foyerhq/foyer/internal/settings"

func builtIn() []Event {
	return []Event{{
		Name: "invoice.unpaid", Title: "Invoice unpaid", Description: "An invoice has a balance, by days from its due date.",
		Category: Invoice, Anchor: "invoice.dueOn", Message: true,
		Fields: []Field{{Name: "invoice", Type: Object, Description: "The invoice.", Fields: []Field{
			{Name: "number", Type: Text, Description: "The number that people know it by."},
			{Name: "balance", Type: Money, Description: "What is still to be paid."},
			{Name: "currency", Type: Text, Description: "The ISO 4217 code of its amounts."},
			{Name: "dueOn", Type: Date, Description: "The day by which it is to be paid."},
		}}},
		Sample: []byte(`{"tenant":{"name":"Acme Telecom","portalURL":"https://my.acme.example"},"account":{"id":"10042","name":"Miller Ltd","profile":"business"},"event":{"id":"evt-1","type":"invoice.unpaid","time":"2026-11-21T09:00:00Z"},"recipient":{"firstName":"Dana","lastName":"Miller","email":"dana@miller.example"},"invoice":{"number":"INV-1001","balance":"120.00","currency":"EUR","dueOn":"2026-11-18"}}`),
	}}
}

func common() []Field {
	return []Field{
		{Name: "tenant", Type: Object, Description: "The provider.", Fields: []Field{
			{Name: "name", Type: Text, Description: "Its name for customers."},
			{Name: "portalURL", Type: URL, Description: "The address of the portal."},
		}},
		{Name: "account", Type: Object, Description: "The customer.", Fields: []Field{
			{Name: "id", Type: Text, Description: "The account's id."},
			{Name: "name", Type: Text, Description: "The account's name."},
			{Name: "profile", Type: Text, Description: "The name of its account profile."},
		}},
		{Name: "event", Type: Object, Description: "The event itself.", Fields: []Field{
			{Name: "id", Type: Text, Description: "Its id."},
			{Name: "type", Type: Text, Description: "Its type, as invoice.unpaid."},
			{Name: "time", Type: Time, Description: "When it happened."},
		}},
	}
}

func recipient() Field {
	return Field{Name: "recipient", Type: Object, Description: "Whom the message goes to.", Fields: []Field{
		{Name: "firstName", Type: Text, Description: "The first name.", Optional: true},
		{Name: "lastName", Type: Text, Description: "The last name.", Optional: true},
		{Name: "email", Type: Text, Description: "The mail address.", Optional: true},
	}}
}

func (c *Catalog) add(own []Own) []settings.Problem {
	for _, o := range own {
		c.events[o.Name] = Event{Name: o.Name, Description: o.Description, Category: o.Category, Message: true}
	}
	return nil
}
