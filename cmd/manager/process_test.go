package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// asManager, in the environment, makes the binary of these tests be the manager.
const asManager = "FOYER_TEST_AS_MANAGER"

// operator is a manager that runs by itself, as in a pod: it has flags, a log, and can be
// killed.
type operator struct {
	t       *testing.T
	name    string
	command *exec.Cmd
	health  string
	log     *safeBuffer
	ended   chan struct{}
	failure error // once it has ended
}

// serviceAccount is the name under which the API server knows the operator of a namespace.
func serviceAccount(namespace string) string {
	return "system:serviceaccount:" + namespace + ":foyer-manager"
}

// startProcess starts a manager that has the rights of the ServiceAccount in that namespace.
// It is killed with the test.
func startProcess(t *testing.T, namespace string, flags ...string) *operator {
	t.Helper()
	p := &operator{t: t, name: namespace, health: freeAddress(t), log: &safeBuffer{}, ended: make(chan struct{})}
	flags = append([]string{"--namespace=" + namespace, "--image=foyer:test", "--leader-elect",
		"--metrics-listen=0", "--health-listen=" + p.health}, flags...)
	p.command = exec.Command(os.Args[0], flags...) //nolint:gosec,noctx // it is this binary, and a test ends it
	p.command.Env = append(os.Environ(), asManager+"=yes", "KUBECONFIG="+kubeconfigOf(t, namespace))
	p.command.Stderr = p.log
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.command.Start(); err != nil {
		t.Fatalf("start a manager: %v", err)
	}
	go func() {
		p.failure = p.command.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("the log of the manager of %s:\n%s", namespace, withoutStart(p.log.String()))
		}
	})
	return p
}

// withoutStart leaves out what every manager logs of its informers.
func withoutStart(log string) string {
	lines := slices.DeleteFunc(strings.SplitAfter(log, "\n"), func(line string) bool {
		return strings.Contains(line, `"msg":"Starting EventSource"`)
	})
	return strings.Join(lines, "")
}

// kubeconfigOf writes the configuration of an operator's ServiceAccount.
func kubeconfigOf(t *testing.T, namespace string) string {
	t.Helper()
	of := clientcmdapi.NewConfig()
	of.Clusters["c"] = &clientcmdapi.Cluster{Server: cluster.Config.Host, CertificateAuthorityData: cluster.Config.CAData}
	of.AuthInfos["u"] = &clientcmdapi.AuthInfo{
		ClientCertificateData: cluster.Config.CertData, ClientKeyData: cluster.Config.KeyData,
		Impersonate:       serviceAccount(namespace),
		ImpersonateGroups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
	}
	of.Contexts["x"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: "u"}
	of.CurrentContext = "x"
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*of, file); err != nil {
		t.Fatal(err)
	}
	return file
}

// ready waits until the manager is, as the kubelet asks it.
func (p *operator) ready() *operator {
	p.t.Helper()
	answers(p.t, "http://"+p.health+"/readyz")
	return p
}

// stop tells the manager to end, as the kubelet does, and waits until it has.
func (p *operator) stop() {
	p.t.Helper()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatalf("tell the manager to stop: %v", err)
	}
	if err := p.wait(); err != nil {
		p.t.Errorf("the manager of %s ended with: %v", p.name, err)
	}
}

// wait returns how the manager ended.
func (p *operator) wait() error {
	select {
	case <-p.ended:
		return p.failure
	case <-time.After(stopTimeout + 40*time.Second):
		return errors.New("it did not end")
	}
}

// kill ends the manager as the kernel does when memory is short.
func (p *operator) kill() {
	_ = p.command.Process.Kill() // it may have ended
	<-p.ended
}

// says waits until the log of the manager has a text.
func (p *operator) says(text string) {
	p.t.Helper()
	kube.Eventually(p.t, fmt.Sprintf("the log of the manager of %s says %q", p.name, text), func() error {
		if said := p.log.String(); !strings.Contains(said, text) {
			return fmt.Errorf("it says\n%s", said)
		}
		return nil
	})
}

// safeBuffer can be read while it is written.
type safeBuffer struct {
	mu   sync.Mutex
	held bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held.String()
}
