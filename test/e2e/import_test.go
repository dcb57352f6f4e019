//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/foyerhq/foyer/hack/demo/visit"
	"github.com/foyerhq/foyer/internal/integration"
)

// foyer is `kubectl foyer`, as a person has it in PATH.
type foyer struct{ path string }

func buildFoyer(t *testing.T) foyer {
	t.Helper()
	f := foyer{filepath.Join(t.TempDir(), "kubectl-foyer")}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", f.path, "./cmd/kubectl-foyer")
	cmd.Dir = repository
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build kubectl foyer: %v: %s", err, out)
	}
	return f
}

// command is a command of the plugin on the demo's cluster.
func (f foyer) command(ctx context.Context, args ...string) (cmd *exec.Cmd, out, problems *bytes.Buffer) {
	cmd = exec.CommandContext(ctx, f.path, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(repository, ".state/cluster/kubeconfig"))
	out, problems = &bytes.Buffer{}, &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = out, problems
	return cmd, out, problems
}

// run returns what is printed, and the exit code.
func (f foyer) run(t *testing.T, args ...string) (out, problems string, code int) {
	t.Helper()
	cmd, printed, said := f.command(t.Context(), args...)
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return printed.String(), said.String(), code
}

// value is that of an attribute of an account, with the layer that decided it.
func (f foyer) value(t *testing.T, account, key string) string {
	t.Helper()
	out, problems, code := f.run(t, "explain", "account", account, "-n", "acme", "-o", "json")
	var settings integration.AccountSettings
	if err := json.Unmarshal([]byte(out), &settings); err != nil || code != 0 {
		t.Fatalf("explain: code %d, %v: %s", code, err, problems)
	}
	at := slices.IndexFunc(settings.Attributes, func(s integration.AppliedSetting) bool { return s.Key == key })
	if at < 0 {
		t.Fatalf("account %s has no attribute %s: %s", account, key, out)
	}
	return settings.Attributes[at].Value + " by " + settings.Attributes[at].Source
}

func csvFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "accounts.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A file goes in through the cluster, what is wrong in it is told by line and column, and
// what applies to the account afterwards is explained.
func TestImportThroughTheCluster(t *testing.T) {
	f := buildFoyer(t)
	before := f.value(t, "10001", "billingDay")
	set := csvFile(t, "ID,attributes.billingDay\n10001,17\nnobody-e2e,17\n")
	unset := csvFile(t, "id,attributes.billingDay\n10001,null\n")
	t.Cleanup(func() {
		cmd, _, problems := f.command(context.WithoutCancel(t.Context()), "import", "accounts", "-n", "acme", "-f", unset)
		if err := cmd.Run(); err != nil {
			t.Errorf("leave the account as it was: %v: %s", err, problems)
		}
	})
	out, problems, code := f.run(t, "import", "accounts", "-n", "acme", "-f", set)
	if code != 1 || !strings.Contains(out, "2 lines: 0 new, 1 changed, 0 as before, 1 refused") || !strings.Contains(out, set+":3: nobody-e2e: name: is missing") {
		t.Fatalf("code %d:\n%s%s", code, out, problems)
	}
	if got := f.value(t, "10001", "billingDay"); got != "17 by Account" {
		t.Errorf("it is %s", got)
	}
	out, problems, code = f.run(t, "explain", "account", "10001", "--namespace", "acme", "--tenant", "acme")
	if code != 0 || !strings.Contains(out, "Account 10001, ") || !strings.Contains(out, ", of Tenant acme\n") || !strings.Contains(out, "Account/10001\n") {
		t.Errorf("code %d:\n%s%s", code, out, problems)
	}
	if out, problems, code = f.run(t, "import", "accounts", "-n", "acme", "-f", unset); code != 0 {
		t.Fatalf("code %d:\n%s%s", code, out, problems)
	}
	if after := f.value(t, "10001", "billingDay"); after != before {
		t.Errorf("it is %s, and was %s before", after, before)
	}
}

// The same from outside of the cluster, by the address of the API.
func TestExplainByTheAddressOfTheAPI(t *testing.T) {
	f := buildFoyer(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(apiToken(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	server := []string{"--server", "https://api." + acmeHost, "--token-file", token}
	out, problems, code := f.run(t, append([]string{"explain", "account", "10001", "--certificate-authority", filepath.Join(repository, ".state/demo/ca.crt")}, server...)...)
	if code != 0 || !strings.HasPrefix(out, "Account 10001, ") {
		t.Errorf("code %d:\n%s%s", code, out, problems)
	}
	if _, problems, code = f.run(t, append([]string{"explain", "account", "10001"}, server...)...); code != 2 || !strings.Contains(problems, "certificate") {
		t.Errorf("without the demo's authority: code %d: %s", code, problems)
	}
}

// A right that is missing is named.
func TestImportWithoutRights(t *testing.T) {
	out, problems, code := buildFoyer(t).run(t, "explain", "account", "10001", "-n", "acme", "--tenant", "acme", "--as", "nobody-e2e")
	if code != 2 || out != "" || !strings.Contains(problems, "you need the right to get secrets in namespace acme: ") || !strings.Contains(problems, `User "nobody-e2e" cannot get resource "secrets"`) {
		t.Errorf("code %d: %s%s", code, out, problems)
	}
}

// Every pod of the API is replaced in the middle of an import: it goes on with a new one,
// and no line is lost. The lines are long, so that few of them are several requests.
func TestImportWhileThePodsAreReplaced(t *testing.T) {
	const half = 400
	const names = 2 * half // an id comes once in an import
	f, c := buildFoyer(t), cluster(t)
	t.Cleanup(func() { deleteGroups(t, names) })
	pipe := filepath.Join(t.TempDir(), "groups.ndjson")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, out, problems := f.command(t.Context(), "import", "groups", "-n", "acme", "-f", pipe)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	lines, err := os.OpenFile(pipe, os.O_RDWR, 0) // does not wait for a reader
	if err != nil {
		t.Fatal(err)
	}
	if err := lines.SetWriteDeadline(time.Now().Add(5 * time.Minute)); err != nil { // should nobody read them
		t.Fatal(err)
	}
	writeGroups(t, lines, 0, half, names)
	eventually(t, time.Minute, "the first request answered", func() string {
		if _, err := os.Stat(pipe + ".foyer-import"); err != nil {
			return err.Error()
		}
		return ""
	})
	replaceAPIPods(t, c)
	writeGroups(t, lines, half, 2*half, names)
	if err := lines.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err = <-ended:
	case <-time.After(5 * time.Minute):
		t.Fatal("the import does not end")
	}
	// What was applied before the connection broke counts as before.
	var created, before int
	_, told, _ := strings.Cut(out.String(), fmt.Sprintf("%d lines: ", names))
	if _, scanned := fmt.Sscanf(told, "%d new, 0 changed, %d as before, 0 refused", &created, &before); err != nil || scanned != nil || created+before != names {
		t.Errorf("%v, want all of %d lines applied:\n%s%s", err, names, out, problems)
	}
	waitReady(t, "tenant/acme")
}

// writeGroups writes lines of groups.
func writeGroups(t *testing.T, to *os.File, from, end, names int) {
	t.Helper()
	long := strings.Repeat(" ", 60_000)
	for i := from; i < end; i++ {
		if _, err := fmt.Fprintf(to, "{\"name\":\"e2e-import-%d\"%s}\n", i%names, long); err != nil {
			t.Fatal(err)
		}
	}
}

// replaceAPIPods deletes every pod behind the API and waits until they are gone.
func replaceAPIPods(t *testing.T, c client.Client) {
	t.Helper()
	service := &corev1.Service{ObjectMeta: named("acme-api")}
	get(t, c, service)
	selector := client.MatchingLabelsSelector{Selector: labels.SelectorFromSet(service.Spec.Selector)}
	pods := &corev1.PodList{}
	if err := c.List(t.Context(), pods, client.InNamespace("acme"), selector); err != nil {
		t.Fatal(err)
	}
	if len(pods.Items) == 0 {
		t.Fatal("there is no pod behind the API")
	}
	for i := range pods.Items {
		if err := c.Delete(t.Context(), &pods.Items[i]); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, 2*time.Minute, "the former pods gone", func() string {
		for i := range pods.Items {
			if err := c.Get(t.Context(), client.ObjectKeyFromObject(&pods.Items[i]), &corev1.Pod{}); client.IgnoreNotFound(err) != nil || err == nil {
				return fmt.Sprintf("%s is there: %v", pods.Items[i].Name, err)
			}
		}
		return ""
	})
}

// apiToken is the first token of the tenant's API.
func apiToken(t *testing.T) string {
	t.Helper()
	secret := &corev1.Secret{ObjectMeta: named("acme-cli")}
	get(t, cluster(t), secret)
	return string(secret.Data["token"])
}

// deleteGroups leaves the demo without the groups of a test.
func deleteGroups(t *testing.T, names int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	defer cancel()
	api, err := visit.Client(filepath.Join(repository, ".state/demo"))
	if err != nil {
		t.Error(err)
		return
	}
	token := mustKubectlIn(ctx, t, "get", "secret", "acme-cli", "-n", "acme", "-o", "go-template={{.data.token | base64decode}}")
	pace := time.NewTicker(15 * time.Millisecond) // a token may send 100 requests a second
	defer pace.Stop()
	for i := range names {
		<-pace.C
		request, err := http.NewRequestWithContext(ctx, http.MethodDelete, fmt.Sprintf("https://api.%s/api/v1/groups/e2e-import-%d", acmeHost, i), nil)
		if err != nil {
			t.Error(err)
			return
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := api.Do(request)
		if err != nil {
			t.Error(err)
			return
		}
		_ = response.Body.Close() // nothing of it is read
		if response.StatusCode != http.StatusNoContent && response.StatusCode != http.StatusNotFound {
			t.Errorf("delete group e2e-import-%d: %s", i, response.Status)
		}
	}
}

// mustKubectlIn is mustKubectl in a cleanup, when the test's own context is over.
func mustKubectlIn(ctx context.Context, t *testing.T, args ...string) string {
	t.Helper()
	out, err := kubectl(ctx, args...)
	if err != nil {
		t.Error(err)
	}
	return out
}
