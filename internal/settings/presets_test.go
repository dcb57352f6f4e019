package settings

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExpandPresets(t *testing.T) {
	for name, test := range map[string]struct{ list, want []Feature }{
		"nothing":           {nil, []Feature{}},
		"features":          {[]Feature{ViewActivity, ViewInvoices, ViewActivity}, []Feature{ViewInvoices, ViewActivity}},
		"Owner":             {[]Feature{"Owner"}, all()},
		"Billing":           {[]Feature{"Billing"}, []Feature{ViewInvoices, DownloadInvoices, PayInvoices, ViewPayments, PlaceOrders}},
		"Technical":         {[]Feature{"Technical"}, []Feature{ViewServices}},
		"SiteContact":       {[]Feature{"SiteContact"}, []Feature{RequestService}},
		"ReadOnly":          {[]Feature{"ReadOnly"}, []Feature{ViewInvoices, ViewPayments, ViewServices, ViewEmails, ViewActivity}},
		"preset and more":   {[]Feature{"Technical", ViewActivity}, []Feature{ViewServices, ViewActivity}},
		"what nobody knows": {[]Feature{"Fly"}, []Feature{}},
	} {
		if diff := cmp.Diff(test.want, ExpandPresets(test.list)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if len(Presets()) != len(presets) {
		t.Errorf("%d presets are named, there are %d", len(Presets()), len(presets))
	}
	for _, name := range Presets() {
		if _, clash := LookupFeature(name); clash || presets[name] == nil {
			t.Errorf("%s is also a feature, or no preset", name)
		}
	}
}

func all() []Feature {
	var list []Feature
	for _, info := range FeatureRegistry() {
		list = append(list, info.Feature)
	}
	return list
}
