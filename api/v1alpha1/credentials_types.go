package v1alpha1

// UsernameRule says what people may choose as username.
// +kubebuilder:validation:Enum=Free;Email;AccountID
type UsernameRule string

// The rules for usernames.
const (
	UsernamesFree      UsernameRule = "Free"
	UsernamesEmail     UsernameRule = "Email"
	UsernamesAccountID UsernameRule = "AccountID"
)

// SecondFactorRule says whether people prove who they are by more than a password.
// +kubebuilder:validation:Enum=Off;Optional;Required
type SecondFactorRule string

// The rules for second factors.
const (
	SecondFactorOff      SecondFactorRule = "Off"
	SecondFactorOptional SecondFactorRule = "Optional"
	SecondFactorRequired SecondFactorRule = "Required"
)

// CreateMailRule says when the mail to create a sign-in is sent.
// +kubebuilder:validation:Enum=Automatic;OnRequest
type CreateMailRule string

// When the create mail is sent.
const (
	CreateMailAutomatic CreateMailRule = "Automatic"
	CreateMailOnRequest CreateMailRule = "OnRequest"
)

// CredentialsSpec says how people get and prove their sign-in, and bounds their sessions
// in the portal.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.sessionIdleSeconds) || !has(self.sessionMaxSeconds) || self.sessionIdleSeconds <= self.sessionMaxSeconds",message="sessionIdleSeconds must not be longer than sessionMaxSeconds"
type CredentialsSpec struct {
	// createLinkSeconds is how long the link in a create mail or an invitation can be used,
	// 3600 to 2592000. 604800, a week, if not set.
	// +optional
	// +kubebuilder:validation:Minimum=3600
	// +kubebuilder:validation:Maximum=2592000
	CreateLinkSeconds int64 `json:"createLinkSeconds,omitempty"`

	// resetLinkSeconds is how long the link to reset a password can be used, 300 to 3600.
	// 600 if not set.
	// +optional
	// +kubebuilder:validation:Minimum=300
	// +kubebuilder:validation:Maximum=3600
	ResetLinkSeconds int64 `json:"resetLinkSeconds,omitempty"`

	// usernames says what people may choose as username: whatever is not taken (Free, if not
	// set), their own verified email (Email), or for the owner the id of the account and for
	// others their own verified email (AccountID).
	// +optional
	Usernames UsernameRule `json:"usernames,omitempty"`

	// secondFactor says whether people sign in with an authenticator app or a passkey besides
	// their password: nobody can (Off), those who set one up do (Optional, if not set), or
	// everybody sets one up at the next sign-in (Required).
	// +optional
	SecondFactor SecondFactorRule `json:"secondFactor,omitempty"`

	// createMail says when the mail to create a sign-in is sent: when staff or a system asks
	// for it (OnRequest, if not set), or also by itself (Automatic): to the owner of each new
	// account, and to whoever becomes the owner of an older one without, or gets their first
	// email as its owner. What a system writes with notify none sends nothing.
	// +optional
	CreateMail CreateMailRule `json:"createMail,omitempty"`

	// sessionIdleSeconds ends a session after that long without a request, 300 to
	// 86400. 3600 if not set.
	// +optional
	// +kubebuilder:validation:Minimum=300
	// +kubebuilder:validation:Maximum=86400
	SessionIdleSeconds *int64 `json:"sessionIdleSeconds,omitempty"`

	// sessionMaxSeconds ends a session that long after sign-in, 900 to 604800. 43200
	// if not set.
	// +optional
	// +kubebuilder:validation:Minimum=900
	// +kubebuilder:validation:Maximum=604800
	SessionMaxSeconds *int64 `json:"sessionMaxSeconds,omitempty"`
}
