package deliver

import (
	"errors"
	"fmt"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/notify/plan"
	"github.com/foyerhq/foyer/internal/store"
)

// linkPaths are the pages of the portal that the links of a purpose lead to.
var linkPaths = map[store.LinkPurpose]string{
	store.LinkCreate: "/credentials/", store.LinkReset: "/credentials/", store.LinkInvite: "/invitation/", store.LinkVerifyEmail: "/verify/",
}

// placeholder stands for a secret in a mail that somebody else reads.
const placeholder = "not-real-because-delivery-is-redirected"

// links makes the addresses of a text that let somebody in. Their secrets are made here,
// for the text, and are nowhere else.
type links struct {
	origin string
	keys   *identity.Keys
	// Whoever reads a redirected mail is not its recipient. They get no secret, unless it is
	// for their own address, and opt nobody out.
	redirected, own bool
	err             error // of the first that could not be made
}

var _ plan.Links = (*links)(nil)

// Secret implements plan.Links.
func (l *links) Secret(link *plan.Link, place int) string {
	purpose := store.LinkPurpose(link.Purpose)
	path, known := linkPaths[purpose]
	var token string
	var err error
	switch {
	case !known:
		err = fmt.Errorf("this release knows no links to %s", link.Purpose)
	case place < 0 || place >= len(link.Addresses):
		err = errors.New("the link was not made for this address")
	case l.redirected && !l.own:
		token = placeholder
	default:
		token, err = l.keys.LinkToken(purpose, link.ID, place)
	}
	if err != nil && l.err == nil {
		l.err = err
	}
	return l.origin + path + token
}

// Unsubscribe implements plan.Links.
func (l *links) Unsubscribe(contactID, category string) string {
	if l.redirected {
		return l.origin + "/unsubscribe/" + placeholder
	}
	return l.origin + "/unsubscribe/" + l.keys.UnsubscribeToken(contactID, category)
}
