package controllers

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/wave"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// testPace is the usual one, with shorter rests.
var testPace = pace{
	poll:       50 * time.Millisecond,
	pollAtRest: 500 * time.Millisecond,
	refresh:    300 * time.Millisecond,
	usage:      2 * time.Second,
	retiring:   300 * time.Millisecond,
	secrets:    time.Second,
	missing:    300 * time.Millisecond,
	server:     500 * time.Millisecond,
	upkeep:     time.Hour,
	retention:  24 * time.Hour,
	verify:     time.Hour,
	truce:      2 * time.Second,
	calm:       10 * time.Second,
	retry:      300 * time.Millisecond,
	rotation:   time.Second,
	deletion:   time.Minute,
	drain:      5 * time.Second,
	patience:   wave.Patience,
}

// world is an operator with a namespace for its servers and one for its tenants.
type world struct {
	t         *testing.T
	client    client.Client
	operator  string
	tenants   string
	others    string // another namespace for tenants
	uri       string // of the database server
	superuser string // of that server, if the test has one of its own
	pace      pace
	stop      func()         // the operator
	options   func(*Options) // of operators that are started from now on
	replicas  *replicas
}

// newWorld starts an operator and something that stands in for kubelets and pods.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := quietWorld(t)
	w.declareServer("default", w.uri, w.tenants+" "+w.others)
	w.startOperator(cluster.Config, nil)
	w.replicas = startReplicas(w)
	return w
}

// quietWorld has neither operator nor server yet.
func quietWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, client: cluster.Client, operator: cluster.Namespace(t), tenants: cluster.Namespace(t), others: cluster.Namespace(t), pace: testPace}
	w.uri = postgreSQL.Manager(t)
	watchLegality(w)
	return w
}

func (w *world) declareServer(name, uri, allowed string) {
	w.t.Helper()
	w.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.operator, Name: name, Labels: map[string]string{LabelServer: ""}},
		StringData: map[string]string{keyURI: uri, keyAllowedNamespaces: allowed},
	})
}

// startOperator starts an operator; it ends with the test, or by w.stop.
func (w *world) startOperator(base *rest.Config, newClient client.NewClientFunc) {
	w.t.Helper()
	caches := CacheOptions(w.operator)
	caches.ReaderFailOnMissingInformer = true
	// Every test has its own operator, which must not meddle with the tenants of others.
	caches.DefaultNamespaces = map[string]cache.Config{w.tenants: {}, w.others: {}}
	mgr, err := manager.New(rest.CopyConfig(base), manager.Options{
		Scheme:                  kube.Scheme(),
		Cache:                   caches,
		NewClient:               newClient,
		Metrics:                 metricsserver.Options{BindAddress: "0"},
		GracefulShutdownTimeout: ptr.To(10 * time.Second),
		Controller:              config.Controller{SkipNameValidation: ptr.To(true)},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	options := Options{Namespace: w.operator, Image: "foyer:test", Version: "v0.0.0-test", AllowOutgoing: "10.0.0.0/8", TenantClock: true}
	if w.options != nil {
		w.options(&options)
	}
	if err := setup(mgr, options, w.pace); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := mgr.Start(ctx); err != nil {
			w.t.Errorf("the operator stopped: %v", err)
		}
	}()
	var once sync.Once
	w.stop = func() { once.Do(func() { cancel(); <-done }) }
	w.t.Cleanup(w.stop)
}

func (w *world) create(objects ...client.Object) {
	w.t.Helper()
	for _, o := range objects {
		if err := w.client.Create(w.t.Context(), o); err != nil {
			w.t.Fatalf("create %T %s: %v", o, o.GetName(), err)
		}
	}
}

func (w *world) delete(o client.Object) {
	w.t.Helper()
	if err := w.client.Delete(w.t.Context(), o); err != nil {
		w.t.Fatalf("delete %T %s: %v", o, o.GetName(), err)
	}
}

// edit changes an object, whatever the operator writes at the same time.
func edit[T client.Object](w *world, o T, change func(T)) {
	w.t.Helper()
	kube.Eventually(w.t, "the edit is taken", func() error {
		if err := w.client.Get(w.t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		change(o)
		return w.client.Update(w.t.Context(), o)
	})
}

func (w *world) tenant(name string) *v1alpha1.Tenant {
	return &v1alpha1.Tenant{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: name},
		Spec: v1alpha1.TenantSpec{
			DisplayName: "Tenant " + name,
			Portal:      v1alpha1.PortalSpec{Hostname: name + "." + w.tenants + ".example"},
		},
	}
}

func (w *world) accountProfile(tenant, name string) *v1alpha1.AccountProfile {
	return &v1alpha1.AccountProfile{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: name},
		Spec: v1alpha1.AccountProfileSpec{
			TenantRef:   v1alpha1.ObjectRef{Name: tenant},
			DisplayName: "Profile " + name,
		},
	}
}

func (w *world) myAccountProfile(tenant, name string) *v1alpha1.MyAccountProfile {
	return &v1alpha1.MyAccountProfile{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: name},
		Spec: v1alpha1.MyAccountProfileSpec{
			TenantRef:      v1alpha1.ObjectRef{Name: tenant},
			DisplayName:    "Portal " + name,
			MyAccountFlags: []v1alpha1.MyAccountFlag{"ViewInvoices"},
		},
	}
}

// eventTemplate mails a reminder three days after an invoice was due.
func (w *world) eventTemplate(tenant, name, profile string) *v1alpha1.EventTemplate {
	return &v1alpha1.EventTemplate{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.tenants, Name: name},
		Spec: v1alpha1.EventTemplateSpec{
			TenantRef:          v1alpha1.ObjectRef{Name: tenant},
			Event:              "invoice.unpaid",
			AccountProfileRefs: []v1alpha1.ObjectRef{{Name: profile}},
			Actions: []v1alpha1.ActionSpec{{
				Name: "reminder", Type: v1alpha1.ActionEmail, Days: []int32{3},
				Email: v1alpha1.EmailSpec{
					To: []v1alpha1.EmailRecipient{"Billing"}, Subject: "Invoice {{.invoice.number}}",
					Text: "Please pay {{.invoice.balance}} for invoice {{.invoice.number}} of " + name + ".",
				},
			}},
		},
	}
}

// expect waits until an object's condition is as wanted, "Type=Status" or
// "Type=Status/Reason", for this generation. Every status on the way must be legal.
func (w *world) expect(o client.Object, wanted ...string) {
	w.t.Helper()
	kube.Eventually(w.t, fmt.Sprintf("%T %s has %v", o, o.GetName(), wanted), func() error {
		if err := w.client.Get(w.t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		conditions, observed := statusOf(o)
		w.checkLegal(o)
		if observed != o.GetGeneration() {
			return fmt.Errorf("generation %d is not observed yet, %d is", o.GetGeneration(), observed)
		}
		for _, want := range wanted {
			if !holds(conditions, want) {
				return fmt.Errorf("%s is not so:\n%s", want, describe(conditions))
			}
		}
		return nil
	})
}

// checkLegal fails the test if the status of an object is not one for kstatus.
func (w *world) checkLegal(o client.Object) {
	w.t.Helper()
	if err := kube.LegalStatus(o); err != nil {
		w.t.Errorf("%T %s: %v", o, o.GetName(), err)
	}
	conditions, _ := statusOf(o)
	if len(conditions) == 0 {
		return
	}
	w.checkTold(o, conditions)
	ready := meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReady)
	active := meta.FindStatusCondition(conditions, v1alpha1.ConditionReconciling) != nil ||
		meta.FindStatusCondition(conditions, v1alpha1.ConditionStalled) != nil
	if ready == active {
		w.t.Errorf("%T %s is ready=%t, and Reconciling or Stalled is there: %t\n%s", o, o.GetName(), ready, active, describe(conditions))
	}
}

// documented are the tables of conditions in docs/, by kind.
var documented = sync.OnceValues(func() (map[string]kube.Reasons, error) {
	pages := map[string]kube.Reasons{}
	for _, kind := range []string{"Tenant", "AccountProfile", "MyAccountProfile", "EventTemplate"} {
		reasons, err := kube.ReadReasons(kind)
		if err != nil {
			return nil, err
		}
		pages["*v1alpha1."+kind] = reasons
	}
	return pages, nil
})

// checkTold wants each condition and its reason in the table of the kind's page: whoever sees
// one in a status finds there what to do.
func (w *world) checkTold(o client.Object, conditions []metav1.Condition) {
	w.t.Helper()
	pages, err := documented()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range conditions {
		if kind := fmt.Sprintf("%T", o); !pages[kind].Tell(c.Type, c.Reason) {
			w.t.Errorf("no row in docs tells of %s, %s=%s, reason %s: %s", kind, c.Type, c.Status, c.Reason, c.Message)
		}
	}
}

func statusOf(o client.Object) ([]metav1.Condition, int64) {
	switch o := o.(type) {
	case *v1alpha1.Tenant:
		return o.Status.Conditions, o.Status.ObservedGeneration
	case *v1alpha1.AccountProfile:
		return o.Status.Conditions, o.Status.ObservedGeneration
	case *v1alpha1.MyAccountProfile:
		return o.Status.Conditions, o.Status.ObservedGeneration
	case *v1alpha1.EventTemplate:
		return o.Status.Conditions, o.Status.ObservedGeneration
	}
	return nil, 0
}

func holds(conditions []metav1.Condition, want string) bool {
	want, reason, _ := strings.Cut(want, "/")
	kind, value, _ := strings.Cut(want, "=")
	c := meta.FindStatusCondition(conditions, kind)
	if c == nil {
		return value == "Absent"
	}
	return string(c.Status) == value && (reason == "" || c.Reason == reason)
}

func describe(conditions []metav1.Condition) string {
	var text strings.Builder
	for _, c := range conditions {
		fmt.Fprintf(&text, "  %s=%s %s: %s\n", c.Type, c.Status, c.Reason, c.Message)
	}
	return text.String()
}

func message(o client.Object, kind string) string {
	conditions, _ := statusOf(o)
	if c := meta.FindStatusCondition(conditions, kind); c != nil {
		return c.Message
	}
	return ""
}

func errorf(format string, args ...any) error { return fmt.Errorf(format, args...) }

// want compares for Eventually.
func want[T comparable](got, wanted T) error {
	if got != wanted {
		return fmt.Errorf("got %v, want %v", got, wanted)
	}
	return nil
}

// expectOneOf waits until exactly one of the tenants has the host name, and the others
// are told so.
func (w *world) expectOneOf(tenants []*v1alpha1.Tenant, hostname string) {
	w.t.Helper()
	kube.Eventually(w.t, "one tenant has "+hostname, func() error {
		winners, told := 0, 0
		for _, tenant := range tenants {
			if err := w.client.Get(w.t.Context(), client.ObjectKeyFromObject(tenant), tenant); err != nil {
				return err
			}
			if tenant.Status.PortalURL == "https://"+hostname {
				winners++
			} else if holds(tenant.Status.Conditions, "Accepted=False/Conflicted") {
				told++
			}
		}
		if winners > 1 {
			w.t.Fatalf("%d tenants have one host name", winners)
		}
		return want([2]int{winners, told}, [2]int{1, len(tenants) - 1})
	})
}
