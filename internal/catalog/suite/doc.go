// Package suite is the standard suite: a message for every built-in event that wants one,
// in English, German and French, as subject, plain text and HTML. Every account profile has
// it at once; an EventTemplate of the tenant's own replaces it for the event and the
// profiles that it names. Each text is a template as package message/template reads it.
//
// The words are in texts/EVENT.LANGUAGE.txt, made into plain text and into HTML by one
// layout, layout.html. A file begins with its head, of which a line that begins with spaces
// goes on with the one before:
//
//	subject: Your invoice {{.invoice.number}}
//	preview: what a list of mails shows behind the subject
//	title: Your new invoice
//	why: optional, why one gets it; else that of the frame
//
// Behind an empty line come blocks with empty lines between them. Each is of one kind, told
// by how its lines begin:
//
//	Some text            a paragraph, its lines joined
//	## Text              a small heading
//	= VALUE | CAPTION    the figure that it is about, large
//	| LABEL | VALUE      a row of a table of facts
//	> Text               what somebody wrote, line breaks kept
//	! Text               what must not be overlooked
//	[LABEL](.field)      the button; the field may have a path behind it: (.tenant.portalURL/security)
//
// A line that is only if, else, range or end stands between the rows of a table, or makes a
// block of its own: then it is around other blocks. In a text [LABEL](.field) is a link,
// also (mailto:.field) and (tel:.field).
//
// The files frame.LANGUAGE.txt have what is the same in all messages. Spaces that must not
// break in French are put in here, nobody writes them.
package suite
