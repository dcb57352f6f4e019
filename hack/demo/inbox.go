package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/foyerhq/foyer/hack/demo/edge"
	"github.com/foyerhq/foyer/hack/demo/inbox"
	"github.com/foyerhq/foyer/internal/integration/signature"
)

const (
	inboxHost  = "inbox.localhost"
	inboxFile  = "inbox.json"
	mailPort   = 25025 // of the inbox, on the pods' bridge
	intakePort = 25443
	mostKept   = 2000 // messages
)

// inboxSettings are what the inbox and the tenants' channels know of each other.
type inboxSettings struct {
	Address   string            `json:"address"`   // of the host, as pods see it
	Passwords map[string]string `json:"passwords"` // by tenant
	Hooks     map[string]string `json:"hooks"`     // secrets of webhooks, by tenant
}

// inboxSettingsOf reads the settings of the demo's inbox, or makes them.
func inboxSettingsOf(gateway string) (inboxSettings, error) {
	path := filepath.Join(stateDir, inboxFile)
	text, err := os.ReadFile(path) //nolint:gosec // the demo's own state
	s := inboxSettings{Passwords: map[string]string{}, Hooks: map[string]string{}}
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return s, fmt.Errorf("read the settings of the inbox: %w", err)
	}
	for _, site := range sites() {
		if s.Passwords[site.tenant] == "" {
			secret := make([]byte, 32)
			_, _ = rand.Read(secret) // never fails: crypto/rand ends the program instead
			s.Passwords[site.tenant], s.Hooks[site.tenant] = rand.Text(), "whsec_"+base64.StdEncoding.EncodeToString(secret)
		}
	}
	s.Address = gateway
	if text, err = json.MarshalIndent(s, "", "  "); err != nil {
		return s, fmt.Errorf("write the settings of the inbox: %w", err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return s, fmt.Errorf("write the settings of the inbox: %w", err)
	}
	return s, nil
}

// newInbox is the inbox that the edge's process runs.
func newInbox() (*inbox.Inbox, inboxSettings, error) {
	text, err := os.ReadFile(filepath.Join(stateDir, inboxFile))
	if err != nil {
		return nil, inboxSettings{}, fmt.Errorf("read the settings of the inbox: %w", err)
	}
	var s inboxSettings
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, s, fmt.Errorf("read the settings of the inbox: %w", err)
	}
	hooks := map[string]signature.Keys{}
	for tenant, secret := range s.Hooks {
		if hooks[tenant], err = signature.Parse(secret); err != nil {
			return nil, s, fmt.Errorf("the secret of %s's webhook: %w", tenant, err)
		}
	}
	return inbox.New(inbox.Options{Passwords: s.Passwords, Hooks: hooks, Most: mostKept, Now: time.Now}), s, nil
}

// serveInbox takes what pods send until ctx ends.
func serveInbox(ctx context.Context, box *inbox.Inbox, s inboxSettings, authority *edge.Authority) error {
	certificate, err := authority.Certificate(s.Address)
	if err != nil {
		return err
	}
	mails, err := box.ServeMail(net.JoinHostPort(s.Address, strconv.Itoa(mailPort)), *certificate)
	if err != nil {
		return err
	}
	intake := &http.Server{
		Handler: box.Intake(), ReadHeaderTimeout: 10 * time.Second,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*certificate}},
	}
	slog.Info("inbox listens", "address", s.Address, "mail", mailPort, "intake", intakePort)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return edge.Serve(ctx, intake, net.JoinHostPort(s.Address, strconv.Itoa(intakePort))) })
	group.Go(func() error {
		<-ctx.Done()
		return mails.Close()
	})
	return group.Wait()
}

// prepareInbox makes what the image, the edge and the tenants need of it.
func (d *demo) prepareInbox() error {
	if _, err := edge.LoadAuthority(stateDir); err != nil {
		return err
	}
	settings, err := inboxSettingsOf(d.gateway)
	d.inbox = settings
	return err
}

// writeTenants is config/samples, Live and with channels that lead to the inbox: pods have no
// name for it, so its address is that of their bridge.
func (d *demo) writeTenants() (string, error) {
	dir := filepath.Join(stateDir, "tenants")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("write the tenants: %w", err)
	}
	ca, err := os.ReadFile(filepath.Join(stateDir, caFile))
	if err != nil {
		return "", fmt.Errorf("write the tenants: %w", err)
	}
	var overlay, secrets strings.Builder
	overlay.WriteString("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../../../config/samples, secrets.yaml]\npatches:\n")
	for _, s := range sites() {
		fmt.Fprintf(&overlay, tenantPatch, s.tenant, s.namespace, d.inbox.Address, mailPort, s.tenant, d.inbox.Address, intakePort, s.tenant,
			base64.StdEncoding.EncodeToString([]byte("Bearer "+d.inbox.Passwords[s.tenant])))
		fmt.Fprintf(&secrets, tenantSecrets, s.tenant, s.namespace, d.inbox.Passwords[s.tenant], base64.StdEncoding.EncodeToString(ca), d.inbox.Hooks[s.tenant])
	}
	for name, text := range map[string]string{"kustomization.yaml": overlay.String(), "secrets.yaml": secrets.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return "", fmt.Errorf("write the tenants: %w", err)
		}
	}
	return dir, nil
}

// tenantPatch has a tenant send, by channels that lead to the inbox.
const tenantPatch = `- target: {kind: Tenant, name: %[1]s, namespace: %[2]s}
  patch: |-
    - {op: replace, path: /spec/delivery/mode, value: Live}
    - {op: replace, path: /spec/email/smtp, value: {host: "%[3]s", port: %[4]d, security: StartTLS, secretRef: {name: %[5]s-smtp}}}
    - {op: replace, path: /spec/sms/url, value: "https://%[6]s:%[7]d/sms/%[8]s"}
    - {op: add, path: /spec/webhooks, value: [{name: inbox, url: "https://%[6]s:%[7]d/webhook/%[8]s", events: ["account.*", "contact.*", "invoice.*", "order.*"], secretRef: {name: %[1]s-webhook}}]}
- target: {kind: Secret, name: %[1]s-sms, namespace: %[2]s}
  patch: |-
    - {op: replace, path: /data/authorization, value: "%[9]s"}
`

const tenantSecrets = `---
apiVersion: v1
kind: Secret
metadata: {name: %[1]s-smtp, namespace: %[2]s}
stringData: {username: "%[1]s", password: "%[3]s"}
data: {ca.crt: %[4]s}
---
apiVersion: v1
kind: Secret
metadata: {name: %[1]s-webhook, namespace: %[2]s}
stringData: {secret: "%[5]s"}
`
