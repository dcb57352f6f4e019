package deliver

import (
	"fmt"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/store"
)

// linkPaths are the pages of the portal that the links of a purpose lead to.
var linkPaths = map[store.LinkPurpose]string{
	store.LinkCreate: "/credentials/", store.LinkReset: "/credentials/", store.LinkInvite: "/invitation/", store.LinkVerifyEmail: "/verify/",
}

// links makes the addresses of a text that let somebody in. Their secrets are made here,
// for the text, and are nowhere else.
type links struct {
	origin string
	keys   *identity.Keys
	err    error // of the first that could not be made
}

var _ plan.Links = (*links)(nil)

// Secret implements plan.Links.
func (l *links) Secret(link *plan.Link, place int) string {
	purpose := store.LinkPurpose(link.Purpose)
	path, known := linkPaths[purpose]
	token, err := l.keys.LinkToken(purpose, link.ID, place)
	if !known {
		err = fmt.Errorf("this release knows no links to %s", link.Purpose)
	}
	if err != nil && l.err == nil {
		l.err = err
	}
	return l.origin + path + token
}

// Unsubscribe implements plan.Links.
func (l *links) Unsubscribe(contactID, category string) string {
	return l.origin + "/unsubscribe/" + l.keys.UnsubscribeToken(contactID, category)
}
