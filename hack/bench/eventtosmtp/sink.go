package eventtosmtp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/testenv/smtp"
)

// sinkArgument is the first argument of the process of the mail server, and its name: so
// its processor time is not taken for that of who sends.
const sinkArgument = "mail-sink"

// IsSink says whether this process was started as the mail server.
func IsSink(arguments []string) bool { return len(arguments) == 2 && arguments[1] == sinkArgument }

// Sink takes mails and forgets them, until its input ends.
func Sink() int {
	if err := serveSink(); err != nil {
		fmt.Fprintln(os.Stderr, "mail server:", err)
		return 1
	}
	return 0
}

func serveSink() error {
	if err := os.WriteFile("/proc/self/comm", []byte(sinkArgument), 0); err != nil {
		return fmt.Errorf("take a name: %w", err)
	}
	server, err := smtp.Start(smtp.Options{OnMail: func(smtp.Mail) {}})
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(config.SMTP{Host: server.Host(), Port: server.Port(), Security: config.SMTPNone}); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return server.Close()
}

// sink is the process of the mail server.
type sink struct {
	process *exec.Cmd
	input   io.Closer
	address config.SMTP
}

func startSink(ctx context.Context) (*sink, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	s := &sink{process: exec.CommandContext(ctx, self, sinkArgument)} //nolint:gosec // this program
	s.process.Stderr = os.Stderr
	if s.input, err = s.process.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start the mail server: %w", err)
	}
	output, err := s.process.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the mail server: %w", err)
	}
	if err := s.process.Start(); err != nil {
		return nil, fmt.Errorf("start the mail server: %w", err)
	}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &s.address)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the mail server: %w", err), s.close())
	}
	return s, nil
}

func (s *sink) close() error { return errors.Join(s.input.Close(), s.process.Wait()) }
