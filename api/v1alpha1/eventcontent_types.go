package v1alpha1

// EmailRecipient is a role of the account's contacts, or a mail address.
// +kubebuilder:validation:MinLength=5
// +kubebuilder:validation:MaxLength=254
// +kubebuilder:validation:XValidation:rule=`self in ['Primary', 'Secondary', 'Billing', 'Technical', 'Owner', 'Initiator'] || self.matches(r'^[^\s\p{Cc}()<>\[\]:;@\\,".]+(\.[^\s\p{Cc}()<>\[\]:;@\\,".]+)*@[^\s\p{Cc}()<>\[\]:;@\\,".]+(\.[^\s\p{Cc}()<>\[\]:;@\\,".]+)+$')`,message="must be Primary, Secondary, Billing, Technical, Owner, Initiator, or a mail address, as billing@acme.example"
type EmailRecipient string

// SMSRecipient is a role of the account's contacts, or a telephone number.
// +kubebuilder:validation:MinLength=5
// +kubebuilder:validation:MaxLength=16
// +kubebuilder:validation:XValidation:rule=`self in ['Primary', 'Secondary', 'Billing', 'Technical', 'Owner', 'Initiator'] || self.matches(r'^\+[1-9][0-9]{6,14}$')`,message="must be Primary, Secondary, Billing, Technical, Owner, Initiator, or a telephone number in international form, as +61400555019"
type SMSRecipient string

// Priority is how urgent a mail says to be.
// +kubebuilder:validation:Enum=Low;Normal;High
type Priority string

// The priorities.
const (
	PriorityLow    Priority = "Low"
	PriorityNormal Priority = "Normal"
	PriorityHigh   Priority = "High"
)

// Attachment is a file that goes with a mail.
// +kubebuilder:validation:Enum=Invoice
type Attachment string

// AttachInvoice is the invoice that the event is about.
const AttachInvoice Attachment = "Invoice"

// EmailSpec is a mail.
type EmailSpec struct {
	// from is the sender, as billing@acme.example or Acme <billing@acme.example>. The
	// tenant's own if not set.
	// +optional
	// +kubebuilder:validation:MinLength=5
	// +kubebuilder:validation:MaxLength=320
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([^\p{Cc}<>@]+ <[^\s\p{Cc}()<>\[\]:;@\\,".]+(\.[^\s\p{Cc}()<>\[\]:;@\\,".]+)*@[^\s\p{Cc}()<>\[\]:;@\\,".]+(\.[^\s\p{Cc}()<>\[\]:;@\\,".]+)+>|[^\s\p{Cc}()<>\[\]:;@\\,".]+(\.[^\s\p{Cc}()<>\[\]:;@\\,".]+)*@[^\s\p{Cc}()<>\[\]:;@\\,".]+(\.[^\s\p{Cc}()<>\[\]:;@\\,".]+)+)$')`,message="must be a mail address, or a name and a mail address, as Acme <billing@acme.example>"
	From string `json:"from,omitempty"`

	// to are the recipients.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	To []EmailRecipient `json:"to,omitempty"`

	// cc are the recipients of copies.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	CC []EmailRecipient `json:"cc,omitempty"`

	// bcc are the recipients of copies that nobody else sees.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	BCC []EmailRecipient `json:"bcc,omitempty"`

	// priority is how urgent the mail says to be. Normal if not set.
	// +optional
	Priority Priority `json:"priority,omitempty"`

	// attach are the files that go with the mail. Invoice is for events about an invoice.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=1
	Attach []Attachment `json:"attach,omitempty"`

	// subject is a template of one line.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=500
	Subject string `json:"subject,omitempty"`

	// text is the template of the mail as plain text.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	Text string `json:"text,omitempty"`

	// html is the template of the mail as HTML. The mail is plain text only if not set.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	HTML string `json:"html,omitempty"`

	// translations are the same mail in other languages. The nearest to an account's
	// locale is used, else what is above.
	// +optional
	// +listType=map
	// +listMapKey=locale
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Translations []EmailTranslation `json:"translations,omitempty"`
}

// Locale is a BCP 47 language tag.
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=35
// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$')`,message="must be a BCP 47 language tag, as fr or en-AU"
type Locale string

// EmailTranslation is a mail in another language.
type EmailTranslation struct {
	// locale is the language, as fr or en-AU.
	// +required
	Locale Locale `json:"locale,omitempty"`

	// subject is a template of one line.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=500
	Subject string `json:"subject,omitempty"`

	// text is the template of the mail as plain text.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	Text string `json:"text,omitempty"`

	// html is the template of the mail as HTML. The translation is plain text only if not set.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	HTML string `json:"html,omitempty"`
}

// SMSFallback says what is done for people who have no number that takes text messages.
// +kubebuilder:validation:Enum=None;Email
type SMSFallback string

// The fallbacks.
const (
	SMSFallbackNone  SMSFallback = "None"
	SMSFallbackEmail SMSFallback = "Email"
)

// SMSSpec is a text message.
type SMSSpec struct {
	// to are the recipients.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	To []SMSRecipient `json:"to,omitempty"`

	// fallback Email mails the text to people who have no number that takes text messages.
	// They are sent nothing if not set, or with None.
	// +optional
	Fallback SMSFallback `json:"fallback,omitempty"`

	// text is the template of the message, which may have at most 700 characters when
	// the fields are filled in.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2000
	Text string `json:"text,omitempty"`

	// translations are the same message in other languages.
	// +optional
	// +listType=map
	// +listMapKey=locale
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Translations []TextTranslation `json:"translations,omitempty"`
}

// TextTranslation is a short text in another language.
type TextTranslation struct {
	// locale is the language, as fr or en-AU.
	// +required
	Locale Locale `json:"locale,omitempty"`

	// text is the template in that language.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2000
	Text string `json:"text,omitempty"`
}

// WebhookSpec is an HTTP request with a JSON body.
type WebhookSpec struct {
	// url is where the request goes.
	// +required
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() == 'https' && url(self).getHostname() != ''",message="must be a URL that begins with https://"
	URL string `json:"url,omitempty"`

	// body is the template of the request's body, which must be JSON when the fields are
	// filled in. The event itself is sent if not set.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	Body string `json:"body,omitempty"`
}

// BannerSpec is a message in the portal.
type BannerSpec struct {
	// text is the template of the message, as plain text.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2000
	Text string `json:"text,omitempty"`

	// translations are the same message in other languages.
	// +optional
	// +listType=map
	// +listMapKey=locale
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Translations []TextTranslation `json:"translations,omitempty"`
}

// NoteSpec is a note on the customer.
type NoteSpec struct {
	// text is the template of the note.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2000
	Text string `json:"text,omitempty"`
}
