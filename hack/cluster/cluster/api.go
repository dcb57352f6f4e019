package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// apiClient asks the API server as the administrator.
type apiClient struct{ http *http.Client }

func newAPIClient(state string) (apiClient, error) {
	file := func(name string) string { return filepath.Join(state, "pki", name) }
	pair, err := tls.LoadX509KeyPair(file("admin.crt"), file("admin.key"))
	if err != nil {
		return apiClient{}, err
	}
	ca, err := os.ReadFile(file("ca.crt"))
	if err != nil {
		return apiClient{}, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return apiClient{http: &http.Client{
		Timeout:   3 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots}},
	}}, nil
}

func (c apiClient) get(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, apiServerURL+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // read only
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, response.Status)
	}
	return body, nil
}

func (c apiClient) ready(ctx context.Context) error {
	_, err := c.get(ctx, "/readyz")
	return err
}

// nodeReady says why the node is not Ready.
func (c apiClient) nodeReady(ctx context.Context) error {
	body, err := c.get(ctx, "/api/v1/nodes/"+nodeName)
	if err != nil {
		return err
	}
	return nodeReadyIn(body)
}

func nodeReadyIn(body []byte) error {
	var node struct {
		Status struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := json.Unmarshal(body, &node); err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type != "Ready" {
			continue
		}
		if condition.Status == "True" {
			return nil
		}
		return fmt.Errorf("node is not Ready: %s", condition.Message)
	}
	return errors.New("node has not reported yet")
}

func (c apiClient) defaultServiceAccount(ctx context.Context) error {
	_, err := c.get(ctx, "/api/v1/namespaces/default/serviceaccounts/default")
	return err
}

func neverGiveUp() error { return nil }

// waitFor asks until there is no error, and returns the last one when the time
// is over or when giveUp has an error to say that waiting is pointless.
func waitFor(ctx context.Context, limit time.Duration, ask func(context.Context) error, giveUp func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		if hopeless := giveUp(); hopeless != nil {
			return hopeless
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return errors.New("interrupted")
			}
			return fmt.Errorf("not after %s: %w", limit, err)
		case <-ticker.C:
		}
	}
}
