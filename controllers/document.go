package controllers

import (
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
)

// The kinds of objects that the documents have entries of.
const (
	kindTenant           = "Tenant"
	kindAccountProfile   = "AccountProfile"
	kindMyAccountProfile = "MyAccountProfile"
	kindEventTemplate    = "EventTemplate"
)

// entries are those of a document, by the kind of object that they are of: which
// generation of which object is live. Of the Tenant alone they have what it says, because
// every pass asks for its host name.
type entries map[string][]config.Entry

func headings(list []config.Entry) []config.Entry {
	short := make([]config.Entry, len(list))
	for i, e := range list {
		short[i] = config.Entry{Name: e.Name, UID: e.UID, Generation: e.Generation, State: e.State}
	}
	return short
}

// documentKind is all in which the two documents of a tenant differ.
type documentKind struct {
	name    string                                          // in table document
	mapName func(tenant string) string                      // of its ConfigMap
	pack    func(document []byte) ([]byte, error)           // into the form of the ConfigMap
	packed  func(in *corev1.ConfigMap) []byte               // as it is there
	unpack  func(from *corev1.ConfigMap) ([]byte, error)    // empty: it has none
	keep    func(packed []byte) string                      // into the form of table document, which is text
	unkeep  func(kept string) ([]byte, error)               // the document of it
	parse   func(document []byte) (entries, error)          // as those do who run it
	render  func(p provision.Params) provision.Object       // the ConfigMap
	decided func(o compile.Output) (body []byte, id string) // the compiled document and its digest
	// changes are the events of an edit, kept together with the document; nil: none.
	changes func(before, after []byte, digest string, now time.Time) ([]store.Event, error)
}

var settingsKind = &documentKind{
	name:    "settings",
	mapName: provision.SettingsName,
	pack:    func(document []byte) ([]byte, error) { return document, nil },
	packed:  func(in *corev1.ConfigMap) []byte { return []byte(in.Data[provision.KeySettings]) },
	unpack:  func(from *corev1.ConfigMap) ([]byte, error) { return []byte(from.Data[provision.KeySettings]), nil },
	keep:    func(packed []byte) string { return string(packed) },
	unkeep:  func(kept string) ([]byte, error) { return []byte(kept), nil },
	parse: func(document []byte) (entries, error) {
		_, s, err := config.Open(document)
		return entries{
			kindTenant:           {s.Tenant},
			kindAccountProfile:   headings(s.AccountProfiles),
			kindMyAccountProfile: headings(s.MyAccountProfiles),
		}, err
	},
	render:  provision.SettingsMap,
	decided: func(o compile.Output) ([]byte, string) { return o.Document, o.Digest },
	changes: settingsChanges,
}

var routingKind = &documentKind{
	name:    "routing",
	mapName: provision.RoutingName,
	pack:    config.Pack,
	packed:  func(in *corev1.ConfigMap) []byte { return in.BinaryData[provision.KeyRouting] },
	unpack: func(from *corev1.ConfigMap) ([]byte, error) {
		packed := from.BinaryData[provision.KeyRouting]
		if len(packed) == 0 {
			return nil, nil
		}
		return config.Unpack(packed)
	},
	keep: base64.StdEncoding.EncodeToString,
	unkeep: func(kept string) ([]byte, error) {
		packed, err := base64.StdEncoding.DecodeString(kept)
		if err != nil {
			return nil, fmt.Errorf("it is not packed: %w", err)
		}
		return config.Unpack(packed)
	},
	parse: func(document []byte) (entries, error) {
		live, err := config.OpenRouting(document)
		if err != nil {
			return nil, err
		}
		return entries{kindEventTemplate: headings(live.Routing.Templates)}, nil
	},
	render:  provision.RoutingMap,
	decided: func(o compile.Output) ([]byte, string) { return o.Routing, o.RoutingDigest },
}

// document is one that is live: the settings document, which customers have, or the
// routing document.
type document struct {
	kind      *documentKind
	configMap *corev1.ConfigMap // a zero object if there is none
	tenant    types.UID         // that the ConfigMap was read for
	packed    string            // the digest of what the ConfigMap holds, as it is there
	held      []byte            // what the ConfigMap holds, if Foyer wrote it
	body      []byte            // nil: none, or lost
	digest    string
	fresh     bool // read from the API server, not from the cache
	written   bool // by this pass: the ConfigMap holds what it is to hold
	// lost: the ConfigMap is missing or not what Foyer wrote. The copy in the database
	// decides; until it was asked, nobody knows what is live.
	lost bool
	// newer: a release that knows more than this one has written it. It is left alone.
	newer   bool
	entries entries
	// unreadable: it is lost, and so is every copy. A zero Finding if it is not so.
	unreadable status.Finding
	// blocked is why the ConfigMap could not be written, a zero Finding if it could.
	blocked status.Finding
}

// reads says whether this is what the document of a ConfigMap was read into already.
func (d *document) reads(from *corev1.ConfigMap, tenant client.Object) bool {
	return d.configMap != nil && from.ResourceVersion != "" && d.configMap.UID == from.UID &&
		d.configMap.ResourceVersion == from.ResourceVersion && d.tenant == tenant.GetUID()
}

// rewritten is what is remembered of a document that was just written in packed form.
func (d *document) rewritten(packed []byte) document {
	return document{kind: d.kind, configMap: &corev1.ConfigMap{}, packed: config.Digest(packed), held: d.body, body: d.body, digest: d.digest, entries: d.entries}
}

// remembered is the document without the ConfigMap, of which only the version is kept.
func (d *document) remembered() document {
	short := *d
	short.configMap = &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{UID: d.configMap.UID, ResourceVersion: d.configMap.ResourceVersion}}
	return short
}

// read takes what a ConfigMap holds, if that is what Foyer wrote for the tenant. A document
// may be large: one that was read or written before is not read again.
func (d *document) read(from *corev1.ConfigMap, tenant client.Object, last document) {
	*d = document{kind: d.kind, configMap: from, tenant: tenant.GetUID(), packed: config.Digest(d.kind.packed(from)), lost: true}
	if !metav1.IsControlledBy(from, tenant) {
		return
	}
	digest := from.Annotations[provision.AnnotationDigest]
	if last.held != nil && last.body != nil && last.packed == d.packed && last.digest == digest {
		d.held, d.body, d.digest, d.entries, d.lost = last.held, last.body, last.digest, last.entries, false
		return
	}
	held, err := d.kind.unpack(from)
	if err == nil && len(held) > 0 && config.Digest(held) == digest && (d.take(held) == nil || d.newer) {
		d.held = held
	}
}

// take makes a document the live one, if it can be run: what cannot is nothing that can be
// carried on, and nobody runs it.
func (d *document) take(body []byte) error {
	parsed, err := d.kind.parse(body)
	d.newer = errors.Is(err, config.ErrUnknownFormat)
	if d.lost = err != nil && !d.newer; err == nil {
		d.body, d.digest, d.entries = body, config.Digest(body), parsed
	}
	return err
}

// takeCopy makes a copy from the database the live document, if it is what was kept there.
func (d *document) takeCopy(digest, kept string) error {
	body, err := d.kind.unkeep(kept)
	if err == nil && config.Digest(body) != digest {
		err = errors.New("it was changed: it has another digest")
	}
	if err != nil {
		return err
	}
	if err = d.take(body); d.newer {
		return nil // it is sound, and no older one may take its place
	}
	return err
}

// known says whether it is known what is live.
func (d *document) known() bool { return !d.lost && !d.newer }

// inPlace says whether the ConfigMap holds what is live, or had to: a copy that something
// keeps from being restored is of no use to anybody.
func (d *document) inPlace() bool { return d.body == nil || d.held != nil || d.written }

// documents are the two of a tenant, in the order in which they are written.
func (p *pass) documents() []*document { return []*document{&p.settings, &p.routing} }

// newer says whether a release that knows more than this one has written a document: then
// nothing of the tenant is changed.
func (p *pass) newer() bool { return p.settings.newer || p.routing.newer }

// entry finds what is live of an object: the generation, or 0.
func entry(list []config.Entry, o client.Object) int64 {
	for _, e := range list {
		if e.Name == o.GetName() && e.UID == string(o.GetUID()) && e.State != config.Retired {
			return e.Generation
		}
	}
	return 0
}
