// Package plan decides who is told what, when, and by which channel. It is pure: documents,
// an event or an invoice, the state of an account and the time go in, notifications come
// out, each to be sent or suppressed with a reason. The dispatcher stores and sends them;
// the API shows with the same code what would be sent in the coming days.
//
//	rules, problems := plan.NewRules(live, routing)     // once per pair of documents
//	rules.Plan(event, account, now)                     // what happened at a moment
//	rules.Due(account, open, dealt, liveSince, now)     // what falls due by date, every minute
//	rules.Moved(notification, account)                  // its contact has another address by now
//	rules.Guard(notification, account, now)             // asked again before it is sent
//	rules.Compose(notification, account, links)         // its texts
//
// # Which actions
//
// The actions of all event templates for the event that name the account's profile. Where
// there is one, even if nothing of it fires, the standard suite is out; else its message
// goes, unless the profile's standardEvents switch it off.
//
// # Which days
//
// A day of a dated event is due at the schedule's time in the account's zone: a time that
// the clocks skip is the next one that they show, and of one that is there twice it is the
// first. BusinessDays moves a weekend to Monday. Of each invoice and channel only the latest
// day that is due is looked at, for three days after its moment. It happens once, whatever
// the template, the action and the profile are called by then, and not after a later one
// ([Dealt]). One that had come before the invoice was written tells nobody. A condition that
// is false is asked again; what is suppressed is not.
//
// # Who
//
// Contacts by their roles, and addresses that a template names. Secret links go to the
// addresses that they were made for, by mail alone, and what is about a person's sign-in
// goes to that person, whatever a template says. The Initiator is who did it, but for tickets,
// where it is who opened it; nobody is told of their own reply. What an account's attributes and a
// person's choices say is for contacts; an address that a template names belongs to the
// provider. Reminders that are off, paused, disputed or for too little are so by every
// channel: nobody's line is cut by a webhook while they are not reminded.
//
// All of it is asked again before a notification is sent. Who would not be told by the action
// as it is then, at the same address, is not told.
package plan
