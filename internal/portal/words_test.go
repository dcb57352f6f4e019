package portal

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

func TestSafeNext(t *testing.T) {
	for next, want := range map[string]string{
		"/invoices":                        "/invoices",
		"/invoices?after=2026-01-01~x":     "/invoices?after=2026-01-01~x",
		"/activity?before=7#top":           "/activity?before=7#top",
		"":                                 "/",
		"invoices":                         "/",
		"https://evil.example/":            "/",
		"//evil.example/":                  "/",
		"/\\evil.example/":                 "/",
		"/a\\b":                            "/",
		"/\t/evil.example":                 "/",
		"/%09/evil.example":                "/%09/evil.example",
		"/%2F/evil.example":                "/",
		"/\r\nSet-Cookie: x":               "/",
		"javascript:alert(1)":              "/",
		"/sign-in":                         "/",
		"/sign-out":                        "/",
		"/assets/x.css":                    "/",
		"/" + strings.Repeat("a", maxNext): "/",
		"/%zz":                             "/",
	} {
		if got := safeNext(next); got != want {
			t.Errorf("safeNext(%q) = %q, want %q", next, got, want)
		}
	}
}

func FuzzSafeNext(f *testing.F) {
	f.Add("/invoices")
	f.Add("//evil.example")
	f.Add("/\\evil.example")
	f.Fuzz(func(t *testing.T, next string) {
		got := safeNext(next)
		if !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\\\r\n\t") {
			t.Errorf("safeNext(%q) = %q leaves the site", next, got)
		}
	})
}

func TestCursor(t *testing.T) {
	want := store.Newest{At: time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC), ID: "INV~17 é"}
	got, err := readNewest(writeNewest(want))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestValueWords(t *testing.T) {
	v := *english
	v.effective.Attributes.LateFee.Type.Value = settings.PercentLateFee
	for _, test := range []struct{ key, value, want string }{
		{"tradingTermsDays", "0", "Invoices are due at once"},
		{"tradingTermsDays", "1", "1 day to pay"},
		{"tradingTermsDays", "21", "21 days to pay"},
		{"currency", "EUR", "EUR"},
		{"timeZone", "Australia/Sydney", "Sydney, Australia"},
		{"timeZone", "America/Argentina/Buenos_Aires", "Buenos Aires, Argentina"},
		{"timeZone", "UTC", "UTC"},
		{"billingDay", "15", "Day 15 of the month"},
		{"emailNotifications", "Enabled", "Sent"},
		{"emailNotifications", "Disabled", "Not sent"},
		{"smsNotifications", "Enabled", "Sent"},
		{"smsNotifications", "Disabled", "Not sent"},
		{"smsNotifications", "WithConsent", "With your consent"},
		{"quietHours", "22:00-07:00", "22:00 to 07:00"},
		{"quietHours", "00:00-00:00", "None"},
		{"invoiceDelivery", "Email", "By email"},
		{"invoiceDelivery", "Post", "By post"},
		{"invoiceDelivery", "EmailAndPost", "By email and post"},
		{"invoiceDelivery", "None", "Not sent"},
		{"lateFee.type", "None", "None"},
		{"lateFee.type", "Flat", "A fixed amount"},
		{"lateFee.type", "Percent", "A percentage of what is overdue"},
		{"lateFee.amount", "2.5", "2.5%"},
		{"lateFee.daysAfterDue", "0", "The due date"},
		{"lateFee.daysAfterDue", "1", "1 day past the due date"},
		{"lateFee.daysAfterDue", "14", "14 days past the due date"},
		{"lateFee.label", "Late payment", "Late payment"},
	} {
		if got := v.valueWords(test.key, test.value); got != test.want {
			t.Errorf("valueWords(%s, %s) = %q, want %q", test.key, test.value, got, test.want)
		}
	}
}

func TestWaitWords(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		300 * time.Millisecond: "1 second",
		2 * time.Second:        "2 seconds",
		90 * time.Second:       "90 seconds",
		91 * time.Second:       "2 minutes",
		15 * time.Minute:       "15 minutes",
	} {
		if got := english.waitWords(wait); got != want {
			t.Errorf("waitWords(%s) = %q, want %q", wait, got, want)
		}
	}
}
