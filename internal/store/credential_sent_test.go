package store_test

import (
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/store"
)

// TestWholeLink: a link that went to two addresses is open as long as one of them can use
// it.
func TestWholeLink(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		change func(*store.Link)
		want   store.LinkState
	}{
		"sent":                         {func(*store.Link) {}, store.LinkOpen},
		"spent by one":                 {func(l *store.Link) { l.Spent = []int16{1} }, store.LinkOpen},
		"spent by both":                {func(l *store.Link) { l.Spent = []int16{1, 0} }, store.LinkSpent},
		"expired":                      {func(l *store.Link) { l.ExpiresAt = now }, store.LinkExpired},
		"spent by one and expired":     {func(l *store.Link) { l.Spent, l.ExpiresAt = []int16{0}, now }, store.LinkSpent},
		"used":                         {func(l *store.Link) { l.Completed, l.ExpiresAt = true, now }, store.LinkUsed},
		"a newer one was sent":         {func(l *store.Link) { l.VoidedAt = &now }, store.LinkVoided},
		"one address is another now":   {func(l *store.Link) { l.Primary = l.Primary[:1] }, store.LinkOpen},
		"both addresses are":           {func(l *store.Link) { l.Primary = []string{"new@miller.example"} }, store.LinkVoided},
		"the contact lost its access":  {func(l *store.Link) { l.Access = store.AccessDisabled }, store.LinkVoided},
		"it has a password by now":     {func(l *store.Link) { l.UserID, l.HasPassword = "u", true }, store.LinkVoided},
		"it has a username by now":     {func(l *store.Link) { l.UserID = "u" }, store.LinkOpen},
		"one gone and the other spent": {func(l *store.Link) { l.Primary, l.Spent = l.Primary[:1], []int16{0} }, store.LinkSpent},
	} {
		both := []string{"dana@miller.example", "pay@miller.example"}
		link := store.Link{
			Purpose: store.LinkCreate, Addresses: both, ExpiresAt: now.Add(time.Hour),
			Credentials: store.Credentials{Access: store.AccessActive, Owner: true, Primary: both},
		}
		test.change(&link)
		if got := link.Whole(now); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
