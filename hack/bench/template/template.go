// Package template makes the event templates that benchmarks use: a mail, as text and
// as HTML, and a text message, with a condition.
package template

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// Events are those that the templates are for.
var Events = []string{
	"invoice.unpaid", "invoice.issued", "payment.received", "invoice.paid", "account.created",
	"account.statusChanged", "order.placed", "service.activated", "ticket.opened", "ticket.closed",
}

// Of makes a template for an event and the accounts of one profile. Its texts have its
// name in them, so no two templates share one.
func Of(namespace, tenant, name, event, profile string) v1alpha1.EventTemplate {
	var days []int32
	if event == "invoice.unpaid" {
		days = []int32{3, 10}
	}
	return v1alpha1.EventTemplate{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.EventTemplateSpec{
			TenantRef:          v1alpha1.ObjectRef{Name: tenant},
			Event:              event,
			AccountProfileRefs: []v1alpha1.ObjectRef{{Name: profile}},
			When:               fmt.Sprintf(`account.status == "Active" && account.id != %q`, name),
			Actions: []v1alpha1.ActionSpec{{
				Name: "mail", Type: v1alpha1.ActionEmail, Days: days,
				Email: v1alpha1.EmailSpec{
					To:      []v1alpha1.EmailRecipient{"Billing"},
					Subject: "{{.tenant.name}}: news for {{.account.name}}, " + name,
					Text: "Dear {{if .recipient.firstName}}{{.recipient.firstName}}{{else}}customer{{end}},\n\n" +
						"this is " + name + ". There is news of your account {{.account.id}}, {{.account.name}}, which is {{.account.status}}.\n\n" +
						"You find it at {{.tenant.portalURL}}.\n{{if .tenant.supportEmail}}Questions? {{.tenant.supportEmail}}\n{{end}}",
					HTML: "<p>Dear {{if .recipient.firstName}}{{.recipient.firstName}}{{else}}customer{{end}},</p>\n" +
						"<p>this is " + name + ". There is news of your account {{.account.id}}, <b>{{.account.name}}</b>.</p>\n" +
						`<p><a href="{{.tenant.portalURL}}">See it in the portal</a></p>`,
				},
			}, {
				Name: "sms", Type: v1alpha1.ActionSMS, Days: days,
				SMS: v1alpha1.SMSSpec{
					To:   []v1alpha1.SMSRecipient{"Owner"},
					Text: "{{.tenant.name}}: news of account {{.account.id}}, " + name + ": {{.tenant.portalURL}}",
				},
			}},
		},
	}
}
