package integration

// Group is a customer group: accounts that the provider puts together.
type Group struct {
	ID          string `json:"id,omitempty" maxLength:"64" doc:"Its name, as accounts and MyAccountProfiles give it."`
	Name        string `json:"name,omitempty" maxLength:"64" doc:"May be written instead of id; answers have id."`
	DisplayName string `json:"displayName,omitempty" maxLength:"200" doc:"Its name for people."`
	Meta
}
