package portal

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/web"
)

func (p *Portal) bannerRoutes() []route {
	return []route{{pattern: "POST /banners/{id}/close", open: customer, handle: p.closeBanner}}
}

// shownBanners is how many banners stand above a page at most.
const shownBanners = 5

// banners are what stands above every page until the person closes it, each in the language
// that is nearest to theirs. They came with the session, those that the person was granted to
// see; what the account's portal does not have it does not tell of.
func (v *visit) banners(path string) []web.Banner {
	if v.here != "" {
		path = v.here
	}
	list := make([]web.Banner, 0, shownBanners)
	for _, b := range v.session.Banners {
		if b.Feature != "" && v.may(b.Feature) == settings.NotInProfile {
			continue
		}
		if len(list) == shownBanners {
			break
		}
		languages := make([]string, 0, len(b.Texts))
		for language := range b.Texts {
			languages = append(languages, language)
		}
		text := b.Texts[""]
		if nearest := locale.Nearest(v.locale(), languages); nearest >= 0 {
			text = b.Texts[languages[nearest]]
		}
		list = append(list, web.Banner{ID: b.ID, Text: text, Next: path})
	}
	return list
}

// closeBanner closes a banner for the person, and for nobody else, and leads back to the
// page that they saw it on.
func (p *Portal) closeBanner(w http.ResponseWriter, r *http.Request, v *visit) error {
	f, err := v.readForm(w, r)
	if err != nil {
		return err
	}
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		return web.NotFound()
	}
	if err := p.Store.CloseBanner(r.Context(), v.session.Account.ID, v.session.ContactID, id.String()); err != nil {
		return err
	}
	http.Redirect(w, r, safeNext(f.get("next")), http.StatusSeeOther) //nolint:gosec // a page of this site
	return nil
}
