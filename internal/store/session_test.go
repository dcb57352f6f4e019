package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

const idle = 30 * time.Minute

var limits = store.SessionLimits{Idle: idle, Max: 12 * time.Hour}

func TestSessionHoldsWhatARequestNeeds(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	storetest.Accounts(t, tn.Backoffice, store.Account{
		Row: store.Row{ID: "1001"}, Name: "Cafe Linden", Status: settings.Suspended, AccountProfile: "business", MyAccountProfile: "full",
		Groups: []string{"gold", "beta", "gold"}, Attributes: settings.Attributes{TradingTermsDays: ptr(int32(21)), TimeZone: "Australia/Sydney"},
	})
	dana := person("dana", "1001")
	dana.Owner, dana.Grants = true, []settings.Feature{settings.ViewInvoices, settings.ViewActivity}
	tn.contacts(t, dana)
	secret := tn.signIn(t, "dana", "1001")

	got, err := tn.Portal.Session(t.Context(), secret, now, idle)
	want := store.SessionView{
		UserID: tn.userID(t, "dana"), Username: "dana", ContactID: "dana", FirstName: "First", LastName: "Last", Email: "dana@example.com",
		Owner: true, Grants: []settings.Feature{settings.ViewActivity, settings.ViewInvoices},
		Sites: []string{}, CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(8 * time.Hour), AuthenticatedAt: now, Accounts: 1,
		Account: store.AccountView{
			Account: config.Account{ID: "1001", AccountProfile: "business", MyAccountProfile: "full", Groups: []string{"beta", "gold"},
				Attributes: settings.Attributes{TradingTermsDays: ptr(int32(21)), TimeZone: "Australia/Sydney"}},
			Name: "Cafe Linden", Status: settings.Suspended,
		},
	}
	if err != nil {
		t.Fatal(err)
	}
	if uuid.Validate(got.SessionID) != nil {
		t.Errorf("the id is %q", got.SessionID)
	}
	got.SessionID = ""
	if diff := cmp.Diff(want, got, cmpopts.EquateApproxTime(0)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSessionEnds(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001", "1002")
	tn.contacts(t, person("dana", "1001"), person("kim", "1001"))
	secret := tn.signIn(t, "dana", "1001")
	alive := func(at time.Time) bool {
		t.Helper()
		_, err := tn.Portal.Session(t.Context(), secret, at, idle)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	touch := func(at time.Time) {
		t.Helper()
		if err := tn.Portal.TouchSession(t.Context(), secret, at); err != nil {
			t.Fatal(err)
		}
	}
	if !alive(now.Add(idle-time.Second)) || alive(now.Add(idle)) {
		t.Error("it should end when idle for 30 minutes")
	}
	touch(now.Add(20 * time.Minute))
	touch(now.Add(10 * time.Minute)) // from a slower replica: it never goes back
	if !alive(now.Add(40*time.Minute)) || alive(now.Add(50*time.Minute)) {
		t.Error("a touch should begin the idle time anew")
	}
	touch(now.Add(8*time.Hour - time.Minute))
	if !alive(now.Add(8*time.Hour-time.Second)) || alive(now.Add(8*time.Hour)) {
		t.Error("it should end after eight hours, however used")
	}
	touch(now.Add(time.Minute))
	tn.exec(t, "UPDATE contact SET access = 'Disabled' WHERE id = 'dana'")
	if alive(now) {
		t.Error("it should end with the access of the contact")
	}
	tn.exec(t, "UPDATE contact SET access = 'Active' WHERE id = 'dana'")
	tn.exec(t, "UPDATE contact SET user_id = NULL WHERE id = 'dana'")
	if alive(now) {
		t.Error("it should end when the contact loses its user")
	}
	secret = nil
	if alive(now) {
		t.Error("no secret, no session")
	}
}

// A contact that is disabled loses its sessions for good, and nobody else does. The
// session of a sign-in that was under way goes when access is given back.
func TestDisabledContactLosesItsSessions(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	dana, kim := person("dana", "1001"), person("kim", "1001")
	tn.contacts(t, dana, kim)
	tn.signIn(t, "dana", "1001")
	secret := tn.signIn(t, "kim", "1001")
	owners := func(want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, tn.column(t, "SELECT contact_id FROM session ORDER BY 1")); diff != "" {
			t.Errorf("sessions (-want +got):\n%s", diff)
		}
	}
	dana.LastName = "Changed"
	tn.contacts(t, dana, kim)
	owners("dana", "kim")
	dana.Access = store.AccessDisabled
	tn.contacts(t, dana, kim)
	owners("kim")
	tn.exec(t, `INSERT INTO session SELECT 'late', user_id, 'dana', created_at, last_seen_at, expires_at
FROM session WHERE secret_hash = $1`, secret)
	dana.Access = store.AccessActive
	tn.contacts(t, dana, kim)
	owners("kim")
}

func TestStartAndEndSessionAreAudited(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"), person("kim", "1001"))
	secret, other := tn.signIn(t, "dana", "1001"), tn.signIn(t, "kim", "1001")
	for range 2 { // the second time nothing is left to end
		if err := tn.Portal.EndSession(t.Context(), secret, store.SignOut{IP: "192.0.2.2", Now: now.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tn.Portal.Session(t.Context(), secret, now, idle); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after the sign-out: got %v", err)
	}
	if _, err := tn.Portal.Session(t.Context(), other, now, idle); err != nil {
		t.Errorf("another person's session: got %v", err)
	}
	page, err := tn.Portal.Activity(t.Context(), "1001", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	want := []store.Activity{
		{At: now.Add(time.Hour), Actor: "First Last", Action: store.ActionSignedOut, IP: "192.0.2.2", Detail: map[string]string{}, ByUser: true},
		{At: now, Actor: "kim", Action: store.ActionSignedIn, IP: "192.0.2.1", Detail: map[string]string{}, ByUser: true},
		{At: now, Actor: "dana", Action: store.ActionSignedIn, IP: "192.0.2.1", Detail: map[string]string{}, ByUser: true},
	}
	if diff := cmp.Diff(want, page.Entries, cmpopts.EquateApproxTime(0)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStartSessionTakesWhatStrangersSend(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.accounts(t, "1001")
	tn.contacts(t, person("dana", "1001"))
	tn.signIn(t, "dana", "1001")
	odd := store.NewSession{
		SecretHash: []byte("odd"), UserID: tn.userID(t, "dana"), ContactID: "dana", AccountID: "1001", Actor: "D\x00ana",
		UserAgent: "\xff" + string(make([]byte, 5000)) + "é", Now: now.Add(9 * time.Hour), ExpiresAt: now.Add(10 * time.Hour),
	}
	if err := tn.Portal.StartSession(t.Context(), odd); err != nil {
		t.Fatal(err)
	}
	if got := tn.column(t, "SELECT encode(secret_hash, 'escape') FROM session"); !cmp.Equal(got, []string{"odd"}) {
		t.Errorf("the expired session should have gone: %v", got)
	}
}
