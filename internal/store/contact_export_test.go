package store

// PagesOfPeople are more lists whose plans are tested.
var PagesOfPeople = map[string][2]string{
	"contacts": {contacts.sel, contacts.table},
	"notes":    {notes.sel, notes.table},
	"tickets":  {tickets.sel, tickets.table},
}

// PeopleQueries are what contacts and tickets look up when they are written, and the
// messages of a ticket.
var PeopleQueries = map[string]string{
	"lock users":      lockUsersSQL,
	"known contacts":  knownContactsSQL,
	"other contacts":  touchContactsSQL,
	"tickets of":      touchTicketsSQL,
	"ticket messages": ticketMessagesSQL,
}
