package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/foyerhq/foyer/hack/demo/people"
	"github.com/foyerhq/foyer/hack/demo/visit"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/integration"
)

// site is one tenant of config/samples.
type site struct {
	namespace, tenant, host string
	provider                people.Provider
}

func sites() []site {
	return []site{
		{"acme", "acme", "acme.localhost", people.Acme()},
		{"nordlicht", "nordlicht", "nordlicht.localhost", people.Nordlicht()},
	}
}

// importCustomers sends every provider's customers through the edge, with the first
// API token of the tenant, as the provider's billing system would.
func importCustomers(ctx context.Context, d *demo) error {
	hasher := identity.NewHasher(identity.DefaultParams, identity.NewQueue(1, 1, time.Minute))
	hash, err := hasher.Hash(ctx, people.Password)
	if err != nil {
		return fmt.Errorf("hash the demo's password: %w", err)
	}
	for _, s := range sites() {
		if err := d.importSite(ctx, s, hash); err != nil {
			return fmt.Errorf("%s: %w", s.tenant, err)
		}
	}
	return nil
}

func (d *demo) importSite(ctx context.Context, s site, hash string) error {
	api, err := d.api(ctx, s)
	if err != nil {
		return err
	}
	return people.Send(ctx, api, s.provider, hash, time.Now(), func(format string, args ...any) {
		note("%-10s "+format, append([]any{s.tenant}, args...)...)
	})
}

// api is the integration API of a tenant, through the edge.
func (d *demo) api(ctx context.Context, s site) (*integration.Client, error) {
	token, err := d.apiToken(ctx, s)
	if err != nil {
		return nil, err
	}
	http, err := visit.Client(stateDir)
	if err != nil {
		return nil, err
	}
	return &integration.Client{BaseURL: "https://api." + s.host, Token: token, HTTP: http}, nil
}

// apiToken reads the tenant's first token, with the user's own Kubernetes rights.
func (d *demo) apiToken(ctx context.Context, s site) (string, error) {
	text, err := d.kube(ctx, nil, "--namespace", s.namespace, "get", "secret", s.tenant+"-cli", "-o", "jsonpath={.data.token}")
	if err != nil {
		return "", err
	}
	token, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", fmt.Errorf("secret %s-cli: %w", s.tenant, err)
	}
	return string(token), nil
}
