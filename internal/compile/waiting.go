package compile

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/config"
)

// waiting finds out whether a paused tenant keeps something from going live.
func (p *pass) waiting() (bool, error) {
	if p.in.Tenant == nil || p.in.Tenant.Spec.State != v1alpha1.TenantPaused {
		return false, nil
	}
	active := *p
	active.in.Tenant = p.in.Tenant.DeepCopy()
	active.in.Tenant.Spec.State = v1alpha1.TenantActive
	would, err := active.documents()
	if err != nil {
		return false, err
	}
	if would.settings.bytes != nil && !sameSettings(p.live.Settings, would.settings.settings) {
		return true, nil
	}
	return would.routing.bytes != nil && !sameRouting(p.liveRouting.Routing, would.routing.loaded.Routing), nil
}

// sameSettings compares what two documents say, whatever the generations: pausing a
// tenant is a generation of it.
func sameSettings(a, b config.Settings) bool {
	return sameEntries([]config.Entry{a.Tenant}, []config.Entry{b.Tenant}) &&
		sameEntries(a.AccountProfiles, b.AccountProfiles) &&
		sameEntries(a.MyAccountProfiles, b.MyAccountProfiles)
}

// sameRouting: which of two templates fires follows from what they say.
func sameRouting(a, b config.Routing) bool { return sameEntries(a.Templates, b.Templates) }

func sameEntries(a, b []config.Entry) bool {
	return slices.EqualFunc(a, b, func(a, b config.Entry) bool {
		return a.Name == b.Name && a.State == b.State && sameJSON(a.Content, b.Content)
	})
}

func sameJSON(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}
