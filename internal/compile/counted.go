package compile

import (
	"fmt"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// CountNotes are all the warnings that a MyAccountProfile can have because accounts were
// counted. Which of them hold only [Input.Usage] can tell: who has none keeps those that
// were told.
func CountNotes(o *v1alpha1.MyAccountProfile) []string {
	content := renderMyAccountProfile(o)
	var notes []string
	if content.Customer != "" {
		notes = append(notes, unknownCustomer(content.Customer))
	}
	for _, group := range content.CustomerGroups {
		notes = append(notes, unknownGroup(group))
	}
	return notes
}

func unknownCustomer(id string) string {
	return fmt.Sprintf("spec.customer: no account has the id %q yet", id)
}

func unknownGroup(name string) string {
	return fmt.Sprintf("spec.customerGroups: no account is in the group %q yet", name)
}
