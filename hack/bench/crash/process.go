package crash

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// process is one of the programs.
type process struct {
	name    string
	command *exec.Cmd
	ended   chan error
}

func (w *world) dispatch(number int) (*process, error) {
	args := []string{"--allow-outgoing=127.0.0.0/8", fmt.Sprintf("--lease-seconds=%d", leaseSeconds), "--clock-file=" + filepath.Join(w.dir, "clock", "offset")}
	for _, dir := range []string{"routing", "keys", "channels"} {
		args = append(args, "--"+dir+"-dir="+filepath.Join(w.dir, dir))
	}
	return w.start("dispatcher", fmt.Sprintf("dispatcher-%d", number), args...)
}

// serve starts a backoffice where the one before was. It is done with what it serves at once
// when it is asked to stop.
func (w *world) serve() (*process, error) {
	return w.start("backoffice", "backoffice", "--listen="+w.serves, "--drain-seconds=0")
}

func (w *world) start(program, pod string, args ...string) (*process, error) {
	args = append(args, "--admin-listen=127.0.0.1:0", "--settings-dir="+filepath.Join(w.dir, "settings"), "--database-dir="+filepath.Join(w.dir, program))
	p := &process{name: program, command: exec.Command(filepath.Join(w.options.Programs, program), args...), ended: make(chan error, 1)} //nolint:gosec,noctx // a binary of this checkout; it is killed by hand
	p.command.Env = append(os.Environ(), "POD_NAME="+pod)
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if w.options.Log != nil {
		p.command.Stderr = w.options.Log
	}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start the %s: %w", program, err)
	}
	go func() { p.ended <- p.command.Wait() }()
	return p, nil
}

// kill ends the process as it is. One that ended by itself is an error.
func (p *process) kill() error {
	select {
	case err := <-p.ended:
		return fmt.Errorf("the %s ended by itself: %w", p.name, err)
	default:
	}
	if err := p.command.Process.Kill(); err != nil {
		return err
	}
	<-p.ended //nolint:errcheck // it was killed, and says so
	return nil
}

// stop ends the process in good order.
func (p *process) stop() error {
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the %s: %w", p.name, err)
	}
	if err := <-p.ended; err != nil {
		return fmt.Errorf("the %s ended with %w", p.name, err)
	}
	return nil
}

// freeAddress is one that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it returns at once
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}
