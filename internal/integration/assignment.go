package integration

// Assignment gives a selection of accounts profiles and customer groups.
type Assignment struct {
	Select Selection `json:"select" doc:"Which accounts: exactly one of the fields."`
	Set    Assigned  `json:"set" doc:"What they get: at least one of the fields. What is left out stays as it is."`
	DryRun bool      `json:"dryRun,omitempty" doc:"Only counts what would change."`
	Notify Notify    `json:"notify,omitempty" enum:"none,all" doc:"none, or left out: nobody is told of the changes, they are in /changes only. all: they emit their events."`
	After  string    `json:"after,omitempty" maxLength:"64" doc:"next of the answer that ended before the last account: goes on from there."`
}

// Selection says which accounts an assignment is for.
type Selection struct {
	IDs              []string `json:"ids,omitempty" maxItems:"1000" maxLength:"64" uniqueItems:"true" doc:"These accounts."`
	Group            string   `json:"group,omitempty" maxLength:"64" doc:"The accounts of a customer group."`
	AccountProfile   string   `json:"accountProfile,omitempty" maxLength:"253" doc:"The accounts that have this account profile by name."`
	MyAccountProfile string   `json:"myAccountProfile,omitempty" maxLength:"253" doc:"The accounts that are pinned to this MyAccountProfile."`
	All              bool     `json:"all,omitempty" doc:"All accounts of the tenant."`
}

// Assigned is what the accounts of an assignment get.
type Assigned struct {
	AccountProfile   Optional[string] `json:"accountProfile,omitzero" maxLength:"253" doc:"The AccountProfile by name; null: the tenant's default."`
	MyAccountProfile Optional[string] `json:"myAccountProfile,omitzero" maxLength:"253" doc:"The MyAccountProfile that they are pinned to; null: none."`
	AddGroups        []string         `json:"addGroups,omitempty" maxItems:"64" maxLength:"64" uniqueItems:"true" doc:"Customer groups that they come into."`
	RemoveGroups     []string         `json:"removeGroups,omitempty" maxItems:"64" maxLength:"64" uniqueItems:"true" doc:"Customer groups that they leave."`
}

// AssignmentResult counts what became of a selection.
type AssignmentResult struct {
	Matched   int64               `json:"matched" doc:"The accounts of the selection that were looked at."`
	Changed   int64               `json:"changed" doc:"Those that were changed; with dryRun that would be."`
	Unchanged int64               `json:"unchanged" doc:"Those that had it all before."`
	Refused   int64               `json:"refused" doc:"Those that were refused and stay as they are."`
	Refusals  []AssignmentRefusal `json:"refusals" nullable:"false" doc:"Which were refused and why, the first 1,000 of them."`
	Next      string              `json:"next,omitempty" doc:"There are more accounts: send the same again with this as after."`
	Stopped   string              `json:"stopped,omitempty" doc:"Why it ended before the last account."`
}

// AssignmentRefusal is an account that was not changed.
type AssignmentRefusal struct {
	ID      string `json:"id" doc:"The account."`
	Field   string `json:"field,omitempty" doc:"What of it was refused."`
	Message string `json:"message" doc:"Why."`
}
