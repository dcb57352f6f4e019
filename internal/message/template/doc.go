// Package template checks and fills in the texts of event templates.
//
// A text is a template in the language of Go's text/template, of which only this is
// allowed. Whatever a template gets wrong is told when it is applied, all at once, each
// with its line and column. A template without problems can be filled in with every payload
// of its event: what gets too long is cut in a subject or text message, and everything else
// fails in one way only, when it comes to more than 256 KiB (an invoice: 4 MiB).
//
// # Fields
//
//	{{.invoice.number}}
//
// writes a field of the event. Money is written with its currency, dates and times as
// people of the account's locale read them, times in the account's zone:
//
//	Money    €1,234.50       in the currency that the field currency beside it names, else in the account's
//	Date     21 Nov 2026
//	Time     21 Nov 2026, 10:30
//	Integer, Decimal, Text, URL, Link    as they are
//
// An Object, a List or a Boolean cannot be written. A field that may be missing (Optional)
// can only be written where the template has asked whether it is there:
//
//	{{if .recipient.firstName}}Dear {{.recipient.firstName}}{{else}}Dear customer{{end}}
//	Dear {{.recipient.firstName | default "customer"}}
//
// # Questions
//
//	{{if A}} ... {{else if B}} ... {{else}} ... {{end}}
//	{{with .account}}{{.name}}, {{$.tenant.name}}{{end}}
//	{{range .overdue.invoices}}{{.number}} {{end}}
//
// if asks whether a field is there: a Text or List must also not be empty, and a Boolean
// must be true. A number that is 0 is there, so it is compared: {{if gt .invoice.balance 0}}.
// To ask for what is always there is refused.
// with and range do the same for the field or the elements of the List that . is inside of
// them; {{else}} is for when there is none. From inside, $ leads to the whole payload, as
// in {{$.account.name}}. A range inside of a range goes through a List of the element that it
// is inside of. They may be in each other at most 8 deep.
//
// {{- and -}} leave out the spaces and line breaks before and after, {{/* a comment */}}
// is left out itself. To write two opening braces, write {{"{{"}}.
//
// # Functions
//
//	default "TEXT" FIELD            the text, where the field is missing or empty; also another field of the same type.
//	                                A text for what is none can be printed and nothing else
//	upper TEXT, lower TEXT          in capital or small letters
//	date "short" or "iso" DATE      only the day of a Date or Time: as its readers write it, or 2026-11-21
//	plural INTEGER "ONE" "OTHER"    one of two words, as in {{plural (len .overdue.invoices) "invoice" "invoices"}}
//	len LIST                        the number of its elements
//	eq A B, ne A B                  equal or not: two numbers (Integer, Decimal, Money, 9.95), or two texts
//	lt le gt ge A B                 less, less or equal, greater, greater or equal: two numbers
//	and A B ..., or A B ..., not A  of questions; what and has asked already may be used behind it
//	json LIST                       the whole list as in the payload, in the body of a webhook
//
// What stands before | is the last argument of the function behind it, and a call that is
// an argument stands in parentheses. There are no variables, no definitions, and no other
// functions.
//
// # Formats
//
// A subject is one line: line breaks become spaces. It has at most 500 characters, a text
// message 700. The sample of the event must fit; what is longer when it is sent is cut, and
// ends in dots.
//
// The body of a webhook is JSON, whatever the payload is. Each field is escaped, so
// "name": "{{.account.name}}" is always right. Fields are written as they are in the
// payload: "120.00", "2026-11-21". An Integer, Decimal, Money or Boolean may also stand
// without double quotes. Commas cannot be put between elements of a range only, so a list
// is written by json.
//
// HTML is that of mail: texts, tables, lists, images and links. Scripts, forms, frames,
// embedded and linked things, and attributes that run something are refused. Fields are
// escaped for where they stand, which is the text, or the quotes of an attribute; not a
// style, a comment, or the name of something. Links begin with https://, http://, mailto:,
// tel: or #, images with https://. A URL or Link begins an href or src, Texts, Integers and
// URLs stand behind the host of one, and one alone behind mailto: or tel::
//
//	href="{{.tenant.portalURL}}/invoices/{{.invoice.number}}"
//	href="mailto:{{.}}"
//
// if, with and range stand around whole tags, not inside of one. Comments are left out.
//
// The HTML of an invoice is a part of a page of the portal: it has no images, ids or styles
// but the classes that the portal knows, its links begin with https://, mailto: or tel:,
// and each element is closed by the if, with or range that opens it, in the elements that
// it may stand in. It is filled in with an invoice instead of an event, and Decimals are
// written as people of the locale read them. docs/invoice-templates.md has all of it.
//
// A Link lets in whoever has it. It can be in the text of a mail and of a text message,
// not in a subject, webhook, banner or note, and in HTML in the text or in the href of an <a>.
//
// # Bounds
//
// 64 KiB of source, 4,000 parts, 256 KiB of result (4 MiB of an invoice), lists of 1,000 elements, and the work for
// the longest lists and texts: of upper and lower, four fit into a range. Neither a source
// nor a literal has control characters but line breaks and tabs.
package template
