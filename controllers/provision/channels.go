package provision

import (
	"fmt"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/config"
)

// ChannelSecret is a Secret by which a tenant's dispatcher sends. The tenant's people make
// it; Foyer mounts it, and never reads what it holds.
type ChannelSecret struct {
	Field string   // that names it, as spec.sms.secretRef
	Dir   string   // below that of the channels
	Name  string   // of the Secret
	Keys  []string // that it must have
}

// ChannelSecrets are those that a Tenant names.
func ChannelSecrets(t *v1alpha1.Tenant) []ChannelSecret {
	var list []ChannelSecret
	add := func(field, dir string, ref v1alpha1.ObjectRef, keys ...string) {
		if ref.Name != "" {
			list = append(list, ChannelSecret{field, dir, ref.Name, keys})
		}
	}
	add("spec.email.smtp.secretRef", config.SMTPSecretDir, t.Spec.Email.SMTP.SecretRef, "username", "password")
	add("spec.email.dkim.secretRef", config.DKIMSecretDir, t.Spec.Email.DKIM.SecretRef, "key")
	if t.Spec.SMS.Type == v1alpha1.SMSTwilio {
		add("spec.sms.secretRef", config.SMSSecretDir, t.Spec.SMS.SecretRef, "accountSID", "authToken")
	} else {
		add("spec.sms.secretRef", config.SMSSecretDir, t.Spec.SMS.SecretRef, "authorization")
	}
	for i, w := range t.Spec.Webhooks {
		add(fmt.Sprintf("spec.webhooks[%d].secretRef", i), config.WebhookSecretDir+w.Name, w.SecretRef, "secret")
	}
	return list
}
