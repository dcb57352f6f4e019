package operator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
)

// Process is a child, seen by the one that started it.
type Process struct {
	command   *exec.Cmd
	in        io.WriteCloser
	questions *json.Encoder
	answers   *json.Decoder
}

// Start starts a child that reaches the API server of a configuration.
func Start(base *rest.Config, s Settings) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	s.Host, s.CA, s.Cert, s.Key = base.Host, base.CAData, base.CertData, base.KeyData
	p := &Process{command: exec.Command(self, argument)} //nolint:gosec,noctx // this program; it ends with its standard input
	p.command.Stderr = os.Stderr
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start the operator: %w", err)
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the operator: %w", err)
	}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start the operator: %w", err)
	}
	p.questions, p.answers = json.NewEncoder(p.in), json.NewDecoder(out)
	if err := p.questions.Encode(s); err != nil {
		return nil, errors.Join(fmt.Errorf("start the operator: %w", err), p.Stop())
	}
	return p, nil
}

// Ask asks a child one question.
func (p *Process) Ask(question Question) (Report, error) {
	var report Report
	if err := p.questions.Encode(question); err != nil {
		return report, fmt.Errorf("ask the operator: %w", err)
	}
	if err := p.answers.Decode(&report); err != nil {
		return report, fmt.Errorf("ask the operator: %w", err)
	}
	if report.Failure != "" {
		return report, errors.New("the operator: " + report.Failure)
	}
	return report, nil
}

// Stop ends a child.
func (p *Process) Stop() error {
	kill := time.AfterFunc(3*stopTimeout, func() { _ = p.command.Process.Kill() }) // it may have ended
	defer kill.Stop()
	_ = p.in.Close() // if it is closed, the child ends too
	if err := p.command.Wait(); err != nil {
		return fmt.Errorf("the operator ended: %w", err)
	}
	return nil
}

// Wrote says in a few words what was written.
func (r Report) Wrote() string {
	return fmt.Sprintf("%d writes: %s, ...", r.Writes, strings.Join(r.First, ", "))
}
