package integration

// Campaign is what an account uses numbers for.
type Campaign struct {
	ID          string `json:"id,omitempty" maxLength:"64" doc:"The key of the provider's system."`
	AccountID   string `json:"accountId" maxLength:"64" doc:"The account that it belongs to, for good."`
	Name        string `json:"name" maxLength:"200" doc:"The name that people know it by."`
	Description string `json:"description,omitempty" maxLength:"2000" lines:"true" doc:"What it is for."`
	Meta
}
