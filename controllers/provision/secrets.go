package provision

import (
	"fmt"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/config"
)

// NamedSecret is a Secret that a Tenant names. The tenant's people make it; Foyer mounts
// it, and never keeps what it holds.
type NamedSecret struct {
	Field string   // that names it, as spec.sms.secretRef
	Dir   string   // of a channel: below that of the channels
	Name  string   // of the Secret
	Keys  []string // that it must have
}

// NamedSecrets are those of the channels, and the one by which events are signed that
// others send in.
func NamedSecrets(t *v1alpha1.Tenant) []NamedSecret {
	list := ChannelSecrets(t)
	if ref := t.Spec.Backoffice.EventSigningSecretRef; ref.Name != "" {
		list = append(list, NamedSecret{Field: "spec.backoffice.eventSigningSecretRef", Name: ref.Name, Keys: []string{"secret"}})
	}
	return list
}

// ChannelSecrets are those by which a tenant's dispatcher sends.
func ChannelSecrets(t *v1alpha1.Tenant) []NamedSecret {
	var list []NamedSecret
	add := func(field, dir string, ref v1alpha1.ObjectRef, keys ...string) {
		if ref.Name != "" {
			list = append(list, NamedSecret{field, dir, ref.Name, keys})
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
