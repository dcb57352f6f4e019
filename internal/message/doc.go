// Package message holds what a message is made by: conditions and templates of event
// templates, checked against the payload of their event before they are live, so that each
// has an answer or a text for every such payload: a template fails only where its text
// would come to more than 256 KiB. It is pure.
//
//	condition  CEL: does this event concern us?
//	template   Go templates behind an allow-list, for mail, text messages, webhooks, banners and notes
package message
