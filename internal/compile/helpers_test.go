package compile_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// created is when objects are made that do not say otherwise.
var created = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

func meta(name string, generation int64) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: "acme", UID: types.UID("uid-" + name), Generation: generation,
		CreationTimestamp: metav1.NewTime(created),
	}
}

func ref(name string) v1alpha1.ObjectRef { return v1alpha1.ObjectRef{Name: name} }

func tenant(generation int64, edits ...func(*v1alpha1.TenantSpec)) *v1alpha1.Tenant {
	t := &v1alpha1.Tenant{ObjectMeta: meta("acme", generation), Spec: v1alpha1.TenantSpec{
		DisplayName: "Acme Telecom",
		Portal:      v1alpha1.PortalSpec{Hostname: "my.acme.example"},
	}}
	for _, edit := range edits {
		edit(&t.Spec)
	}
	return t
}

func accountProfile(name string, generation int64, edits ...func(*v1alpha1.AccountProfileSpec)) v1alpha1.AccountProfile {
	p := v1alpha1.AccountProfile{ObjectMeta: meta(name, generation), Spec: v1alpha1.AccountProfileSpec{
		TenantRef: ref("acme"), DisplayName: strings.ToUpper(name),
	}}
	for _, edit := range edits {
		edit(&p.Spec)
	}
	return p
}

func portalProfile(name string, generation int64, edits ...func(*v1alpha1.MyAccountProfileSpec)) v1alpha1.MyAccountProfile {
	p := v1alpha1.MyAccountProfile{ObjectMeta: meta(name, generation), Spec: v1alpha1.MyAccountProfileSpec{
		TenantRef: ref("acme"), DisplayName: strings.ToUpper(name),
		MyAccountFlags: []v1alpha1.MyAccountFlag{"ViewInvoices"},
	}}
	for _, edit := range edits {
		edit(&p.Spec)
	}
	return p
}

// The edits that most tests make.

func terms(days int32) func(*v1alpha1.AccountProfileSpec) {
	return func(s *v1alpha1.AccountProfileSpec) { s.Attributes.TradingTermsDays = &days }
}

func zone(name string) func(*v1alpha1.AccountProfileSpec) {
	return func(s *v1alpha1.AccountProfileSpec) { s.Attributes.TimeZone = name }
}

func names(portal string) func(*v1alpha1.AccountProfileSpec) {
	return func(s *v1alpha1.AccountProfileSpec) { s.MyAccountProfileRef = ref(portal) }
}

func forCustomer(id string) func(*v1alpha1.MyAccountProfileSpec) {
	return func(s *v1alpha1.MyAccountProfileSpec) { s.Customer = id }
}

func forGroups(groups ...string) func(*v1alpha1.MyAccountProfileSpec) {
	return func(s *v1alpha1.MyAccountProfileSpec) { s.CustomerGroups = groups }
}

func historical(s *v1alpha1.MyAccountProfileSpec) { s.Availability = v1alpha1.AvailabilityHistorical }

func described(text string) func(*v1alpha1.MyAccountProfileSpec) {
	return func(s *v1alpha1.MyAccountProfileSpec) { s.Description = text }
}

// badFlag makes a generation that no release accepts.
func badFlag(s *v1alpha1.MyAccountProfileSpec) {
	s.MyAccountFlags = []v1alpha1.MyAccountFlag{"DoMagic"}
}

func defaultAccountProfile(name string) func(*v1alpha1.TenantSpec) {
	return func(s *v1alpha1.TenantSpec) { s.DefaultAccountProfileRef = ref(name) }
}

func defaultPortal(name string) func(*v1alpha1.TenantSpec) {
	return func(s *v1alpha1.TenantSpec) { s.DefaultMyAccountProfileRef = ref(name) }
}

func paused(s *v1alpha1.TenantSpec) { s.State = v1alpha1.TenantPaused }

func mustCompile(t *testing.T, in compile.Input) compile.Output {
	t.Helper()
	out, err := compile.Compile(in)
	if err != nil {
		t.Fatalf("Compile: %v", err)
	}
	return out
}

// mustLoad returns the document as replicas see it.
func mustLoad(t *testing.T, document []byte) *config.Live {
	t.Helper()
	live, err := config.Load(document)
	if err != nil {
		t.Fatalf("the document does not load: %v\n%s", err, document)
	}
	return live
}

// entry finds an entry of a document, and fails if it is not there.
func entry(t *testing.T, document []byte, kind, name string) config.Entry {
	t.Helper()
	found, ok := lookup(t, document, kind, name)
	if !ok {
		t.Fatalf("%s %q is not in the document:\n%s", kind, name, document)
	}
	return found
}

func lookup(t *testing.T, document []byte, kind, name string) (config.Entry, bool) {
	t.Helper()
	doc, err := config.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string][]config.Entry{
		"Tenant": {doc.Tenant}, "AccountProfile": doc.AccountProfiles, "MyAccountProfile": doc.MyAccountProfiles,
	}[kind]
	for _, e := range entries {
		if e.Name == name {
			return e, true
		}
	}
	return config.Entry{}, false
}

// content decodes the content of an entry.
func content[C any](t *testing.T, document []byte, kind, name string) C {
	t.Helper()
	var c C
	if err := json.Unmarshal(entry(t, document, kind, name).Content, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// isGone fails if an entry is still in the document.
func isGone(t *testing.T, document []byte, kind, name string) {
	t.Helper()
	if e, ok := lookup(t, document, kind, name); ok {
		t.Errorf("%s %q is still in the document: %+v", kind, name, e)
	}
}

// says fails unless a finding has the reason and its message every part.
func says(t *testing.T, what string, f compile.Finding, status bool, reason string, parts ...string) {
	t.Helper()
	if f.Status != status || f.Reason != reason {
		t.Errorf("%s is %v %s (%s), want %v %s", what, f.Status, f.Reason, f.Message, status, reason)
	}
	for _, part := range parts {
		if !strings.Contains(f.Message, part) {
			t.Errorf("%s says %q, which misses %q", what, f.Message, part)
		}
	}
}

// warns fails unless one warning has every part.
func warns(t *testing.T, o compile.Outcome, parts ...string) {
	t.Helper()
	for _, w := range o.Warnings {
		all := true
		for _, part := range parts {
			all = all && strings.Contains(w, part)
		}
		if all {
			return
		}
	}
	t.Errorf("no warning has all of %q: %q", parts, o.Warnings)
}

// isLive fails unless an object has exactly this generation live.
func isLive(t *testing.T, what string, o compile.Outcome, generation int64, newest bool) {
	t.Helper()
	if o.LiveGeneration != generation || o.Live != newest {
		t.Errorf("%s: generation %d is live (newest: %v), want %d (%v)", what, o.LiveGeneration, o.Live, generation, newest)
	}
}

// usage builds counts from buckets.
func usage(buckets ...config.Bucket) *config.Usage {
	u := &config.Usage{Buckets: buckets, Customers: map[string]config.Bucket{}}
	for _, b := range buckets {
		u.Accounts += b.Accounts
	}
	return u
}
