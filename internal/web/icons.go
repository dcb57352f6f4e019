package web

import (
	"context"
	"sync"

	"github.com/a-h/templ"
)

// icons are drawings by their name, as they stand in pages: a page has dozens, and they are
// the same for everybody.
var icons sync.Map

// Icon is a small drawing that repeats what words beside it say.
func Icon(name string) templ.Component {
	if known, ok := icons.Load(name); ok {
		return known.(templ.Component) //nolint:forcetypeassert // there are no others
	}
	html, err := templ.ToGoHTML(context.Background(), drawing(name))
	if err != nil {
		return drawing(name)
	}
	icon := templ.Raw(string(html))
	icons.Store(name, icon)
	return icon
}
