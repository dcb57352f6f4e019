package web

import (
	"strings"
	"unicode"
)

// Page is what the layout needs of a page.
type Page struct {
	Title        string
	Brand        Brand
	Nav          []NavItem
	Cog          *NavItem  // to the portal settings; nil: there are none
	Menu         []NavItem // of the person, behind their name
	Person       string    // own name of who is signed in, empty for nobody
	AccountName  string    // the master account, shown in the footer
	AccountID    string
	AccountsPath string // where to switch to another account; empty: there is none
	Bare         bool   // without header: the page itself shows whose it is
	Banners      []Banner
}

// Banner is a message that stands above every page until the person closes it. Next is the
// page that they are on.
type Banner struct {
	ID   string
	Text string
	Next string
}

// NavItem is one entry of the navigation. Locked says in words why it is not open to
// the person; empty means that it is.
type NavItem struct {
	Title   string
	Path    string
	Icon    string
	Current bool
	Locked  string
}

// Note is the content of a page of one card.
type Note struct {
	Title       string
	Text        string
	LinkPath    string
	LinkText    string
	ShowSupport bool
}

// Brand is how a provider looks and whom its pages name.
type Brand struct {
	Name         string
	Accent       string // "#rrggbb" or empty
	SupportEmail string
	SupportPhone string
	TermsURL     string
	PrivacyURL   string
}

// HasSupport says whether the provider named anyone for help.
func (b Brand) HasSupport() bool { return b.SupportEmail != "" || b.SupportPhone != "" }

// Initial is the letter on the provider's mark.
func (b Brand) Initial() string {
	for _, r := range b.Name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return strings.ToUpper(string(r))
		}
	}
	return "·"
}

// Tel is the support number as a link.
func (b Brand) Tel() string {
	var digits strings.Builder
	for _, r := range b.SupportPhone {
		if r == '+' || (r >= '0' && r <= '9') {
			digits.WriteRune(r)
		}
	}
	return "tel:" + digits.String()
}
