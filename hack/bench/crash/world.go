package crash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/foyerhq/foyer/hack/bench/tenant"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/testenv/smtp"
)

// world is a tenant with everything that may be killed.
type world struct {
	options     Options
	dir         string
	tenant      *tenant.Tenant
	mails       *smtp.Server
	address     string // of the mail server, whichever runs
	inbox       inbox
	dispatchers [dispatchers]*process
	backoffice  *process
	serves      string // the address of the backoffice, whichever runs
	token       string
}

// inbox is what arrived, by event: it outlives the mail servers.
type inbox struct {
	mu       sync.Mutex
	arrivals map[string]int
}

func (i *inbox) take(m smtp.Mail) {
	_, rest, _ := bytes.Cut(m.Text, []byte("\r\nSubject: "))
	subject, _, _ := bytes.Cut(rest, []byte("\r\n"))
	i.mu.Lock()
	defer i.mu.Unlock()
	i.arrivals[string(subject)]++
}

func (i *inbox) count() (all, repeated int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, n := range i.arrivals {
		all += n
		repeated += n - 1
	}
	return all, repeated
}

func start(ctx context.Context, o Options) (*world, error) {
	w := &world{options: o, inbox: inbox{arrivals: map[string]int{}}}
	err := w.prepare(ctx)
	if err == nil {
		w.backoffice, err = w.serve()
	}
	for i := range w.dispatchers {
		if err == nil {
			w.dispatchers[i], err = w.dispatch(i)
		}
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) prepare(ctx context.Context) (err error) {
	if w.dir, err = os.MkdirTemp("", "foyer-crash-"); err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	if w.mails, err = smtp.Start(smtp.Options{OnMail: w.inbox.take}); err != nil {
		return err
	}
	w.address = fmt.Sprintf("%s:%d", w.mails.Host(), w.mails.Port())
	if w.tenant, err = tenant.Start(ctx); err != nil {
		return err
	}
	if err := w.tenant.Customers(ctx, accounts); err != nil {
		return err
	}
	if w.token, err = w.tenant.Token(ctx); err != nil {
		return err
	}
	if w.serves, err = freeAddress(); err != nil {
		return err
	}
	return w.mount()
}

func (w *world) write(name, content string) error {
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		return fmt.Errorf("write a file: %w", err)
	}
	return os.Rename(path+".new", path)
}

// mount writes what the dispatchers read.
func (w *world) mount() error {
	live, routing, err := tenant.Documents(config.SMTP{Host: w.mails.Host(), Port: w.mails.Port(), Security: config.SMTPNone}, tenant.Mail())
	if err != nil {
		return err
	}
	packed, err := config.Pack(routing)
	if err != nil {
		return err
	}
	var problems []error
	for name, content := range map[string]string{
		"settings/" + config.File: string(live), "routing/" + config.RoutingFile: string(packed), "dispatcher/uri": w.tenant.DispatcherURI, "backoffice/uri": w.tenant.BackofficeURI,
		"keys/" + config.LinkKeyFile: tenant.KeyFile(), "keys/" + config.SealKeyFile: tenant.KeyFile(), "clock/offset": "0s",
	} {
		problems = append(problems, w.write(name, content))
	}
	return errors.Join(append(problems, os.MkdirAll(filepath.Join(w.dir, "channels"), 0o700))...)
}

// close ends everything and removes what it has written.
func (w *world) close() error {
	var problems []error
	for _, p := range append(w.dispatchers[:], w.backoffice) {
		if p != nil {
			problems = append(problems, p.stop())
		}
	}
	if w.tenant != nil {
		problems = append(problems, w.tenant.Close())
	}
	if w.mails != nil {
		problems = append(problems, w.mails.Close())
	}
	return errors.Join(append(problems, os.RemoveAll(w.dir))...)
}
