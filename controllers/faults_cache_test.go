package controllers

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/index"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// yesterday is a client whose cache is behind, while it is on: it shows some objects of a
// tenant as they were. Of each tenant it is another kind of object.
type yesterday struct {
	client.Client
	on   *atomic.Bool
	past map[string]past // by tenant
}

// past is what was there of one kind: a list, or one object.
type past struct {
	list   client.ObjectList
	object client.Object
}

func (y yesterday) Get(ctx context.Context, key client.ObjectKey, into client.Object, opts ...client.GetOption) error {
	if y.on.Load() {
		for _, past := range y.past {
			if past.object != nil && client.ObjectKeyFromObject(past.object) == key && fmt.Sprintf("%T", past.object) == fmt.Sprintf("%T", into) {
				return copyInto(past.object, into)
			}
		}
	}
	return y.Client.Get(ctx, key, into, opts...)
}

func (y yesterday) List(ctx context.Context, into client.ObjectList, opts ...client.ListOption) error {
	var options client.ListOptions
	options.ApplyOptions(opts)
	if options.FieldSelector != nil && y.on.Load() {
		tenant, _ := options.FieldSelector.RequiresExactMatch(index.ObjectsByTenant)
		if past, ok := y.past[tenant]; ok && fmt.Sprintf("%T", past.list) == fmt.Sprintf("%T", into) {
			return copyInto(past.list, into)
		}
	}
	return y.Client.List(ctx, into, opts...)
}

func copyInto(from, into any) error {
	switch into := into.(type) {
	case *v1alpha1.Tenant:
		from.(*v1alpha1.Tenant).DeepCopyInto(into)
	case *corev1.ConfigMap:
		from.(*corev1.ConfigMap).DeepCopyInto(into)
	case *v1alpha1.AccountProfileList:
		from.(*v1alpha1.AccountProfileList).DeepCopyInto(into)
	case *v1alpha1.MyAccountProfileList:
		from.(*v1alpha1.MyAccountProfileList).DeepCopyInto(into)
	case *v1alpha1.EventTemplateList:
		from.(*v1alpha1.EventTemplateList).DeepCopyInto(into)
	default:
		return fmt.Errorf("no past of %T", into)
	}
	return nil
}

// history is every document that was ever live in a namespace.
type history struct {
	mu   sync.Mutex
	seen map[string][][]byte // by the name of the ConfigMap
}

func (w *world) watchDocuments() *history {
	w.t.Helper()
	watching, err := client.NewWithWatch(cluster.Config, client.Options{Scheme: kube.Scheme()})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	events, err := watching.Watch(ctx, &corev1.ConfigMapList{}, client.InNamespace(w.tenants), client.HasLabels{provision.LabelTenant})
	if err != nil {
		w.t.Fatal(err)
	}
	h, done := &history{seen: map[string][][]byte{}}, make(chan struct{})
	go func() {
		defer close(done)
		for event := range events.ResultChan() {
			if held, ok := event.Object.(*corev1.ConfigMap); ok && event.Type != apiwatch.Deleted {
				h.add(held)
			}
		}
	}()
	w.t.Cleanup(func() { cancel(); <-done })
	return h
}

func (h *history) add(held *corev1.ConfigMap) {
	kind := settingsKind
	if len(held.BinaryData) > 0 {
		kind = routingKind
	}
	body, err := kind.unpack(held)
	if err != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen[held.Name] = append(h.seen[held.Name], body)
}

// of returns the documents of a kind, the oldest first, up to the one that is live now.
func (h *history) of(w *world, tenant string, kind *documentKind) [][]byte {
	w.t.Helper()
	var list [][]byte
	kube.Eventually(w.t, "the watch has seen the live document", func() error {
		live, err := kind.unpack(w.documentMap(tenant, kind))
		if err != nil {
			return err
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		list = h.seen[kind.mapName(tenant)]
		return want(len(list) > 0 && bytes.Equal(list[len(list)-1], live), true)
	})
	return list
}

// questions counts what the operator asks the API server itself, by path.
type questions struct {
	mu    sync.Mutex
	count map[string]int
}

func (q *questions) wrap(base *rest.Config) *rest.Config {
	wrapped := rest.CopyConfig(base)
	wrapped.Wrap(func(next http.RoundTripper) http.RoundTripper { return questioner{q, next} })
	return wrapped
}

type questioner struct {
	*questions
	next http.RoundTripper
}

func (q questioner) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method == http.MethodGet {
		q.mu.Lock()
		q.count[request.URL.Path]++
		q.mu.Unlock()
	}
	return q.next.RoundTrip(request)
}

// about counts the questions about an object.
func (q *questions) about(path string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	count := 0
	for asked, times := range q.count {
		if strings.HasSuffix(asked, path) {
			count += times
		}
	}
	return count
}

// lag is one way in which a cache can be behind: change happens, and the cache shows what
// was before it. Every document from then on has to hold keeps, or must not hold ends.
type lag struct {
	past        func(w *world, tenant string) past
	change      func(w *world, tenant string)
	document    *documentKind
	keeps, ends string
	// blocks is the object that is asked about, as nothing can go live before the cache has
	// caught up. A document that the cache shows as it was is read from the API server, and
	// holds up nothing.
	blocks string
}

func profilesOf(w *world, tenant string) past {
	return listOf(w, tenant, &v1alpha1.AccountProfileList{})
}

func templatesOf(w *world, tenant string) past {
	return listOf(w, tenant, &v1alpha1.EventTemplateList{})
}

// listOf takes the objects of a tenant as they are now.
func listOf(w *world, tenant string, list client.ObjectList) past {
	w.t.Helper()
	if err := w.client.List(w.t.Context(), list, client.InNamespace(w.tenants)); err != nil {
		w.t.Fatal(err)
	}
	switch list := list.(type) {
	case *v1alpha1.AccountProfileList:
		list.Items = ofTenant(list.Items, tenant)
	case *v1alpha1.MyAccountProfileList:
		list.Items = ofTenant(list.Items, tenant)
	case *v1alpha1.EventTemplateList:
		list.Items = ofTenant(list.Items, tenant)
	}
	return past{list: list}
}

func ofTenant[T any, P interface {
	*T
	client.Object
}](list []T, tenant string) []T {
	var kept []T
	for i := range list {
		if index.Tenant(P(&list[i])) == tenant {
			kept = append(kept, list[i])
		}
	}
	return kept
}

func renameProfile(w *world, tenant string) {
	profile := w.accountProfile(tenant, tenant+"-business")
	edit(w, profile, func(p *v1alpha1.AccountProfile) { p.Spec.DisplayName = "Companies" })
	w.expect(profile, "Programmed=False/NoReadyReplica")
}

func renameTemplate(w *world, tenant string) {
	template := w.eventTemplate(tenant, tenant+"-reminders", tenant+"-business")
	edit(w, template, func(t *v1alpha1.EventTemplate) { t.Spec.Actions[0].Email.Subject = "Companies" })
	w.expect(template, "Programmed=False/NoReadyReplica")
}

var lags = map[string]lag{
	"settings": {
		past:   func(w *world, tenant string) past { return past{object: w.documentMap(tenant, settingsKind)} },
		change: renameProfile, document: settingsKind, keeps: "Companies",
	},
	"routing": {
		past:   func(w *world, tenant string) past { return past{object: w.documentMap(tenant, routingKind)} },
		change: renameTemplate, document: routingKind, keeps: "Companies",
	},
	"tenant": {
		past: func(w *world, tenant string) past {
			object := w.tenant(tenant)
			w.get(object)
			return past{object: object}
		},
		change: func(w *world, tenant string) {
			object := w.tenant(tenant)
			edit(w, object, func(t *v1alpha1.Tenant) { t.Spec.DisplayName = "Companies" })
			w.expect(object, "Programmed=False/NoReadyReplica")
		},
		document: settingsKind, keeps: "Companies", blocks: "/tenants/tenant",
	},
	"profile":  {past: profilesOf, change: renameProfile, document: settingsKind, keeps: "Companies", blocks: "/accountprofiles/profile-business"},
	"template": {past: templatesOf, change: renameTemplate, document: routingKind, keeps: "Companies", blocks: "/eventtemplates/template-reminders"},
	"unseen-portal": {
		past: func(w *world, tenant string) past { return listOf(w, tenant, &v1alpha1.MyAccountProfileList{}) },
		change: func(w *world, tenant string) {
			portal := w.myAccountProfile(tenant, "unseen-portal-gold")
			portal.Spec.CustomerGroups = []string{"gold"}
			w.create(portal)
			w.expect(portal, "Programmed=False/NoReadyReplica")
		},
		document: settingsKind, keeps: `"gold"`, blocks: "/myaccountprofiles/unseen-portal-gold",
	},
	"unseen-template": {
		past: templatesOf,
		change: func(w *world, tenant string) {
			template := w.eventTemplate(tenant, "unseen-template-new", tenant+"-business")
			template.Spec.Actions[0].Days = []int32{9}
			w.create(template)
			w.expect(template, "Programmed=False/NoReadyReplica")
		},
		document: routingKind, keeps: `"unseen-template-new"`, blocks: "/eventtemplates/unseen-template-new",
	},
	// What is deleted and still cached must not come back: nobody would have asked for it.
	"deleted-template": {
		past: templatesOf,
		change: func(w *world, tenant string) {
			w.delete(w.eventTemplate(tenant, tenant+"-reminders", ""))
			kube.Eventually(w.t, "the template has ended", func() error {
				body, err := routingKind.unpack(w.documentMap(tenant, routingKind))
				if err != nil {
					return err
				}
				return want(bytes.Contains(body, []byte("-reminders")), false)
			})
		},
		document: routingKind, ends: "deleted-template-reminders", blocks: "/eventtemplates/deleted-template-reminders",
	},
	"deleted-portal": {
		past: func(w *world, tenant string) past { return listOf(w, tenant, &v1alpha1.MyAccountProfileList{}) },
		change: func(w *world, tenant string) {
			w.delete(w.myAccountProfile(tenant, tenant+"-silver"))
			kube.Eventually(w.t, "the rights by group have ended", func() error {
				return want(strings.Contains(w.configMap(tenant).Data[provision.KeySettings], `"Retired"`), true)
			})
		},
		document: settingsKind, keeps: `"Retired"`, blocks: "/myaccountprofiles/deleted-portal-silver",
	},
	"retired-profile": {
		past: profilesOf,
		change: func(w *world, tenant string) {
			w.delete(w.accountProfile(tenant, tenant+"-business"))
			kube.Eventually(w.t, "the profile is retired", func() error {
				return want(strings.Contains(w.configMap(tenant).Data[provision.KeySettings], `"Retired"`), true)
			})
		},
		document: settingsKind, keeps: `"Retired"`, blocks: "/accountprofiles/retired-profile-business",
	},
}

// laggingTenant has one object of each kind, and one more of each document to edit later.
func (w *world) laggingTenant(name string) *v1alpha1.Tenant {
	tenant := w.tenant(name)
	silver := w.myAccountProfile(name, name+"-silver")
	silver.Spec.CustomerGroups = []string{"silver"}
	other := w.eventTemplate(name, name+"-other", name+"-other")
	w.create(tenant, w.accountProfile(name, name+"-business"), w.accountProfile(name, name+"-other"), silver,
		w.eventTemplate(name, name+"-reminders", name+"-business"), other)
	return tenant
}

// editAnother edits what the cache shows rightly, so that there is something to write:
// before any of its two documents is written, a tenant is looked at as a whole.
func (w *world) editAnother(tenant string) {
	w.t.Helper()
	if tenant == "tenant" {
		template := w.eventTemplate(tenant, tenant+"-other", "")
		edit(w, template, func(t *v1alpha1.EventTemplate) { t.Spec.Actions[0].Email.Subject = "Later" })
		return
	}
	edit(w, w.tenant(tenant), func(t *v1alpha1.Tenant) { t.Spec.DisplayName = "Later" })
}

// TestNoCacheIsBehindEnough: an operator takes over whose cache shows one kind of object
// as it was. It takes back nothing, and brings back nothing that has ended.
func TestNoCacheIsBehindEnough(t *testing.T) {
	t.Parallel()
	w := crowdedWorld(t)
	w.declareServer("default", w.uri, w.tenants)
	w.startOperator(cluster.Config, nil)
	var tenants []*v1alpha1.Tenant
	for name := range lags {
		tenants = append(tenants, w.laggingTenant(name))
	}
	before := map[string]past{}
	for _, tenant := range tenants {
		w.expect(tenant, "Programmed=False/NoReadyReplica")
		w.expect(w.eventTemplate(tenant.Name, tenant.Name+"-reminders", ""), "Programmed=False/NoReadyReplica")
		w.expect(w.eventTemplate(tenant.Name, tenant.Name+"-other", ""), "Programmed=False/NoReadyReplica")
		w.expect(w.myAccountProfile(tenant.Name, tenant.Name+"-silver"), "Programmed=False/NoReadyReplica")
		lag := lags[tenant.Name]
		before[tenant.Name] = lag.past(w, tenant.Name)
		lag.change(w, tenant.Name)
	}
	w.stop()

	documents, asked := w.watchDocuments(), &questions{count: map[string]int{}}
	var on atomic.Bool
	on.Store(true)
	w.startOperator(asked.wrap(cluster.Config), func(c *rest.Config, o client.Options) (client.Client, error) {
		cached, err := client.New(c, o)
		return yesterday{Client: cached, on: &on, past: before}, err
	})
	for _, tenant := range tenants {
		w.editAnother(tenant.Name)
	}
	for _, tenant := range tenants {
		lag := lags[tenant.Name]
		kube.Eventually(t, tenant.Name+" is looked at again and again", func() error {
			if lag.blocks == "" {
				return want(bytes.Contains(w.settingsOrRouting(tenant.Name), []byte("Later")), true)
			}
			return want(asked.about(lag.blocks) >= 3, true)
		})
	}
	on.Store(false)
	for _, tenant := range tenants {
		kube.Eventually(t, tenant.Name+" has the later edit", func() error {
			return want(bytes.Contains(w.settingsOrRouting(tenant.Name), []byte("Later")), true)
		})
		lag := lags[tenant.Name]
		for _, body := range documents.of(w, tenant.Name, lag.document) {
			if !bytes.Contains(body, []byte(lag.keeps)) || lag.ends != "" && bytes.Contains(body, []byte(lag.ends)) {
				t.Errorf("%s: a cache that is behind made this live, which lacks %q or has %q:\n%s", tenant.Name, lag.keeps, lag.ends, body)
			}
		}
	}
}

func (w *world) settingsOrRouting(tenant string) []byte {
	w.t.Helper()
	var both []byte
	for _, kind := range []*documentKind{settingsKind, routingKind} {
		body, err := kind.unpack(w.documentMap(tenant, kind))
		if err != nil {
			w.t.Fatal(err)
		}
		both = append(both, body...)
	}
	return both
}
