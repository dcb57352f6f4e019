package provision

import (
	"fmt"
	"slices"

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
	Also  []string // that it may have
}

// files are the keys that a pod sees: whatever Secret is named, nothing else of it is shown.
func (s NamedSecret) files() []string { return slices.Concat(s.Keys, s.Also) }

// NamedSecrets are those of the channels, and the one by which events are signed that
// others send in.
func NamedSecrets(t *v1alpha1.Tenant) []NamedSecret {
	return append(ChannelSecrets(t), signingSecrets(t)...)
}

// signingSecrets is the one by which events are signed, if there is one.
func signingSecrets(t *v1alpha1.Tenant) []NamedSecret {
	ref := t.Spec.Backoffice.EventSigningSecretRef
	if ref.Name == "" {
		return nil
	}
	return []NamedSecret{{Field: "spec.backoffice.eventSigningSecretRef", Name: ref.Name, Keys: []string{"secret"}}}
}

// ChannelSecrets are those by which a tenant's dispatcher sends.
func ChannelSecrets(t *v1alpha1.Tenant) []NamedSecret {
	var list []NamedSecret
	add := func(field, dir string, ref v1alpha1.ObjectRef, keys, also []string) {
		if ref.Name != "" {
			list = append(list, NamedSecret{field, dir, ref.Name, keys, also})
		}
	}
	add("spec.email.smtp.secretRef", config.SMTPSecretDir, t.Spec.Email.SMTP.SecretRef, []string{"username", "password"}, []string{"ca.crt"})
	add("spec.email.dkim.secretRef", config.DKIMSecretDir, t.Spec.Email.DKIM.SecretRef, []string{"key"}, nil)
	text := []string{"authorization"}
	if t.Spec.SMS.Type == v1alpha1.SMSTwilio {
		text = []string{"accountSID", "authToken"}
	}
	add("spec.sms.secretRef", config.SMSSecretDir, t.Spec.SMS.SecretRef, text, []string{"statusURL"})
	for i, w := range t.Spec.Webhooks {
		add(fmt.Sprintf("spec.webhooks[%d].secretRef", i), config.WebhookSecretDir+w.Name, w.SecretRef, []string{"secret"}, nil)
	}
	return list
}

// IsOwnSecret says whether a Secret is one of those that Foyer makes, for whatever Tenant.
func IsOwnSecret(labels map[string]string) bool {
	return labels[LabelManagedBy] == Name && labels[LabelTenant] != ""
}
