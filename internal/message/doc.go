// Package message holds what a message is made by: conditions and templates of event
// templates, checked against the payload of their event before they are live, so that
// none of them can fail when a message is sent. It is pure.
//
//	condition  CEL: does this event concern us?
//	template   Go templates behind an allow-list, for mail, text messages, webhooks, banners and notes
package message
