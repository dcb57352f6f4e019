package compile

import (
	"slices"
	"strings"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/config"
)

// What counts anyway is left out. Of a Secret the document says at most that there is one:
// the dispatcher has it as files.

func renderDelivery(d v1alpha1.DeliverySpec) config.Delivery {
	return config.Delivery{
		Mode:       unless(config.DeliveryMode(d.Mode), config.DeliveryHold),
		RedirectTo: string(d.RedirectTo),
		MaxPerHour: d.MaxPerHour,
	}
}

func renderEmail(e v1alpha1.EmailChannelSpec) config.EmailChannel {
	return config.EmailChannel{
		From: e.From, ReplyTo: string(e.ReplyTo),
		SMTP: config.SMTP{
			Host: e.SMTP.Host, Port: e.SMTP.Port,
			Security: unless(config.SMTPSecurity(e.SMTP.Security), config.SMTPTLS),
			Signed:   e.SMTP.SecretRef.Name != "",
		},
		DKIM: config.DKIM{Domain: e.DKIM.Domain, Selector: e.DKIM.Selector},
	}
}

func renderWebhooks(declared []v1alpha1.TenantWebhookSpec) []config.TenantWebhook {
	var webhooks []config.TenantWebhook
	for _, w := range declared {
		webhooks = append(webhooks, config.TenantWebhook{Name: w.Name, URL: w.URL, Events: set(plain(w.Events))})
	}
	slices.SortStableFunc(webhooks, func(a, b config.TenantWebhook) int { return strings.Compare(a.Name, b.Name) })
	return webhooks
}
