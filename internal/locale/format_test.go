package locale_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/locale"
)

// plain makes the spaces that must not break readable in a table.
var plain = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u200e", "")

func TestMoney(t *testing.T) {
	tests := []struct{ locale, currency, amount, want string }{
		{"en", "EUR", "1234.50", "€1,234.50"},
		{"en", "GBP", "0", "£0.00"},
		{"en-AU", "AUD", "1234567.5", "$1,234,567.50"},
		{"en-AU", "USD", "12", "USD 12.00"},
		{"en-US", "USD", "-1234.5000", "-$1,234.50"},
		{"en-US", "AUD", "5", "A$5.00"},
		{"de-DE", "EUR", "1234.5", "1.234,50 €"},
		{"de-DE", "EUR", "-99.99", "-99,99 €"},
		{"de-CH", "CHF", "1234.5", "CHF 1’234.50"},
		{"fr-FR", "EUR", "1234567.89", "1 234 567,89 €"},
		{"pt-BR", "BRL", "1234.5", "R$ 1.234,50"},
		{"pt-PT", "EUR", "12345.5", "12 345,50 €"},
		{"ja", "JPY", "1234567", "￥1,234,567"},
		{"ja", "JPY", "1234567.0000", "￥1,234,567"},
		{"en-IN", "INR", "12345678.9", "₹1,23,45,678.90"},
		{"en", "BHD", "1.5", "BHD 1.500"},
		{"nl-NL", "EUR", "10", "€ 10,00"},
		{"es-ES", "EUR", "123456", "123.456,00 €"},
		{"es-MX", "MXN", "123456", "$123,456.00"},

		// Digits that matter are never rounded away, zeros that do not are dropped.
		{"en", "EUR", "0.0040", "€0.004"},
		{"en", "EUR", "12.3450", "€12.345"},
		{"ja", "JPY", "10.5", "￥10.5"},
		// More digits than a float holds.
		{"en", "EUR", "99999999999999.9999", "€99,999,999,999,999.9999"},
		{"en", "EUR", "123456789012345678901234567890.01", "€123,456,789,012,345,678,901,234,567,890.01"},
		// Odd spellings of a decimal.
		{"en", "EUR", "-0.00", "€0.00"},
		{"en", "EUR", "007.1", "€7.10"},
		// What is not known is shown, not hidden.
		{"en", "XQQ", "3.5", "XQQ 3.50"},
		{"xx-nonsense-", "EUR", "3.5", "€3.50"},
		{"", "EUR", "1234.5", "€1,234.50"},
		{"en", "EUR", "1e3", "1e3 EUR"},
		{"en", "EUR", "", "EUR"},
		{"en", "EUR", "1.", "1. EUR"},
		{"en", "EUR", "1.2.3", "1.2.3 EUR"},
	}
	for _, test := range tests {
		if got := plain.Replace(locale.Money(test.locale, test.currency, test.amount)); got != test.want {
			t.Errorf("Money(%q, %q, %q) = %q, want %q", test.locale, test.currency, test.amount, got, test.want)
		}
	}
}

func TestMoneyDoesNotBreakBetweenAmountAndSymbol(t *testing.T) {
	for _, tag := range []string{"de-DE", "pt-BR", "fr-FR", "en-AU"} {
		if got := locale.Money(tag, "USD", "1234567.5"); strings.Contains(got, " ") {
			t.Errorf("Money in %s = %q has a space at which a line can break", tag, got)
		}
	}
}

func TestMoneyInAnotherDigitSystem(t *testing.T) {
	if got, want := plain.Replace(locale.Money("fa", "EUR", "1234.5")), "۱٬۲۳۴٫۵۰ €"; got != want {
		t.Errorf("Money in fa = %q, want %q", got, want)
	}
}

func TestDates(t *testing.T) {
	sydney, err := time.LoadLocation("Australia/Sydney")
	if err != nil {
		t.Fatal(err)
	}
	instant := time.Date(2026, time.March, 9, 4, 5, 59, 0, time.UTC) // 15:05 in Sydney
	tests := []struct{ locale, date, dateTime string }{
		{"en", "9 Mar 2026", "9 Mar 2026, 15:05"},
		{"en-GB", "9 Mar 2026", "9 Mar 2026, 15:05"},
		{"en-AU", "9 Mar 2026", "9 Mar 2026, 3:05 pm"},
		{"en-US", "Mar 9, 2026", "Mar 9, 2026, 3:05 PM"},
		{"de-DE", "09.03.2026", "09.03.2026, 15:05"},
		{"fr-FR", "09/03/2026", "09/03/2026 15:05"},
		{"fr-CA", "2026-03-09", "2026-03-09 15:05"},
		{"pt-BR", "09/03/2026", "09/03/2026 15:05"},
		{"ja", "2026/03/09", "2026/03/09 15:05"},
		{"ja-JP", "2026/03/09", "2026/03/09 15:05"},
		{"sw", "2026-03-09", "2026-03-09 15:05"},
		{"not a tag", "9 Mar 2026", "9 Mar 2026, 15:05"},
	}
	for _, test := range tests {
		if got := locale.Date(test.locale, instant); got != test.date {
			t.Errorf("Date(%q) = %q, want %q", test.locale, got, test.date)
		}
		if got := locale.DateTime(test.locale, instant, sydney); got != test.dateTime {
			t.Errorf("DateTime(%q) = %q, want %q", test.locale, got, test.dateTime)
		}
	}
}

func TestDateTimeWithoutZoneIsUTC(t *testing.T) {
	instant := time.Date(2026, time.March, 9, 4, 5, 0, 0, time.FixedZone("", 3600))
	if got, want := locale.DateTime("de", instant, nil), "09.03.2026, 03:05"; got != want {
		t.Errorf("DateTime without a zone = %q, want %q", got, want)
	}
}

func TestDateKeepsTheDayOfItsOwnZone(t *testing.T) {
	lateEvening := time.Date(2026, time.March, 9, 23, 30, 0, 0, time.FixedZone("", -5*3600))
	if got, want := locale.Date("de", lateEvening), "09.03.2026"; got != want {
		t.Errorf("Date = %q, want %q", got, want)
	}
}

func TestManySpellingsOfLocalesStayRight(t *testing.T) {
	for i := range 1000 {
		tag := "de-u-x" + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676))
		if got := plain.Replace(locale.Money(tag, "EUR", "1.5")); got != "1,50 €" {
			t.Fatalf("Money(%q) = %q", tag, got)
		}
	}
}

func BenchmarkMoney(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		locale.Money("en-AU", "AUD", "1234567.5000")
	}
}

func TestConcurrentUse(t *testing.T) {
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for _, code := range []string{"EUR", "USD", "SEK", "CHF"} {
				locale.Money("sv-SE", code, "12345.6")
				locale.Date("sv-SE", time.Unix(0, 0))
			}
		})
	}
	all.Wait()
	if got := plain.Replace(locale.Money("sv-SE", "SEK", "12345.6")); got != "12 345,60 kr" {
		t.Errorf("Money in sv-SE = %q", got)
	}
}

func TestAmount(t *testing.T) {
	tests := []struct{ currency, amount, want string }{
		{"EUR", "120", "120.00"},
		{"EUR", "10.5", "10.50"},
		{"EUR", "10.5000", "10.50"},
		{"EUR", "0.0025", "0.0025"},
		{"EUR", "-0.3", "-0.30"},
		{"EUR", "-0", "0.00"},
		{"EUR", "007", "7.00"},
		{"JPY", "120", "120"},
		{"JPY", "120.00", "120"},
		{"JPY", "120.5", "120.5"},
		{"BHD", "1.5", "1.500"},
		{"QQQ", "1", "1.00"},
		{"", "1", "1.00"},
		{"EUR", "", ""},
		{"EUR", "1,5", "1,5"},
	}
	for _, test := range tests {
		if got := locale.Amount(test.currency, test.amount); got != test.want {
			t.Errorf("%s %s: got %q, want %q", test.amount, test.currency, got, test.want)
		}
	}
}

func TestDecimal(t *testing.T) {
	tests := []struct{ locale, number, want string }{
		{"en", "1", "1"},
		{"en", "1234.50", "1,234.5"},
		{"de-DE", "1234.5", "1.234,5"},
		{"fr-FR", "-0.1250", "-0,125"},
		{"en-AU", "0.000", "0"},
		{"en", "-0.0", "0"},
		{"de", "about 3", "about 3"},
		{"not a locale", "2.5", "2.5"},
	}
	for _, test := range tests {
		if got := locale.Decimal(test.locale, test.number); got != test.want {
			t.Errorf("%s %q = %q, want %q", test.locale, test.number, got, test.want)
		}
	}
}
