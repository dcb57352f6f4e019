package deliver

import (
	"net/url"
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

// restored is the world of a second cluster, whose operator adopts the tenant in a copy of
// the database. It has the same mail server and the same documents.
func (w *world) restored(t *testing.T, manager string, from, to *postgres.Server) *world {
	t.Helper()
	there, err := url.Parse(to.URI())
	if err != nil {
		t.Fatal(err)
	}
	here, err := url.Parse(from.URI())
	if err != nil {
		t.Fatal(err)
	}
	manager = strings.Replace(manager, here.Host, there.Host, 1)
	second := &world{Tenant: storetest.Adopt(t, manager, w.Owner.Namespace, w.Owner.Name, w.Schema), mails: w.mails, channels: w.channels, tenant: w.tenant, routes: w.routes}
	second.pool = storetest.Pool(t, asSuperuser(t, second.DispatcherURI, second.Schema))
	second.apply(t)
	return second
}

func (w *world) mode(t *testing.T, mode config.DeliveryMode) {
	t.Helper()
	w.tenant.Delivery = config.Delivery{Mode: mode}
	w.apply(t)
}

// A cluster that was restored from a backup sends nothing of what the first has sent since,
// or still sends, though its documents say Live: it begins in Hold, and goes Live once people
// have set Hold and then Live.
func TestASecondClusterSendsNothingTwice(t *testing.T) {
	first, err := postgres.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = first.Close() })
	manager := first.Manager(t)
	w := newWorldIn(t, manager)
	w.say(t, "A", "planned")
	d, _ := w.dispatcher(t)
	d.planOnce(t.Context())
	w.states(t, "Planned 1")
	w.say(t, "A", "not planned yet")
	second, err := first.Copy()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = second.Close() })
	w.pool = storetest.Pool(t, asSuperuser(t, w.DispatcherURI, w.Schema)) // the connections before broke
	w.Backoffice, w.Dispatcher = store.New(storetest.Pool(t, w.BackofficeURI)), store.New(storetest.Pool(t, w.DispatcherURI))
	w.run(t)
	w.states(t, "Sent 2")

	other := w.restored(t, manager, first, second)
	other.run(t)
	other.states(t, "Held 2")
	eventually(t, "the log says why nothing is sent", func() bool { return strings.Contains(other.log.String(), "taken over from another cluster") })
	if got := other.rows(t, `SELECT mode || ' ' || adopted FROM delivery`); got[0] != "Hold true" {
		t.Errorf("delivery is %s", got[0])
	}
	other.mode(t, config.DeliveryRedirect)
	other.say(t, "A", "redirected")
	other.states(t, "Held 3")
	other.mode(t, config.DeliveryHold)
	eventually(t, "somebody has looked", func() bool { return other.rows(t, `SELECT adopted FROM delivery`)[0] == "false" })
	other.mode(t, config.DeliveryLive)
	other.states(t, "Suppressed beforeGoLive 3")
	other.say(t, "A", "of the second")
	other.states(t, "Sent 1, Suppressed beforeGoLive 3")
	w.say(t, "A", "of the first")
	w.states(t, "Sent 3")
	if got := len(w.mails.Wait(t, 4)); got != 4 {
		t.Errorf("%d mails came", got)
	}
	if state, err := other.Dispatcher.Delivery(t.Context()); err != nil || state.Mode != store.DeliveryLive || state.Adopted {
		t.Errorf("in the end delivery is %+v, %v", state, err)
	}
}
