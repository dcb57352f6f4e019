package v1alpha1

// DeliveryMode says what becomes of notifications.
// +kubebuilder:validation:Enum=Hold;Redirect;Live
type DeliveryMode string

// The delivery modes.
const (
	DeliveryHold     DeliveryMode = "Hold"
	DeliveryRedirect DeliveryMode = "Redirect"
	DeliveryLive     DeliveryMode = "Live"
)

// DeliverySpec says what becomes of notifications.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.mode) || self.mode != 'Redirect' || has(self.redirectTo)",fieldPath=".redirectTo",message="mode Redirect needs the address that mails go to"
type DeliverySpec struct {
	// mode is Hold, Redirect or Live. Hold, if not set: notifications are planned and shown,
	// and nothing goes out; webhooks of the Tenant wait, and get later what they missed.
	// Redirect: mails go to redirectTo, without copies, and with a placeholder for each secret
	// link unless the recipient's address is redirectTo itself; text messages,
	// webhooks of event templates, banners and notes on customers are suppressed; webhooks of
	// the Tenant get their events. Live: all of it goes out.
	// +optional
	Mode DeliveryMode `json:"mode,omitempty"`

	// redirectTo is the address that every mail goes to while mode is Redirect. The subject
	// has the real one.
	// +optional
	RedirectTo EmailAddress `json:"redirectTo,omitempty"`

	// maxPerHour bounds how many mails and text messages together go out within an hour;
	// those that keep sign-ins safe go out all the same. There is no bound if not set.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000000
	MaxPerHour int64 `json:"maxPerHour,omitempty"`
}

// DeliveryStatus is what becomes of notifications.
type DeliveryStatus struct {
	// mode is Hold, Redirect or Live.
	// +required
	Mode DeliveryMode `json:"mode,omitempty"`

	// redirectTo is the address that every mail goes to, of mode Redirect.
	// +optional
	RedirectTo EmailAddress `json:"redirectTo,omitempty"`

	// maxPerHour is how many mails and text messages go out within an hour at most. There
	// is no bound if not set.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000000
	MaxPerHour int64 `json:"maxPerHour,omitempty"`
}

// EmailAddress is a mail address.
// +kubebuilder:validation:MinLength=5
// +kubebuilder:validation:MaxLength=254
// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[^\s\p{Cc}()<>\[\]:;@\\,".]+(\.[^\s\p{Cc}()<>\[\]:;@\\,".]+)*@[^\s\p{Cc}()<>\[\]:;@\\,".]+(\.[^\s\p{Cc}()<>\[\]:;@\\,".]+)+$')`,message="must be a mail address, as billing@acme.example"
type EmailAddress string

// EmailChannelSpec says how mails are sent.
type EmailChannelSpec struct {
	// from is the sender, as billing@acme.example or Acme <billing@acme.example>, unless an
	// action of an event template has its own.
	// +required
	// +kubebuilder:validation:MinLength=5
	// +kubebuilder:validation:MaxLength=320
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([^\p{Cc}<>@]+ <[^\s\p{Cc}()<>\[\]:;@\\,".]+(\.[^\s\p{Cc}()<>\[\]:;@\\,".]+)*@[^\s\p{Cc}()<>\[\]:;@\\,".]+(\.[^\s\p{Cc}()<>\[\]:;@\\,".]+)+>|[^\s\p{Cc}()<>\[\]:;@\\,".]+(\.[^\s\p{Cc}()<>\[\]:;@\\,".]+)*@[^\s\p{Cc}()<>\[\]:;@\\,".]+(\.[^\s\p{Cc}()<>\[\]:;@\\,".]+)+)$')`,message="must be a mail address, or a name and a mail address, as Acme <billing@acme.example>"
	From string `json:"from,omitempty"`

	// replyTo is the address that answers go to. The sender if not set.
	// +optional
	ReplyTo EmailAddress `json:"replyTo,omitempty"`

	// smtp is the server that takes the mails.
	// +required
	SMTP SMTPSpec `json:"smtp,omitzero"`

	// dkim signs mails, so that their receivers trust the sender. They are not signed if
	// not set: the server may do it.
	// +optional
	DKIM DKIMSpec `json:"dkim,omitempty,omitzero"`
}

// SMTPSecurity says how the connection to a mail server is protected.
// +kubebuilder:validation:Enum=TLS;StartTLS;None
type SMTPSecurity string

// The ways to protect it.
const (
	SMTPTLS      SMTPSecurity = "TLS"
	SMTPStartTLS SMTPSecurity = "StartTLS"
	SMTPNone     SMTPSecurity = "None"
)

// SMTPSpec is a server that takes mails.
// +kubebuilder:validation:XValidation:rule="!has(self.secretRef) || !has(self.security) || self.security != 'None'",fieldPath=".security",message="a password would be sent unprotected: choose TLS or StartTLS, or remove secretRef"
type SMTPSpec struct {
	// host is the host name or IP address of the server, in lower case.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`isIP(self) || self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')`,message="must be a host name in lower case or an IP address, as smtp.acme.example"
	Host string `json:"host,omitempty"`

	// port is the server's port. 465 with TLS and 587 otherwise if not set.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// security is TLS (from the first byte, if not set), StartTLS (never given up), or None.
	// +optional
	Security SMTPSecurity `json:"security,omitempty"`

	// secretRef names the Secret with keys username and password, and perhaps ca.crt: the
	// authorities of the server's certificate, in PEM, where it is not of a public one. One
	// with ca.crt alone is no sign-in. Foyer does not sign in if not set. Who may edit the
	// Tenant can have any such keys of a Secret in its namespace sent to a server of their
	// choice.
	// +optional
	SecretRef ObjectRef `json:"secretRef,omitempty,omitzero"`
}

// DKIMSpec signs mails.
type DKIMSpec struct {
	// domain is the domain that signs: that of the sender, or another one of the same
	// organization, as mail.acme.example for acme.example.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$')`,message="must be a domain in lower case with at least one dot, as acme.example"
	Domain string `json:"domain,omitempty"`

	// selector is the name of the key in DNS: that of its record before ._domainkey.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')`,message="must be a name of lower case letters, digits, '-' and '.', as foyer-2026"
	Selector string `json:"selector,omitempty"`

	// secretRef names the Secret with key key: a private key in PEM.
	// +required
	SecretRef ObjectRef `json:"secretRef,omitzero"`
}

// SMSChannelType is the protocol of a provider of text messages.
// +kubebuilder:validation:Enum=Twilio;HTTP
type SMSChannelType string

// The protocols.
const (
	SMSTwilio SMSChannelType = "Twilio"
	SMSHTTP   SMSChannelType = "HTTP"
)

// SMSChannelSpec says how text messages are sent.
// +kubebuilder:validation:XValidation:rule="self.type != 'HTTP' || has(self.url)",fieldPath=".url",message="type HTTP needs the URL that messages are posted to"
type SMSChannelSpec struct {
	// type is the protocol: Twilio (its own, and of those that speak it) or HTTP (a JSON
	// POST of Foyer's own form).
	// +required
	Type SMSChannelType `json:"type,omitempty"`

	// from is the sender: a telephone number in international form, or a short number or
	// name of at most 11 letters and digits.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^(\+[1-9][0-9]{6,14}|[A-Za-z0-9]{1,11})$')`,message="must be a telephone number in international form, as +61400555019, or at most 11 letters and digits, as Acme"
	From string `json:"from,omitempty"`

	// url is where messages are posted. Twilio's own if not set; required for HTTP.
	// +optional
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() == 'https' && url(self).getHostname() != ''",message="must be a URL that begins with https://"
	URL string `json:"url,omitempty"`

	// secretRef names the Secret with keys accountSID and authToken (Twilio) or authorization
	// (HTTP: the value of that header), and perhaps statusURL: where the provider reports
	// what became of a message. Who may edit the Tenant can have any such keys of a Secret
	// in its namespace sent to a server of their choice.
	// +required
	SecretRef ObjectRef `json:"secretRef,omitzero"`
}

// EventPattern is an event type, or all of an object.
// +kubebuilder:validation:MinLength=3
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z][A-Za-z0-9]*\.([a-z][A-Za-z0-9]*|\*)$')`,message="must be an event type, as invoice.issued, or all of an object, as contact.*"
type EventPattern string

// TenantWebhookSpec is an address of the provider's own systems. It gets its events in the
// delivery modes Redirect and Live.
type TenantWebhookSpec struct {
	// name tells the webhook from the others. What it has got is kept by its name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=50
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')`,message="must be a name of lower case letters, digits and '-', as crm"
	Name string `json:"name,omitempty"`

	// url is where events are posted.
	// +required
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() == 'https' && url(self).getHostname() != ''",message="must be a URL that begins with https://"
	URL string `json:"url,omitempty"`

	// events are the event types that it gets, each as invoice.issued, or all of an object,
	// as contact.*.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Events []EventPattern `json:"events,omitempty"`

	// secretRef names the Secret with key secret: lines that begin with whsec_, as Standard
	// Webhooks has them. The first signs; receivers may know any of them.
	// +required
	SecretRef ObjectRef `json:"secretRef,omitzero"`
}
