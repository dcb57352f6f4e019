package lint

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/cli/manifest"
)

const (
	tenant = `
apiVersion: foyer.dev/v1alpha1
kind: Tenant
metadata: {name: acme, namespace: acme}
spec: {displayName: Acme, portal: {hostname: my.acme.example}%s}
---`
	accountProfile = `
apiVersion: foyer.dev/v1alpha1
kind: AccountProfile
metadata: {name: %s, namespace: acme}
spec: {tenantRef: {name: acme}, displayName: Some%s}
---`
	myAccountProfile = `
apiVersion: foyer.dev/v1alpha1
kind: MyAccountProfile
metadata: {name: %s, namespace: acme}
spec: {tenantRef: {name: acme}, displayName: Some%s}
---`
	template = `
apiVersion: foyer.dev/v1alpha1
kind: EventTemplate
metadata: {name: %s, namespace: acme}
spec:
  tenantRef: {name: acme}
  event: %s
  accountProfileRefs: [{name: %s}]
  actions: [{name: banner, type: Banner, banner: {text: "%s"}}]
---`
)

// check returns the findings as "error: Kind/name: field: message".
func check(t *testing.T, options Options, content string) []string {
	t.Helper()
	set, err := manifest.Read(manifest.Source{Paths: []string{"-"}, In: strings.NewReader(content)})
	if err != nil {
		t.Fatal(err)
	}
	result, err := Check(set, options)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, f := range result.Findings {
		said = append(said, fmt.Sprintf("%s: %s: %s", f.Severity, f.Subject(), f.Message))
	}
	return said
}

// beginnings compares lists of which the one says how each line begins: the rest is told
// by other packages, and tested there.
var beginnings = cmp.Comparer(func(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !strings.HasPrefix(a[i], b[i]) && !strings.HasPrefix(b[i], a[i]) {
			return false
		}
	}
	return true
})

func TestCheck(t *testing.T) {
	const notInFiles = `note: EventTemplate/a: spec.tenantRef: Tenant "acme" is not in these files: its own events and defaults were not checked`
	for name, tt := range map[string]struct {
		options Options
		content string
		want    []string
	}{
		"all is well": {
			Options{Complete: true},
			fmt.Sprintf(tenant, "") + fmt.Sprintf(accountProfile, "gold", ", myAccountProfileRef: {name: full}") + fmt.Sprintf(myAccountProfile, "full", "") +
				fmt.Sprintf(template, "a", "ticket.opened", "gold", "Hello {{.account.name}}"),
			[]string{"warning: Tenant/acme: spec.delivery: mode is Hold, so nobody is sent a link to create a sign-in or to choose a new password, and what is held now is not sent later: set spec.email, try it with mode Redirect, then set Live"},
		},
		"only the operator's flags say which private hosts may be reached": {
			Options{Complete: true},
			fmt.Sprintf(tenant, `, delivery: {mode: Live}, email: {from: a@acme.example, smtp: {host: mail.relay.svc}}, webhooks: [{name: crm, url: "https://10.0.0.5/", events: ["invoice.*"], secretRef: {name: crm}}]`) +
				fmt.Sprintf(accountProfile, "gold", ""), nil,
		},
		"a part": {
			Options{}, fmt.Sprintf(template, "a", "ticket.opened", "gold", "Hello {{.account.nam}}"),
			[]string{
				notInFiles,
				`note: EventTemplate/a: spec.accountProfileRefs[0]: AccountProfile "gold" is not in these files, so whether it exists was not checked`,
				`error: EventTemplate/a: spec.actions[0].banner.text, line 1, column 9: there is no field .account.nam`,
			},
		},
		"the built-in profile needs no object": {
			Options{Complete: true}, fmt.Sprintf(tenant, "") + fmt.Sprintf(template, "a", "ticket.opened", "default", "Hello"), nil,
		},
		"nor by the name that the tenant gives its default": {
			Options{}, fmt.Sprintf(tenant, ", defaultAccountProfileRef: {name: usual}") + fmt.Sprintf(template, "a", "ticket.opened", "usual", "Hello"),
			[]string{`note: Tenant/acme: spec.defaultAccountProfileRef: AccountProfile "usual" is not in these files, so whether it exists was not checked`},
		},
		"all references of complete files": {
			Options{Complete: true},
			fmt.Sprintf(tenant, ", defaultMyAccountProfileRef: {name: nobody}") + fmt.Sprintf(accountProfile, "gold", ", myAccountProfileRef: {name: full}") +
				fmt.Sprintf(template, "a", "ticket.opened", "silver", "Hello"),
			[]string{
				`error: Tenant/acme: spec.defaultMyAccountProfileRef: there is no MyAccountProfile "nobody" in this tenant, and none that can be assigned`,
				`error: AccountProfile/gold: spec.myAccountProfileRef: there is no MyAccountProfile "full" in this tenant, and none that can be assigned`,
				`error: EventTemplate/a: spec.accountProfileRefs[0]: there is no AccountProfile "silver" in this tenant, there are: default (built in), gold`,
			},
		},
		"what is refused is told once, and not by what names it": {
			Options{Complete: true},
			fmt.Sprintf(tenant, ", attributes: {locale: xx-xx-xx}") + fmt.Sprintf(accountProfile, "gold", ", attributes: {currency: XXQ}") + fmt.Sprintf(template, "a", "ticket.opened", "gold", "Hello"),
			[]string{
				`error: Tenant/acme: spec.attributes.locale: "xx-xx-xx" is not a language tag, allowed is a BCP 47 tag such as en-AU`,
				`error: AccountProfile/gold: spec.attributes.currency: "XXQ" is not a currency, allowed is an ISO 4217 code such as EUR`,
			},
		},
		"in every layer": {
			Options{Complete: true},
			fmt.Sprintf(tenant, ", defaultMyAccountProfileRef: {name: full}, attributes: {currency: XXQ}") +
				fmt.Sprintf(myAccountProfile, "full", ", customer: '1', customerGroups: [a]") +
				fmt.Sprintf(accountProfile, "gold", ", myAccountProfileRef: {name: full}") + fmt.Sprintf(accountProfile, "silver", ", myAccountProfileRef: {name: ful}") +
				fmt.Sprintf(template, "a", "ticket.opened", "gold", "Hello") + fmt.Sprintf(template, "b", "ticket.opened", "silver", "Hello"),
			[]string{
				`error: Tenant/acme: spec.attributes.currency: "XXQ" is not a currency`,
				`error: MyAccountProfile/full: spec: Invalid value: customer and customerGroups exclude each other: a profile is for one customer`,
				`error: AccountProfile/silver: spec.myAccountProfileRef: there is no MyAccountProfile "ful" in this tenant, there are: full`,
			},
		},
		"a value of another type hides nothing else": {
			Options{Complete: true},
			fmt.Sprintf(tenant, ", orphanedProfiles: 3, attributes: {currency: XXQ}"),
			[]string{
				`note: Tenant/acme: rules about several fields are checked once the errors of this object are mended`,
				`error: Tenant/acme: spec.attributes.currency: "XXQ" is not a currency, allowed is an ISO 4217 code such as EUR`,
				`error: Tenant/acme: spec.orphanedProfiles: Invalid value: "integer": spec.orphanedProfiles in body must be of type string: "integer"`,
				`error: Tenant/acme: spec.orphanedProfiles: Unsupported value: 3: supported values: "Keep", "UseDefault"`,
			},
		},
		"a paused tenant": {
			Options{Complete: true},
			fmt.Sprintf(tenant, ", state: Paused") + fmt.Sprintf(template, "a", "ticket.opened", "default", "{{.account.nam}}"),
			[]string{`error: EventTemplate/a: spec.actions[0].banner.text, line 1, column 3: there is no field .account.nam`},
		},
		"own events": {
			Options{Complete: true},
			fmt.Sprintf(tenant, ", events: [{name: custom.read, fields: [{name: value, type: Decimal}]}]") +
				fmt.Sprintf(template, "a", "custom.read", "default", "{{.data.value}}") + fmt.Sprintf(template, "b", "custom.red", "default", "{{.data.valu}}"),
			[]string{`error: EventTemplate/b: spec.event: the Tenant declares no event "custom.red", it declares: custom.read`},
		},
		"own events of no tenant": {
			Options{}, fmt.Sprintf(template, "a", "custom.read", "default", "{{.data.value}}"),
			[]string{
				notInFiles,
				`note: EventTemplate/a: spec.event: custom.read could not be looked up, because the Tenant that declares it is not in these files: condition and texts were not checked`,
			},
		},
		"own events with errors": {
			Options{},
			fmt.Sprintf(tenant, ", events: [{name: custom.read, fields: [{name: value, type: Decimal, sample: x}]}, {name: custom.sound}]") +
				fmt.Sprintf(template, "a", "custom.read", "default", "{{.data.value}}") + fmt.Sprintf(template, "b", "custom.sound", "default", "{{.data.value}}"),
			[]string{
				`error: Tenant/acme: spec.events[0].fields[0].sample: must be a decimal in quotes, as "12.5", with at most 14 digits before and 9 after the point, not "x"`,
				`note: EventTemplate/a: spec.event: custom.read could not be looked up, because its declaration in the Tenant has errors: condition and texts were not checked`,
				`error: EventTemplate/b: spec.actions[0].banner.text, line 1, column 3: there is no field .data.value`,
			},
		},
		"no namespace": {
			Options{Namespace: "acme", Complete: true},
			fmt.Sprintf(tenant, "") + strings.ReplaceAll(fmt.Sprintf(template, "a", "ticket.opened", "default", "Hello"), ", namespace: acme", ""), nil,
		},
		"no name": {
			Options{}, "apiVersion: foyer.dev/v1alpha1\nkind: AccountProfile\nspec: {tenantRef: {name: acme}, displayName: Some}\n",
			[]string{
				`note: AccountProfile/(no name): rules about several fields are checked once the errors of this object are mended`,
				`error: AccountProfile/(no name): metadata.name: Required value: without a name an object cannot be applied`,
				`note: AccountProfile/(no name): spec.tenantRef: Tenant "acme" is not in these files: its own events and defaults were not checked`,
			},
		},
		"kinds of Foyer in groups that are not": {
			Options{Complete: true},
			"apiVersion: foyer.io/v1alpha1\nkind: EventTemplate\n---\napiVersion: v1alpha1\nkind: Tenant\n---\napiVersion: Foyer.Dev/v1alpha1\nkind: Tenant\n---\n" +
				"apiVersion: foyr.dev/v1alpha1\nkind: AccountProfile\n---\napiVersion: capsule.example/v1beta2\nkind: Tenant\n---\napiVersion: foyer.io/v1\nkind: Other\n",
			[]string{
				`error: EventTemplate/(no name): apiVersion: foyer.io/v1alpha1 has the name of one of Foyer's kinds, and was not checked: those are of foyer.dev/v1alpha1`,
				`error: Tenant/(no name): apiVersion: v1alpha1 has the name`,
				`error: Tenant/(no name): apiVersion: Foyer.Dev/v1alpha1 has the name`,
				`warning: AccountProfile/(no name): apiVersion: foyr.dev/v1alpha1 has the name`,
				`note: Tenant/(no name): apiVersion: capsule.example/v1beta2 has the name`,
			},
		},
		"placeholders of other systems": {
			Options{Complete: true},
			fmt.Sprintf(tenant, "") + fmt.Sprintf(template, "a", "ticket.opened", "default", "Hello %%name%%, {{.account.name}}"),
			[]string{`warning: EventTemplate/a: spec.actions[0].banner.text, line 1, column 7: %%name%% is written to customers as it is: a field is written as {{.account.name}}`},
		},
		"no spec": {
			Options{}, "apiVersion: foyer.dev/v1alpha1\nkind: EventTemplate\nmetadata: {name: a}\n",
			[]string{
				`note: EventTemplate/a: rules about several fields are checked once the errors of this object are mended`,
				`error: EventTemplate/a: spec: Required value`,
			},
		},
	} {
		if diff := cmp.Diff(tt.want, check(t, tt.options, tt.content), beginnings); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}
