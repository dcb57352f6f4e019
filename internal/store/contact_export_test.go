package store

import "fmt"

// PagesOfPeople are more lists whose plans are tested.
var PagesOfPeople = map[string][2]string{
	"contacts": {contacts.sel, contacts.table},
	"notes":    {notes.sel, notes.table},
	"tickets":  {tickets.sel, tickets.table},
}

// FindContactsSQL is the statement of a page of contacts with a filter.
func FindContactsSQL(filter ContactFilter, list List) string {
	sql, _ := list.sql(contacts.sel, contacts.table, contacts.id(), filter.conditions())
	return sql
}

// FindNumberSQL is the statement that looks for a number.
func FindNumberSQL() string {
	sql, _ := List{}.sql(numbers.sel, numbers.table, numbers.id(), []condition{{numberIs, ""}})
	return sql
}

// PeopleQueries are what contacts and tickets look up when they are written, and the
// messages of a ticket.
var PeopleQueries = map[string]string{
	"lock users":      lockUsersSQL,
	"known contacts":  knownContactsSQL,
	"other contacts":  touchContactsSQL,
	"tickets of":      touchTicketsSQL,
	"ticket messages": ticketMessagesSQL,
	"of an account":   accountContactSQL,
	"one of account":  accountContactSQL + ` AND t.id = $2`,
	"sub-accounts":    fmt.Sprintf(subAccountsSQL, invitedUntilSQL),
	"void links":      voidContactLinksSQL,
}
