package provision

import (
	"fmt"
	"slices"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/config"
)

// NamedSecret is a Secret that a Tenant names. The tenant's people make it; Foyer never
// keeps what it holds.
type NamedSecret struct {
	Field string   // that names it, as spec.sms.secretRef
	Dir   string   // of a channel: below that of the channels
	Name  string   // of the Secret
	Keys  []string // that it must have
	Also  []string // that it may have
	Alone string   // one of these that is enough without Keys; empty: none is
}

// Lacks are the keys that are missing where there are these.
func (s NamedSecret) Lacks(keys []string) []string {
	has := func(key string) bool { return slices.Contains(keys, key) }
	if has(s.Alone) && !slices.ContainsFunc(s.Keys, has) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.Keys), has)
}

// files are the keys that a pod sees: whatever Secret is named, nothing else of it is shown.
func (s NamedSecret) files() []string { return slices.Concat(s.Keys, s.Also) }

// NamedSecrets are those of the channels, the one by which events are signed that others
// send in, and those with the certificates of the sites.
func NamedSecrets(t *v1alpha1.Tenant) []NamedSecret {
	return slices.Concat(ChannelSecrets(t), signingSecrets(t), certificateSecrets(t))
}

// certificateSecrets are those that Ingresses name. Pods do not see them.
func certificateSecrets(t *v1alpha1.Tenant) []NamedSecret {
	var list []NamedSecret
	for _, site := range Sites(t) {
		if ref := site.Exposure.Ingress.TLSSecretRef; site.Kind() == KindIngress && ref.Name != "" {
			list = append(list, NamedSecret{Field: site.Field + ".exposure.ingress.tlsSecretRef", Name: ref.Name, Keys: []string{"tls.crt", "tls.key"}})
		}
	}
	return list
}

// signingSecrets is the one by which events are signed, if there is one.
func signingSecrets(t *v1alpha1.Tenant) []NamedSecret {
	ref := t.Spec.Backoffice.EventSigningSecretRef
	if ref.Name == "" {
		return nil
	}
	return []NamedSecret{{Field: "spec.backoffice.eventSigningSecretRef", Name: ref.Name, Keys: []string{"secret"}}}
}

// caKey is the key with the authorities of a mail server's certificate. One without a
// username and a password beside it is for a server that asks for none.
const caKey = "ca.crt"

// ChannelSecrets are those by which a tenant's dispatcher sends.
func ChannelSecrets(t *v1alpha1.Tenant) []NamedSecret {
	var list []NamedSecret
	add := func(ref v1alpha1.ObjectRef, s NamedSecret) {
		if ref.Name != "" {
			s.Name = ref.Name
			list = append(list, s)
		}
	}
	add(t.Spec.Email.SMTP.SecretRef, NamedSecret{
		Field: "spec.email.smtp.secretRef", Dir: config.SMTPSecretDir, Keys: []string{"username", "password"}, Also: []string{caKey}, Alone: caKey,
	})
	add(t.Spec.Email.DKIM.SecretRef, NamedSecret{Field: "spec.email.dkim.secretRef", Dir: config.DKIMSecretDir, Keys: []string{"key"}})
	text := []string{"authorization"}
	if t.Spec.SMS.Type == v1alpha1.SMSTwilio {
		text = []string{"accountSID", "authToken"}
	}
	add(t.Spec.SMS.SecretRef, NamedSecret{Field: "spec.sms.secretRef", Dir: config.SMSSecretDir, Keys: text, Also: []string{"statusURL"}})
	for i, w := range t.Spec.Webhooks {
		add(w.SecretRef, NamedSecret{Field: fmt.Sprintf("spec.webhooks[%d].secretRef", i), Dir: config.WebhookSecretDir + w.Name, Keys: []string{"secret"}})
	}
	return list
}

// IsOwnSecret says whether a Secret is one of those that Foyer makes, for whatever Tenant.
func IsOwnSecret(labels map[string]string) bool {
	return labels[LabelManagedBy] == Name && labels[LabelTenant] != ""
}
