package compile

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/config"
)

// pass is one run over the objects of a tenant.
type pass struct {
	in                Input
	live              liveDocument
	liveRouting       liveRouting
	named             config.Named
	tenant            *object[config.Tenant] // nil while the Tenant is missing
	accountProfiles   map[string]*object[config.AccountProfile]
	myAccountProfiles map[string]*object[config.MyAccountProfile]

	drafts         map[string]draft
	eventTemplates map[string]*object[config.EventTemplate]
	texts          texts // of drafts and of the live document
	checks         *Checks
	segments       map[string]int32 // of each draft's text messages
	events         events           // that templates can name
	liveEvents     events           // that they could name so far
	refusedEvents  map[string]bool  // that the Tenant declares wrongly
}

// Compile decides what is to be live. An error means that nothing may be written:
// the live document is not understood ([config.ErrUnknownFormat] if a newer release
// wrote it), or the result would not load.
func Compile(in Input) (Output, error) {
	live, err := readLive(in.Live)
	if err != nil {
		return Output{}, err
	}
	checks := cmp.Or(in.Checked, &Checks{})
	routing, err := readLiveRouting(in.LiveRouting, checks)
	if err != nil {
		return Output{}, err
	}
	p := newPass(in, live, routing, checks)
	p.check()
	next, err := p.documents()
	if err != nil {
		return Output{}, err
	}
	out := p.output(next)
	out.Waiting, err = p.waiting()
	if err != nil {
		return Output{}, err
	}
	return out, nil
}

// customers lists the account ids that MyAccountProfiles name, sorted: those of the
// objects, and those of the live document.
func (p *pass) customers() []string {
	ids := map[string]bool{}
	for i := range p.in.MyAccountProfiles {
		ids[p.in.MyAccountProfiles[i].Spec.Customer] = true
	}
	for _, l := range p.live.myAccountProfiles {
		ids[l.content.Customer] = true
	}
	delete(ids, "")
	return slices.Sorted(maps.Keys(ids))
}

func newPass(in Input, live liveDocument, routing liveRouting, checks *Checks) *pass {
	p := &pass{
		in: in, live: live, liveRouting: routing,
		accountProfiles:   map[string]*object[config.AccountProfile]{},
		myAccountProfiles: map[string]*object[config.MyAccountProfile]{},
		drafts:            map[string]draft{},
		eventTemplates:    map[string]*object[config.EventTemplate]{},
		checks:            checks,
		segments:          map[string]int32{},
		refusedEvents:     map[string]bool{},
	}
	if in.Usage != nil {
		p.named = in.Usage.Named()
	}
	if t := in.Tenant; t != nil {
		p.tenant = newObject(kindTenant, t.ObjectMeta, renderTenant(t), live.tenant)
	}
	for i := range in.AccountProfiles {
		o := &in.AccountProfiles[i]
		p.accountProfiles[o.Name] = newObject(kindAccountProfile, o.ObjectMeta, renderAccountProfile(o), live.accountProfiles[o.Name])
	}
	for i := range in.MyAccountProfiles {
		o := &in.MyAccountProfiles[i]
		p.myAccountProfiles[o.Name] = newObject(kindMyAccountProfile, o.ObjectMeta, renderMyAccountProfile(o), live.myAccountProfiles[o.Name])
	}
	p.readTemplates()
	return p
}

// check judges every object: its own content first, then what it claims, then what
// it names. Each step sees what the one before has refused.
func (p *pass) check() {
	for _, o := range p.myAccountProfiles {
		o.check(myAccountProfileProblems)
	}
	p.settleCustomers()
	for _, o := range p.accountProfiles {
		o.check(accountProfileProblems)
		p.resolveAccountProfile(o)
		p.resolveInvoiceTemplate(o)
	}
	p.warnOfUnknownCustomers()
	if p.tenant != nil {
		p.tenant.check(tenantProblems)
		p.checkHostnames()
		p.checkInvoiceTemplates()
		p.protectInvoiceTemplates()
		p.resolveTenant()
		p.warnOfSender()
		p.warnOfHosts()
	}
	p.readEvents()
	p.checkWebhooks()
	p.checkEventTypes()
	p.checkTemplates()
}

// The fields with the host names of a tenant.
const (
	portalHostname = "spec.portal.hostname"
	apiHostname    = "spec.backoffice.api.hostname"
)

// checkHostnames: the caller knows the other tenants of the cluster. A hostname by which
// this tenant is reached, the portal or the API, is never taken away.
func (p *pass) checkHostnames() {
	asked := p.tenant.content
	p.checkHostname(portalHostname, asked.Hostname, p.in.HostnameHolder)
	p.checkHostname(apiHostname, asked.APIHostname, p.in.APIHostnameHolder)
}

func (p *pass) checkHostname(field, hostname, holder string) {
	if hostname == "" || holder == "" {
		return
	}
	o := p.tenant
	if o.live != nil && (o.live.content.Hostname == hostname || o.live.content.APIHostname == hostname) {
		o.warn("%s: %q is also asked for by Tenant %s; it stays here, where it is live", field, hostname, holder)
		return
	}
	o.refuse(&o.accepted, ReasonConflicted, problemAt(field, "%q belongs to Tenant %s, which keeps it: choose another host name", hostname, holder))
}

// warnOfUnknownCustomers reports customers and groups that no account has: often
// a misspelling, but as often a profile that is declared before its customers.
func (p *pass) warnOfUnknownCustomers() {
	if p.in.Usage == nil {
		return
	}
	for _, o := range p.myAccountProfiles {
		if id := o.content.Customer; id != "" {
			if _, exists := p.in.Usage.Customers[id]; !exists {
				o.warn("%s", unknownCustomer(id))
			}
		}
		for _, group := range o.content.CustomerGroups {
			if p.named.Groups[group] == 0 {
				o.warn("%s", unknownGroup(group))
			}
		}
	}
}

// document is one that is, or is to be, live.
type document struct {
	bytes    []byte // nil: write nothing
	loaded   *config.Live
	settings config.Settings
}

// stay is the document that is live already.
func (p *pass) stay(bytes []byte) document {
	return document{bytes, p.live.loaded, p.live.Settings}
}

// documents are the two that are, or are to be, live, and why each stays as it is; nil:
// it does not.
type documents struct {
	settings   document
	standstill *Finding
	routing    routingDocument
	held       *Finding
}

// documents makes the routing document first: where it cannot follow, an edit of the
// Tenant that it would have to follow is refused.
func (p *pass) documents() (documents, error) {
	var d documents
	var err error
	if d.routing, d.held, err = p.nextRouting(); err != nil {
		return d, err
	}
	if d.settings, d.standstill, err = p.next(); err != nil {
		return d, err
	}
	if d.standstill != nil {
		d.routing, d.held = p.stayRouting(nil), d.standstill
	}
	return d, nil
}

// next makes the next document, or says why everything stays as it is.
func (p *pass) next() (document, *Finding, error) {
	if standstill := p.standstill(); standstill != nil {
		return p.stay(nil), standstill, nil
	}
	settings, err := p.settings()
	if err != nil {
		return document{}, nil, err
	}
	encoded, err := config.Encode(settings)
	if err != nil {
		return document{}, nil, err
	}
	if bytes.Equal(encoded, p.in.Live) {
		return p.stay(encoded), nil, nil
	}
	if len(encoded) > config.MaxBytes {
		return p.stay(nil), &Finding{Reason: ReasonTooLarge, Message: fmt.Sprintf(
			"the settings document of the tenant would have %s, allowed are %s, so nothing of it changes: remove profiles or shorten descriptions, customerGroups and invoiceTemplates",
			about(len(encoded)), about(config.MaxBytes))}, nil
	}
	loaded, parsed, err := config.Open(encoded)
	if err != nil {
		return document{}, nil, fmt.Errorf("nothing is written, because the new document does not load: %w", err)
	}
	return document{encoded, loaded, parsed}, nil, nil
}

// about writes a size for people, rounded up: not every edit is to change every status.
func about(size int) string { return fmt.Sprintf("%d KB", (size+9999)/10000*10) }

// standstill says why nothing of the tenant changes; nil: it may.
func (p *pass) standstill() *Finding {
	switch {
	case p.tenant == nil:
		return &Finding{Reason: ReasonTenantMissing, Message: "the Tenant that spec.tenantRef names does not exist in this namespace"}
	case p.in.Tenant.Spec.State == v1alpha1.TenantPaused:
		return &Finding{Reason: ReasonTenantPaused, Message: fmt.Sprintf("Tenant %q is paused, so nothing of it changes", p.tenant.name)}
	case p.tenant.refused():
		return &Finding{Reason: ReasonTenantRefused, Message: fmt.Sprintf(
			"Tenant %q is refused, so nothing of it changes until it is mended: see its status", p.tenant.name)}
	}
	return nil
}

func (p *pass) settings() (config.Settings, error) {
	tenant, err := p.tenant.entry()
	if err != nil {
		return config.Settings{}, err
	}
	accountProfiles, err := profileEntries(p.accountProfiles, p.live.accountProfiles, p.keepAccountProfile)
	if err != nil {
		return config.Settings{}, err
	}
	keep, err := p.keepMyAccountProfile(accountProfiles)
	if err != nil {
		return config.Settings{}, err
	}
	myAccountProfiles, err := profileEntries(p.myAccountProfiles, p.live.myAccountProfiles, keep)
	if err != nil {
		return config.Settings{}, err
	}
	return config.Settings{
		Format: config.Format, Tenant: tenant,
		AccountProfiles: accountProfiles, MyAccountProfiles: myAccountProfiles,
		Extra: p.live.Extra,
	}, nil
}
