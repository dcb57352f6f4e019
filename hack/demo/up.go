package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/foyerhq/foyer/hack/demo/people"
)

// up brings everything up, or up to date, and returns with it running.
func up(ctx context.Context) error {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return errors.New("the demo makes a Kubernetes node of this machine, so it needs Linux (Debian) and root.\n" +
			"With a cluster of your own: make deploy IMG=<a registry of yours>/foyer, then kubectl apply -k config/samples")
	}
	if err := os.MkdirAll(stateDir, 0o755); err != nil { //nolint:gosec // holds the public certificate; secrets in it have modes of their own
		return fmt.Errorf("make the demo's state directory: %w", err)
	}
	d := &demo{}
	err := runSteps(ctx, d, []step{
		{"Kubernetes on this machine (the first time: 8 to 12 minutes on 2 cores)", startCluster},
		{"PostgreSQL (Debian's, not as root)", startPostgres},
		{"the programs of Foyer, as one image, and kubectl foyer", buildImage},
		{"the operator, as a pod", deployOperator},
		{"two tenants from config/samples", applyTenants},
		{"the TLS edge on loopback, and the inbox", startEdge},
		{"customers, by the integration API", importCustomers},
		{"checking that it works, as its users would", checkSites},
	})
	if err != nil {
		return err
	}
	printWelcome(d)
	if err := printLinks(ctx, d); err != nil {
		return fmt.Errorf("the links that are in nobody's mail: %w", err)
	}
	fmt.Printf("\nDemo is up (%s).\n", time.Now().Format(time.TimeOnly))
	return nil
}

// startCluster runs hack/cluster, which is quick when the cluster runs already.
func startCluster(ctx context.Context, d *demo) error {
	if err := show(ctx, nil, "go", "-C", "hack/cluster", "build", "-o", "../../bin/cluster", "./cluster"); err != nil {
		return err
	}
	if err := show(ctx, nil, "bin/cluster", "up"); err != nil {
		return err
	}
	return d.readCluster(ctx)
}

// readCluster asks the cluster's own command where everything is.
func (d *demo) readCluster(ctx context.Context) error {
	out, err := capture(ctx, nil, nil, "bin/cluster", "env")
	if err != nil {
		return err
	}
	values := map[string]string{}
	for line := range strings.Lines(out) {
		if key, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "="); ok {
			values[key] = strings.Trim(value, "'")
		}
	}
	d.kubeconfig, d.kubectl, d.gateway, d.podCIDR = values["KUBECONFIG"], values["FOYER_KUBECTL"], values["FOYER_GATEWAY"], values["FOYER_POD_CIDR"]
	if d.kubeconfig == "" || d.kubectl == "" || d.gateway == "" || d.podCIDR == "" {
		return fmt.Errorf("bin/cluster env does not say where the cluster is:\n%s", out)
	}
	return nil
}

// buildImage builds every program and imports the image under a tag made of its
// content: Kubernetes does not notice an image that changes under its tag.
func buildImage(ctx context.Context, d *demo) error {
	version, err := capture(ctx, nil, nil, "git", "describe", "--tags", "--always", "--dirty")
	if err != nil {
		version = "demo"
	}
	build := func(name string) (path string, err error) {
		path = filepath.Join("bin", name)
		ldflags := "-s -w -X main.version=" + strings.TrimSpace(version)
		return path, show(ctx, []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-ldflags", ldflags, "-o", path, "./cmd/"+name)
	}
	args := []string{"image", "--tag", ""}
	sum := sha256.New()
	for _, name := range []string{"manager", "portal", "backoffice", "dispatcher"} {
		path, err := build(name)
		if err != nil {
			return err
		}
		if err := hashFile(sum, path); err != nil {
			return err
		}
		args = append(args, "--binary", path)
		note("built %s", path)
	}
	if _, err := build("kubectl-foyer"); err != nil { // for the person at this machine, not for a pod
		return err
	}
	note("built bin/kubectl-foyer")
	if err := d.prepareInbox(); err != nil {
		return err
	}
	authority := filepath.Join(stateDir, caFile) // the inbox's: dispatchers trust it
	if err := hashFile(sum, authority); err != nil {
		return err
	}
	args = append(args, "--authority", authority)
	d.image = "foyer:" + hex.EncodeToString(sum.Sum(nil))[:12]
	args[2] = d.image
	return show(ctx, nil, "bin/cluster", args...)
}

func hashFile(into io.Writer, path string) error {
	f, err := os.Open(path) //nolint:gosec // what was just built
	if err != nil {
		return fmt.Errorf("read what was built: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	if _, err := io.Copy(into, f); err != nil {
		return fmt.Errorf("read what was built: %w", err)
	}
	return nil
}

// deployOperator applies config/default with this image, and the server Secret.
func deployOperator(ctx context.Context, d *demo) error {
	overlay, err := d.writeOverlay()
	if err != nil {
		return err
	}
	if _, err := d.kube(ctx, nil, "apply", "--server-side", "--force-conflicts", "-k", overlay); err != nil {
		return err
	}
	password, err := serverPassword()
	if err != nil {
		return err
	}
	secret := fmt.Sprintf(`apiVersion: v1
kind: Secret
metadata:
  name: default
  namespace: foyer-system
  labels: {foyer.dev/database-server: "true"}
stringData:
  uri: %s
  allowedNamespaces: "*"
`, serverURI(d.gateway, password))
	if _, err := d.kube(ctx, []byte(secret), "apply", "--server-side", "--force-conflicts", "-f", "-"); err != nil {
		return err
	}
	_, err = d.kube(ctx, nil, "--namespace", "foyer-system", "rollout", "status", "deployment/foyer-manager", "--timeout=120s")
	return err
}

// writeOverlay is config/default with the demo's image, the edge as the one proxy that is
// trusted for the visitor's address, the host as the one private address that dispatchers
// may call, since the inbox is there, and clocks that can be moved. Sites are reached by the
// edge, and by pods in namespaces with a label, which stand in for proxies; so are metrics. The
// operator has the policy of config/network-policy, with the port of the demo's PostgreSQL.
func (d *demo) writeOverlay() (string, error) {
	dir := filepath.Join(stateDir, "deploy")
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // no secrets
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	name, tag, _ := strings.Cut(d.image, ":")
	overlay := fmt.Sprintf(`apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../../../config/default, ../../../config/network-policy]
images:
- {name: foyer, newName: %s, newTag: %q}
patches:
- target: {kind: Deployment, name: foyer-manager}
  patch: |-
    - {op: add, path: /spec/template/spec/containers/0/args/-, value: "--trusted-proxies=%s/32"}
    - {op: add, path: /spec/template/spec/containers/0/args/-, value: "--allow-outgoing=%s/32"}
    - {op: add, path: /spec/template/spec/containers/0/args/-, value: "--ingress-from=%s/32"}
    - {op: add, path: /spec/template/spec/containers/0/args/-, value: "--ingress-from=namespaces:demo.foyer.dev/role=proxy"}
    - {op: add, path: /spec/template/spec/containers/0/args/-, value: "--metrics-from=namespaces:demo.foyer.dev/role=monitoring"}
    - {op: add, path: /spec/template/spec/containers/0/args/-, value: "--tenant-clock"}
    - {op: replace, path: /spec/template/spec/containers/0/env/0/value, value: "%s"}
- target: {kind: NetworkPolicy, name: foyer-manager}
  patch: |-
    - {op: add, path: /spec/egress/1/ports/-, value: {port: %d, protocol: TCP}}
`, name, tag, d.gateway, d.gateway, d.gateway, d.image, postgresPort)
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(overlay), 0o644); err != nil { //nolint:gosec // no secrets
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	return dir, nil
}

func applyTenants(ctx context.Context, d *demo) error {
	dir, err := d.writeTenants()
	if err != nil {
		return err
	}
	if _, err := d.kube(ctx, nil, "apply", "--server-side", "--force-conflicts", "--validate=strict", "-k", dir); err != nil {
		return err
	}
	note("waiting until both tenants and their profiles are Ready")
	for _, kind := range []string{"tenants", "accountprofiles", "myaccountprofiles"} {
		if _, err := d.kube(ctx, nil, "wait", "--for=condition=Ready", kind, "--all", "--all-namespaces", "--timeout=180s"); err != nil {
			state, _ := d.kube(ctx, nil, "get", "foyer", "--all-namespaces", "-o", "wide")
			return fmt.Errorf("%w\n%s", err, state)
		}
	}
	return nil
}

func printWelcome(d *demo) {
	fmt.Printf("\nFoyer runs. Everyone's password is %q.\n", people.Password)
	for _, s := range sites() {
		fmt.Printf("\n  https://%s\n", s.host)
		for _, person := range s.provider.Known {
			fmt.Printf("    %-7s %s\n", person.Username, person.About)
		}
		fmt.Printf("  https://api.%s/api/v1/docs    the integration API\n", s.host)
	}
	fmt.Printf("\n  https://%s    every mail and text message of the demo\n", inboxHost)
	ca, err := filepath.Abs(filepath.Join(stateDir, caFile))
	if err != nil {
		ca = filepath.Join(stateDir, caFile)
	}
	fmt.Printf(`
A browser on this machine finds these names by itself. It will warn once, unless you
let it trust the demo's authority: %s

Now try, with
  export KUBECONFIG=%s
  export PATH=%s:$PATH

  kubectl get foyer -A
  kubectl -n acme patch accountprofile business --type=merge -p '{"spec":{"attributes":{"tradingTermsDays":30}}}'
  kubectl -n acme patch myaccountprofile basic --type=merge -p '{"spec":{"myAccountFlags":["ViewInvoices","ViewActivity"]}}'
  kubectl -n acme patch tenant acme --type=merge -p '{"spec":{"credentials":{"secondFactor":"Required"}}}'
  kubectl -n acme get accountprofile business -o yaml
  kubectl foyer lint --complete -R -f config/samples/acme
  kubectl foyer events invoice.unpaid
  kubectl foyer explain account 10001 -n acme             # what applies to dana, and why
  kubectl -n acme edit eventtemplate business-reminders    # break a field, and read its status

and reload the page of a customer. "bin/demo database-stop" and "database-start" show
what customers and kubectl see while PostgreSQL is away. "make demo-down" removes everything.

Every mail, text message and webhook of the demo ends at https://inbox.localhost; nothing
leaves this machine. "bin/demo story" shows how who is reminded when, and "bin/demo clock +1d"
has the dispatchers live a day later. Links to create a sign-in, to choose a new password, to
accept an invitation and to confirm an address are in mails, and shown by "bin/demo links".
These work now:
`, ca, d.kubeconfig, filepath.Dir(d.kubectl))
}

// down removes what up made, in the opposite order. It goes on after a failure, so
// that as much as possible is gone.
func down(ctx context.Context) error {
	failures := errors.Join(stopEdge(ctx), removePostgres(ctx), stopCluster(ctx))
	if failures != nil {
		return failures
	}
	if err := os.RemoveAll(stateDir); err != nil {
		return fmt.Errorf("delete the demo's state: %w", err)
	}
	fmt.Println("The demo is gone: no process, interface, mount or data of it is left.")
	return nil
}

func stopCluster(ctx context.Context) error {
	if err := show(ctx, nil, "go", "-C", "hack/cluster", "build", "-o", "../../bin/cluster", "./cluster"); err != nil {
		return err
	}
	return show(ctx, nil, "bin/cluster", "down")
}
