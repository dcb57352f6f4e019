package compile_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// world is a tenant whose people edit, delete and make objects at random, good ones
// and bad ones, out of so few names that they keep meeting each other.
type world struct {
	random   *rand.Rand
	input    compile.Input
	accounts []config.Account
	uids     int
	invoices bool // it has invoice templates as well
	sending  bool // and it says how it tells people, and of what
}

var (
	profileNames = []string{"a", "b", "c", "d"}
	portalNames  = []string{"p", "q", "r", "s", "t"}
	customerIDs  = []string{"1", "2", "3"}
	groupNames   = []string{"gold", "silver"}
	invoiceNames = []string{"x", "y"}
)

func newWorld(seed uint64) *world {
	w := &world{random: rand.New(rand.NewPCG(seed, seed))} //nolint:gosec // a test has to be the same each time
	for id := range 12 {
		w.accounts = append(w.accounts, config.Account{ID: fmt.Sprint(id)})
	}
	w.step()
	return w
}

func (w *world) chance(percent int) bool { return w.random.IntN(100) < percent }

func pick[T any](w *world, from []T) T { return from[w.random.IntN(len(from))] }

// maybe picks one, or the zero value.
func maybe(w *world, percent int, from []string) string {
	if !w.chance(percent) {
		return ""
	}
	return pick(w, from)
}

func (w *world) meta(name string) metav1.ObjectMeta {
	w.uids++
	return metav1.ObjectMeta{
		Name: name, Namespace: "acme", UID: types.UID(fmt.Sprint("uid-", w.uids)), Generation: 1,
		CreationTimestamp: metav1.NewTime(created.Add(time.Duration(w.random.IntN(3)) * time.Hour)),
	}
}

// step changes something of the world. Live stays as it is.
func (w *world) step() {
	w.changeTenant()
	w.input.AccountProfiles = changeSome(w, w.input.AccountProfiles, profileNames, w.newAccountProfile)
	w.input.MyAccountProfiles = changeSome(w, w.input.MyAccountProfiles, portalNames, w.newPortalProfile)
	w.input.EventTemplates = changeSome(w, w.input.EventTemplates, templateNames, w.newEventTemplate)
	for i := range w.accounts {
		if w.chance(20) {
			w.accounts[i].AccountProfile = maybe(w, 60, profileNames)
			w.accounts[i].MyAccountProfile = maybe(w, 30, portalNames)
			w.accounts[i].Groups = slices.DeleteFunc([]string{maybe(w, 30, groupNames)}, func(s string) bool { return s == "" })
		}
	}
	w.input.Usage = nil
	if w.chance(80) {
		w.input.Usage = w.usage()
	}
	w.input.Acknowledged = w.chance(60)
	w.input.HostnameHolder = maybe(w, 5, []string{"globex/globex"})
}

func (w *world) changeTenant() {
	if w.chance(50) && w.input.Tenant != nil {
		return
	}
	t := &v1alpha1.Tenant{ObjectMeta: w.meta("acme")}
	if old := w.input.Tenant; old != nil && !w.chance(5) {
		t.ObjectMeta = old.ObjectMeta
		t.Generation++
	}
	t.Spec = v1alpha1.TenantSpec{
		DisplayName:                "Acme",
		Portal:                     v1alpha1.PortalSpec{Hostname: pick(w, []string{"my.acme.example", "your.acme.example"})},
		DefaultAccountProfileRef:   ref(maybe(w, 50, profileNames)),
		DefaultMyAccountProfileRef: ref(maybe(w, 20, portalNames)),
		OrphanedProfiles:           v1alpha1.OrphanedProfilesPolicy(maybe(w, 20, []string{"UseDefault"})),
		State:                      v1alpha1.TenantState(maybe(w, 5, []string{"Paused"})),
		Attributes:                 v1alpha1.Attributes{Currency: maybe(w, 30, []string{"EUR", "AUD", "AUD", "AUD", "NIX"})},
		Events:                     w.ownEvents(),
	}
	if w.invoices {
		w.addInvoiceTemplates(t)
	}
	if w.sending {
		w.addDelivery(t)
	}
	w.input.Tenant = t
}

func (w *world) addInvoiceTemplates(t *v1alpha1.Tenant) {
	t.Spec.Attributes.InvoiceTemplate = maybe(w, 3, invoiceNames)
	for _, name := range invoiceNames {
		if w.chance(60) {
			html := goodInvoice + maybe(w, 30, []string{"", "!", "?", "?", "{{.nothing}}"})
			t.Spec.InvoiceTemplates = append(t.Spec.InvoiceTemplates, v1alpha1.InvoiceTemplate{Name: name, HTML: html})
		}
	}
}

func (w *world) newAccountProfile(meta metav1.ObjectMeta) v1alpha1.AccountProfile {
	p := v1alpha1.AccountProfile{ObjectMeta: meta, Spec: v1alpha1.AccountProfileSpec{
		TenantRef: ref("acme"), DisplayName: meta.Name,
		Attributes:          w.attributes(),
		MyAccountProfileRef: ref(maybe(w, 50, portalNames)),
	}}
	if w.sending {
		p.Spec.StandardEvents = w.standardEvents()
	}
	return p
}

// attributes are some, of one draw.
func (w *world) attributes() v1alpha1.Attributes {
	draw := w.random.Int32N(400)
	a := v1alpha1.Attributes{TradingTermsDays: &draw, CreditLimit: []string{"", "1", "1.00"}[draw%3]} // some days are out of range
	if w.invoices {
		a.InvoiceTemplate = []string{"", "", "", "standard", "x", "y", "nowhere"}[draw%7]
	}
	a.QuietHours = []v1alpha1.QuietHours{{}, {Start: "22:00", End: "07:00"}, {}, {Start: "07:00", End: "08:00"}}[draw%4]
	a.SMSNotifications = v1alpha1.SMSPermission([]string{"", "Enabled", "WithConsent"}[draw%3])
	a.LateFee.Type = v1alpha1.LateFeeType([]string{"", "None", "Flat", "Flat"}[draw%4])
	for _, name := range []string{"c", "a", "b"}[:draw%4] {
		a.Custom = append(a.Custom, v1alpha1.CustomAttribute{Name: name, Value: fmt.Sprint(draw % 5)})
	}
	return a
}

func (w *world) newPortalProfile(meta metav1.ObjectMeta) v1alpha1.MyAccountProfile {
	p := v1alpha1.MyAccountProfile{ObjectMeta: meta, Spec: v1alpha1.MyAccountProfileSpec{
		TenantRef: ref("acme"), DisplayName: fmt.Sprint(meta.Name, meta.Generation),
		Availability:   v1alpha1.Availability(maybe(w, 40, []string{"Headline", "Standard", "Historical"})),
		MyAccountFlags: []v1alpha1.MyAccountFlag{pick(w, []v1alpha1.MyAccountFlag{"ViewInvoices", "ViewActivity", "ViewInvoices", "Nothing"})},
	}}
	switch w.random.IntN(3) {
	case 0:
		p.Spec.Customer = pick(w, customerIDs)
	case 1:
		p.Spec.CustomerGroups = []string{pick(w, groupNames)}
	}
	return p
}

// changeSome edits, deletes, makes anew or adds some of the objects.
func changeSome[T any, P interface {
	*T
	metav1.Object
}](w *world, objects []T, names []string, renew func(metav1.ObjectMeta) T) []T {
	byName := map[string]T{}
	for _, o := range objects {
		byName[P(&o).GetName()] = o
	}
	var changed []T
	for _, name := range names {
		old, exists := byName[name]
		switch {
		case w.chance(60):
			if exists {
				changed = append(changed, old)
			}
		case exists && w.chance(60):
			meta := metav1.ObjectMeta{
				Name: name, Namespace: "acme", UID: P(&old).GetUID(), Generation: P(&old).GetGeneration() + 1, CreationTimestamp: P(&old).GetCreationTimestamp(),
			}
			changed = append(changed, renew(meta))
		case w.chance(60):
			changed = append(changed, renew(w.meta(name)))
		}
	}
	return changed
}

// usage counts the accounts as the database does.
func (w *world) usage() *config.Usage {
	u := usage()
	for _, a := range w.accounts {
		b := config.Bucket{AccountProfile: a.AccountProfile, MyAccountProfile: a.MyAccountProfile, Groups: a.Groups, Accounts: 1}
		u.Buckets = append(u.Buckets, b)
		u.Accounts++
		if slices.Contains(customerIDs, a.ID) {
			u.Customers[a.ID] = b
		}
	}
	return u
}

// shuffled is the same input in another order.
func (w *world) shuffled() compile.Input {
	in := w.input
	in.AccountProfiles = slices.Clone(in.AccountProfiles)
	in.MyAccountProfiles = slices.Clone(in.MyAccountProfiles)
	in.EventTemplates = slices.Clone(in.EventTemplates)
	w.random.Shuffle(len(in.EventTemplates), func(i, j int) {
		in.EventTemplates[i], in.EventTemplates[j] = in.EventTemplates[j], in.EventTemplates[i]
	})
	w.random.Shuffle(len(in.AccountProfiles), func(i, j int) {
		in.AccountProfiles[i], in.AccountProfiles[j] = in.AccountProfiles[j], in.AccountProfiles[i]
	})
	w.random.Shuffle(len(in.MyAccountProfiles), func(i, j int) {
		in.MyAccountProfiles[i], in.MyAccountProfiles[j] = in.MyAccountProfiles[j], in.MyAccountProfiles[i]
	})
	return in
}

// everywhere runs a check over many lives of many worlds.
func everywhere(t *testing.T, check func(t *testing.T, w *world, out compile.Output)) {
	t.Helper()
	for seed := range uint64(20) {
		live(t, newWorld(seed), seed, check)
	}
}

// live runs a check over one world.
func live(t *testing.T, w *world, seed uint64, check func(t *testing.T, w *world, out compile.Output)) {
	t.Helper()
	for step := range 8 {
		out := mustCompile(t, w.input)
		check(t, w, out)
		if t.Failed() {
			t.Fatalf("seed %d, step %d", seed, step)
		}
		if out.Document != nil {
			w.input.Live = out.Document
		}
		if out.Routing != nil {
			w.input.LiveRouting = out.Routing
		}
		w.step()
	}
}

func TestOrderOfObjectsDoesNotMatter(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world, out compile.Output) {
		if again := mustCompile(t, w.shuffled()); !reflect.DeepEqual(out, again) {
			t.Error(cmp.Diff(out, again))
		}
	})
}

func TestOwnOutputIsAFixPoint(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world, out compile.Output) {
		if out.Document == nil {
			return
		}
		in := w.input
		in.Live, in.LiveRouting, in.Acknowledged = out.Document, out.Routing, false
		again := mustCompile(t, in)
		if !bytes.Equal(again.Document, out.Document) {
			t.Errorf("it moves:\n%s", cmp.Diff(string(out.Document), string(again.Document)))
		}
		if !bytes.Equal(again.Routing, out.Routing) {
			t.Errorf("it moves:\n%s", cmp.Diff(string(out.Routing), string(again.Routing)))
		}
		for name, o := range out.EventTemplates {
			sameFate(t, name, o, again.EventTemplates[name])
			if diff := cmp.Diff(o.Conflicted, again.EventTemplates[name].Conflicted); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		for name, o := range out.AccountProfiles {
			sameFate(t, name, o, again.AccountProfiles[name])
			if diff := cmp.Diff(o.Events, again.AccountProfiles[name].Events); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		for name, o := range out.MyAccountProfiles {
			sameFate(t, name, o, again.MyAccountProfiles[name])
		}
		// With every acknowledgement it only drops what is retired, and comes to rest.
		for range 3 {
			in.Live, in.LiveRouting, in.Acknowledged = again.Document, again.Routing, true
			again = mustCompile(t, in)
		}
		if !bytes.Equal(again.Document, in.Live) || !bytes.Equal(again.Routing, in.LiveRouting) {
			t.Error("it does not come to rest")
		}
	})
}

func sameFate(t *testing.T, name string, a, b compile.Outcome) {
	t.Helper()
	if a.Live != b.Live || a.LiveGeneration != b.LiveGeneration || a.Accepted.Status != b.Accepted.Status || a.ResolvedRefs.Status != b.ResolvedRefs.Status {
		t.Errorf("%s was %+v, and is %+v", name, a, b)
	}
}

func TestOutcomesAndDocumentAgree(t *testing.T) {
	reasons := compile.Reasons()
	everywhere(t, func(t *testing.T, w *world, out compile.Output) {
		document := out.Document
		if document == nil {
			document = w.input.Live
		}
		if document == nil {
			return
		}
		routing := out.Routing
		if routing == nil {
			routing = w.input.LiveRouting
		}
		if out.Digest != config.Digest(document) || out.RoutingDigest != config.Digest(routing) {
			t.Errorf("digests %s and %s", out.Digest, out.RoutingDigest)
		}
		check := func(kind string, meta metav1.ObjectMeta, o compile.Outcome) {
			for _, f := range []compile.Finding{o.Accepted, o.ResolvedRefs} {
				if !slices.Contains(reasons, f.Reason) || f.Message == "" {
					t.Errorf("%s %s: finding %+v", kind, meta.Name, f)
				}
			}
			e, found := lookup(t, document, kind, meta.Name)
			if kind == "EventTemplate" {
				e, found = lookupTemplate(t, routing, meta.Name)
			}
			own := found && e.UID == string(meta.UID)
			if live := own && e.Generation == meta.Generation && e.State == ""; o.Live != live || own && o.LiveGeneration != e.Generation || !own && o.LiveGeneration != 0 {
				t.Errorf("%s %s: outcome %+v, entry %+v", kind, meta.Name, o, e)
			}
			if w.input.Tenant.Spec.State != v1alpha1.TenantPaused && o.Live == o.Refused() {
				t.Errorf("%s %s is neither live nor refused, or both: %+v", kind, meta.Name, o)
			}
		}
		check("Tenant", w.input.Tenant.ObjectMeta, out.Tenant)
		for _, p := range w.input.AccountProfiles {
			check("AccountProfile", p.ObjectMeta, out.AccountProfiles[p.Name])
		}
		for _, p := range w.input.MyAccountProfiles {
			check("MyAccountProfile", p.ObjectMeta, out.MyAccountProfiles[p.Name])
		}
		for _, p := range w.input.EventTemplates {
			check("EventTemplate", p.ObjectMeta, out.EventTemplates[p.Name])
		}
	})
}

// What an object that is refused had, it has; and nothing that is written names what
// is not there.
func TestNothingIsLostOrDangling(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world, out compile.Output) {
		if out.Document == nil {
			return
		}
		for name, o := range out.MyAccountProfiles {
			if o.Refused() && w.input.Live != nil {
				before, had := lookup(t, w.input.Live, "MyAccountProfile", name)
				after, has := lookup(t, out.Document, "MyAccountProfile", name)
				if had && before.State == "" && (!has || !reflect.DeepEqual(before, after)) {
					t.Errorf("%s is refused, and was changed from %+v to %+v", name, before, after)
				}
			}
		}
		doc, err := config.Parse(out.Document)
		if err != nil {
			t.Fatal(err)
		}
		named := []string{content[config.Tenant](t, out.Document, "Tenant", "acme").DefaultMyAccountProfile}
		for _, e := range doc.AccountProfiles {
			named = append(named, content[config.AccountProfile](t, out.Document, "AccountProfile", e.Name).MyAccountProfile)
		}
		for _, name := range named {
			if name != "" {
				entry(t, out.Document, "MyAccountProfile", name)
			}
		}
	})
}

func TestNoInvoiceTemplateIsDangling(t *testing.T) {
	protected := 0
	for seed := range uint64(30) {
		w := newWorld(seed)
		w.invoices = true
		live(t, w, seed, func(t *testing.T, w *world, out compile.Output) {
			if strings.Contains(out.Tenant.Accepted.Message, "leave the template") {
				protected++
			}
			if out.Document == nil {
				return
			}
			w.checkInvoiceTemplates(t, out.Document)
			in := w.input
			in.Live, in.LiveRouting, in.Acknowledged = out.Document, out.Routing, false
			if again := mustCompile(t, in); !bytes.Equal(again.Document, out.Document) {
				t.Errorf("it moves:\n%s", cmp.Diff(string(out.Document), string(again.Document)))
			}
		})
	}
	if protected == 0 {
		t.Error("no template was to be taken away from who uses it: this test tries too little")
	}
}

// checkInvoiceTemplates: what an account profile names is there, unless it was deleted, or
// came back as it was.
func (w *world) checkInvoiceTemplates(t *testing.T, document []byte) {
	t.Helper()
	has := map[string]bool{"": true, "standard": true, "business": true}
	own := content[config.Tenant](t, document, "Tenant", "acme")
	for _, template := range own.InvoiceTemplates {
		has[template.Name] = true
	}
	if !has[own.Attributes.InvoiceTemplate] {
		t.Errorf("the Tenant names %q, and has %v", own.Attributes.InvoiceTemplate, has)
	}
	doc, err := config.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range doc.AccountProfiles {
		used := content[config.AccountProfile](t, document, "AccountProfile", e.Name).Attributes.InvoiceTemplate
		if has[used] || e.State == config.Retired {
			continue
		}
		if w.input.Live != nil {
			if _, there := lookup(t, w.input.Live, "AccountProfile", e.Name); there &&
				content[config.AccountProfile](t, w.input.Live, "AccountProfile", e.Name).Attributes.InvoiceTemplate == used &&
				!slices.ContainsFunc(content[config.Tenant](t, w.input.Live, "Tenant", "acme").InvoiceTemplates, func(i config.InvoiceTemplate) bool { return i.Name == used }) {
				continue
			}
		}
		t.Errorf("account profile %s names %q, and there are %v", e.Name, used, has)
	}
}

// Only deletions, and however many passes follow: every account is treated as before,
// unless it had its portal profile by a right that ended.
func TestDeletionsChangeNoCustomer(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world, out compile.Output) {
		if out.Document == nil || w.input.Tenant.Spec.OrphanedProfiles != "" {
			return
		}
		in := w.input
		in.Live, in.LiveRouting, in.Acknowledged, in.Usage = out.Document, out.Routing, true, w.usage()
		in.AccountProfiles = slices.DeleteFunc(slices.Clone(in.AccountProfiles), func(v1alpha1.AccountProfile) bool { return w.chance(50) })
		in.MyAccountProfiles = slices.DeleteFunc(slices.Clone(in.MyAccountProfiles), func(v1alpha1.MyAccountProfile) bool { return w.chance(50) })
		// A generation that was refused may get what the deletion set free; not here.
		in.AccountProfiles = slices.DeleteFunc(in.AccountProfiles, func(p v1alpha1.AccountProfile) bool { return !out.AccountProfiles[p.Name].Live })
		in.MyAccountProfiles = slices.DeleteFunc(in.MyAccountProfiles, func(p v1alpha1.MyAccountProfile) bool { return !out.MyAccountProfiles[p.Name].Live })

		before := mustLoad(t, out.Document)
		for range 4 {
			out = mustCompile(t, in)
			if out.Document == nil {
				t.Fatalf("a deletion was refused: %+v", out.Tenant)
			}
			in.Live, in.LiveRouting = out.Document, out.Routing
			after := mustLoad(t, out.Document)
			for _, a := range w.accounts {
				had, has := before.For(a), after.For(a)
				if source := had.MyAccountProfile.Source; source == config.ByCustomer || source == config.ByCustomerGroup {
					had.MyAccountProfile, has.MyAccountProfile, had.Features, has.Features = config.Profile{}, config.Profile{}, nil, nil
				}
				if !reflect.DeepEqual(had, has) {
					t.Errorf("account %+v was changed:\n%s", a, cmp.Diff(had, has))
				}
			}
		}
	})
}
