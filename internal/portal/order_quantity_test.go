package portal

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

// TestQuantities: a quantity is a whole number in plain digits. Nothing of a product is as
// if it was not chosen, and what is shown is what was understood.
func TestQuantities(t *testing.T) {
	s := newSite(t)
	s.business(t)
	s.offers(t)
	dana := s.signedIn(t, "dana")
	form := fields(dana.get("/orders/review?product=fibre&quantity=1").is(t, http.StatusOK).body)
	for _, none := range []string{"", "0", "00", "000"} {
		dana.get("/orders/review?product=fibre&quantity="+none).is(t, http.StatusUnprocessableEntity).shows(t, "Nothing is chosen yet.")
		form.Set("quantity", none)
		dana.do(http.MethodPost, "/orders", form).is(t, http.StatusBadRequest)
	}
	for _, wrong := range []string{"-0", "+0", "+5", "-1", "1000", "1.0", "1e2", "0x1", "1_0", "٣", "１", "99999999999999999999"} {
		dana.get("/orders/review?product=fibre&quantity="+url.QueryEscape(wrong)).is(t, http.StatusUnprocessableEntity).shows(t, "Please write a whole number from 0 to 999.")
		form.Set("quantity", wrong)
		dana.do(http.MethodPost, "/orders", form).is(t, http.StatusBadRequest)
	}
	if placed := s.column(t, "SELECT number FROM customer_order"); len(placed) > 0 {
		t.Errorf("orders were placed: %v", placed)
	}
	seven := dana.get("/orders/review?product=fibre&quantity=007").is(t, http.StatusOK).shows(t, "Fibre 500 $45.00 a month 7 $315.00 a month")
	if got := fields(seven.body)["quantity"]; !cmp.Equal(got, []string{"7"}) {
		t.Errorf("the form has the quantity %q", got)
	}
	dana.get("/orders/review?product=gone&quantity=abc").is(t, http.StatusUnprocessableEntity).shows(t, "What you chose is not offered any more. Please choose again.")
}

// TestOtherCurrencyIsAnotherOffer: a person agrees to an amount of a currency. The same
// number in another one is shown first.
func TestOtherCurrencyIsAnotherOffer(t *testing.T) {
	s := newSite(t)
	s.business(t)
	s.offers(t)
	dana := s.signedIn(t, "dana")
	form := fields(dana.get("/orders/review?product=fibre&quantity=1").is(t, http.StatusOK).body)
	pounds := aProduct("Fibre 500", "45", 1)
	pounds.Currency = "GBP"
	s.products(t, row("fibre", pounds))
	s.accounts(t, store.Account{Row: store.Row{ID: "10042"}, Name: "Harbour Lane Coffee", Status: settings.Active, AccountProfile: "ap-business",
		Attributes: settings.Attributes{Locale: "en-AU", Currency: "GBP"}})
	dana.do(http.MethodPost, "/orders", form).is(t, http.StatusUnprocessableEntity).shows(t, "Fibre 500 costs GBP 45.00 a month now.")
	if placed := s.column(t, "SELECT number FROM customer_order"); len(placed) > 0 {
		t.Errorf("orders were placed: %v", placed)
	}
}
