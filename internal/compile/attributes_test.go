package compile_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// ofAccountOnly is the number of attributes that the kinds have no fields for:
// remindersPausedUntil, disputed and consent.sms.
const ofAccountOnly = 3

// everyAttribute sets all that there are.
func everyAttribute() v1alpha1.Attributes {
	return v1alpha1.Attributes{
		TradingTermsDays: ptr.To(int32(0)), InvoiceTemplate: "business", MaxSubAccounts: ptr.To(int32(0)), Currency: "AUD", Locale: "en-AU", TimeZone: "Australia/Sydney", PortalAccess: v1alpha1.AccessDisabled,
		EmailNotifications: v1alpha1.AccessDisabled, SMSNotifications: v1alpha1.SMSWithConsent, Reminders: v1alpha1.AccessEnabled, ReminderMinimumAmount: "10.00",
		QuietHours: v1alpha1.QuietHours{Start: "22:00", End: "07:00"}, RequireVerifiedEmail: v1alpha1.AccessEnabled,
		CreditLimit: "5000.00", BillingDay: 28, InvoiceDelivery: v1alpha1.InvoiceDeliveryNone,
		LateFee: v1alpha1.LateFee{Type: v1alpha1.LateFeeFlat, Amount: "12.50", DaysAfterDue: ptr.To(int32(0)), MinimumBalance: "20", Label: "Fee"},
		Custom:  []v1alpha1.CustomAttribute{{Name: "segment", Value: "retail & more"}, {Name: "crm-id", Value: "0042"}},
	}
}

// Each attribute of the API arrives in the document, and nothing else does.
func TestEveryAttributeIsRendered(t *testing.T) {
	in := compile.Input{
		Tenant:          tenant(1, func(s *v1alpha1.TenantSpec) { s.Attributes = everyAttribute() }),
		AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 1, func(s *v1alpha1.AccountProfileSpec) { s.Attributes = everyAttribute() }), accountProfile("plain", 1)},
	}
	out := mustCompile(t, in)

	want, err := json.Marshal(everyAttribute())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := config.Parse(out.Document)
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range map[string]config.Entry{"Tenant": doc.Tenant, "business": entry(t, out.Document, "AccountProfile", "business")} {
		var content struct{ Attributes settings.Attributes }
		if err := json.Unmarshal(e.Content, &content); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tree(t, want), tree(t, e.Content)["attributes"]); diff != "" {
			t.Errorf("%s: attributes of the object and of its entry (-object +entry):\n%s", name, diff)
		}
		if got, all := content.Attributes.Keys(), len(settings.AttributeRegistry())+1-ofAccountOnly; len(got) != all {
			t.Errorf("this test sets %v, want all of the registry that are not of an account only, and two custom ones: %d", got, all)
		}
	}
	if plain := entry(t, out.Document, "AccountProfile", "plain"); bytes.Contains(plain.Content, []byte("attributes")) {
		t.Errorf("a profile that sets none has %s", plain.Content)
	}
}

// What only settings refuses, as the schema may be older or not asked (lint), is said by
// its place in the object.
func TestWrongAttributesAreNamed(t *testing.T) {
	wrong := v1alpha1.Attributes{SMSNotifications: "Perhaps", ReminderMinimumAmount: "some", QuietHours: v1alpha1.QuietHours{Start: "22:00", End: "24:00"}, CreditLimit: "lots", BillingDay: 31, InvoiceDelivery: "Pigeon",
		LateFee: v1alpha1.LateFee{Type: "Some", Amount: "-1", DaysAfterDue: ptr.To(int32(-1)), MinimumBalance: "x", Label: " "},
		Custom:  []v1alpha1.CustomAttribute{{Name: "segment", Value: " "}, {Name: "CRM", Value: "1"}}}
	out := mustCompile(t, compile.Input{Tenant: tenant(1), AccountProfiles: []v1alpha1.AccountProfile{accountProfile("business", 1, func(s *v1alpha1.AccountProfileSpec) { s.Attributes = wrong })}})

	var fields []string
	for _, p := range out.AccountProfiles["business"].Problems {
		fields = append(fields, strings.TrimPrefix(p.Field, "spec.attributes."))
	}
	want := []string{"smsNotifications", "reminderMinimumAmount", "quietHours.end", "creditLimit", "billingDay", "invoiceDelivery", "lateFee.type", "lateFee.amount", "lateFee.daysAfterDue", "lateFee.minimumBalance", "lateFee.label", "custom[0].value", "custom[1].name"}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("fields that are refused:\n%s", diff)
	}
}
