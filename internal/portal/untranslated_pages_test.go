package portal

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// markedTexts is a catalogue in which every text of the pages stands between marks.
func markedTexts(t *testing.T) *locale.Catalogue {
	t.Helper()
	marked := map[string]map[string]string{}
	for key := range usedKeys(t) {
		text, _, _ := strings.Cut(key, "#")
		marked[key] = map[string]string{"de": "⟦" + strings.ReplaceAll(text, "|", "⟧|⟦") + "⟧"}
	}
	content, err := json.Marshal(marked)
	if err != nil {
		t.Fatal(err)
	}
	c, err := locale.NewCatalogue([]string{"de"}, fstest.MapFS{"words/marked.json": {Data: content}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// outsideMarks is what of texts does not stand between marks. Marks can be in marks, and
// a sentence with a link is several texts.
func outsideMarks(texts []string) []string {
	var all []string
	depth := 0
	for _, text := range texts {
		var rest strings.Builder
		for _, r := range text {
			switch {
			case r == '⟦':
				depth++
			case r == '⟧':
				depth--
			case depth == 0:
				rest.WriteRune(r)
			}
		}
		all = append(all, rest.String())
	}
	return all
}

func TestOutsideMarks(t *testing.T) {
	got := outsideMarks([]string{"⟦Hello ⟦there⟧⟧, Dana", "⟦write to", "somebody", "now⟧.", "AUD"})
	if diff := cmp.Diff([]string{", Dana", "", "", ".", "AUD"}, got); diff != "" {
		t.Error(diff)
	}
}

// data is what the pages of the test show that nobody translates: names, addresses, what
// the provider wrote, units and languages.
var data = []string{
	"Acme Telecom", "help@acme.example", "Harbour Lane Coffee", "Business customers", "Full access",
	"Dana Whitfield", "Sam Okafor",
	"c-dana@mail.example", "Kim Barnes", "kim@mail.example", "Harbour Lane", "Barn", "Fibre 500", "Router <x>", "Fast.\nVery.",
	"dana@mail.example", "sam@mail.example", "dana", "sam", "Monthly 1", "Body <b> of 1\nbye", "ORD-1", "SR-1", "2 ×",
	"d…@mail.example", "Melbourne", "Deutsch (Deutschland)", "AU$", "AUD", "INV-d", "gone-profile",
}

// ownNames are lists of languages by their own names, and of cities.
var ownNames = regexp.MustCompile(`(?s)<select[^>]* id="(locale|timeZone)".*?</select>`)

// notTranslated is the text of a page that is neither translated nor data.
func notTranslated(t *testing.T, page string) (found []string) {
	t.Helper()
	var pairs []string
	for _, text := range data {
		pairs = append(pairs, text, "")
	}
	known := strings.NewReplacer(pairs...)
	for _, text := range outsideMarks(visibleTexts(t, ownNames.ReplaceAllString(page, ""))) {
		if rest := strings.TrimSpace(known.Replace(text)); len([]rune(rest)) > 1 && hasLetters(rest) {
			found = append(found, rest)
		}
	}
	return found
}

// samplePaths are pages with something in their address, by their pattern.
var samplePaths = map[string]string{
	"/credentials/{token}":                  "/credentials/x",
	"/invitation/{token}":                   "/invitation/x",
	"/invoices/{id}":                        "/invoices/d3",
	"/invoices/{id}/document":               "/invoices/d3/document",
	"/invoices/{id}/pay":                    "/invoices/d3/pay",
	"/messages/{id}":                        "/messages/", // and the id of the one that there is
	"/orders/{id}":                          "/orders/o1",
	"/portal-settings/contacts/{id}":        "/portal-settings/contacts/c-sam",
	"/portal-settings/contacts/{id}/delete": "/portal-settings/contacts/c-sam/delete",
	"/requests/{id}":                        "/requests/r1",
	"/security/passkeys/{id}":               "/security/passkeys/x",
	"/unsubscribe/{token}":                  "/unsubscribe/", // and the token of dana
	"/verify/{token}":                       "/verify/x",
}

// samplePath is where the page of a route is in this site; empty: the route is no page.
func (s *site) samplePath(t *testing.T, r route) string {
	t.Helper()
	method, path, _ := strings.Cut(r.pattern, " ")
	if path = strings.TrimSuffix(path, "{$}"); method != http.MethodGet || path == "/assets/" {
		return ""
	}
	if !strings.Contains(path, "{") {
		return path
	}
	sample := samplePaths[path]
	switch sample {
	case "":
		t.Errorf("%s has no sample", path)
	case "/messages/":
		sample += s.column(t, "SELECT id::text FROM notification")[0]
	case "/unsubscribe/":
		sample += s.keys.UnsubscribeToken("c-dana", "Invoice")
	}
	return sample
}

// germanBusiness has something on every page, for an account that reads German.
func (s *site) germanBusiness(t *testing.T) {
	t.Helper()
	s.business(t)
	s.accounts(t, store.Account{Row: store.Row{ID: "10042"}, Name: "Harbour Lane Coffee", Status: settings.Active, AccountProfile: "ap-business",
		Attributes: settings.Attributes{Locale: "de-DE"}})
	s.apply(t, `["ViewInvoices","ViewActivity"]`, everyFeature(t))
	s.seedInvoices(t)
	s.offers(t)
	s.sent(t, "10042", "c-dana", "Invoice", "Email", "Monthly", 1)
	s.putServices(t, aService("s1", "10042", "Fibre 500", func(s *store.Service) { s.Price, s.Currency, s.BillingMonths = pointer("45"), "AUD", 12 }))
	s.write(t, func(ctx context.Context, w *store.Writer) error {
		order := store.Order{Row: store.Row{AccountID: "10042"}, Number: "ORD-1", Status: store.OrderCompleted, Total: "119", Currency: "AUD", PlacedAt: s.clock.Now(),
			Items: []store.OrderItem{{Description: "Fibre 500", Quantity: 2, Amount: "119"}}}
		if _, err := w.PutOrders(ctx, []store.Item[store.Order]{row("o1", order)}); err != nil {
			return err
		}
		request := store.Request{Row: store.Row{AccountID: "10042"}, Number: "SR-1", Subject: "Fibre 500", Status: store.RequestDeclined, SiteID: "barn", OpenedBy: "dana", OpenedAt: s.clock.Now()}
		_, err := w.PutRequests(ctx, []store.Item[store.Request]{row("r1", request)})
		return err
	})
}

// TestPagesAreTranslated opens every page in a language in which each text stands between
// marks: what is outside of them did not go through the translations.
func TestPagesAreTranslated(t *testing.T) {
	s := newSite(t)
	s.germanBusiness(t)
	s.portal.texts = markedTexts(t)
	people := map[string]*browser{"nobody": s.browser(t), "dana": s.signedIn(t, "dana"), "sam": s.signedIn(t, "sam")}
	opened := 0
	for _, r := range s.portal.routes() {
		path := s.samplePath(t, r)
		if path == "" {
			continue
		}
		for name, b := range people {
			page := b.do(http.MethodGet, path, nil, "Accept-Language", "de")
			if page.status == http.StatusSeeOther || page.header.Get("Content-Type") != "text/html; charset=utf-8" {
				continue
			}
			opened++
			for _, text := range notTranslated(t, page.body) {
				t.Errorf("%s for %s (%d): %q is not translated", path, name, page.status, text)
			}
		}
	}
	if opened < 60 {
		t.Errorf("only %d pages were opened", opened)
	}
}

// everyFeature is the list of all features, for a settings document.
func everyFeature(t *testing.T) string {
	t.Helper()
	var all []settings.Feature
	for _, f := range settings.FeatureRegistry() {
		all = append(all, f.Feature)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
