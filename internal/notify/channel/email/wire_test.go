package email

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/notify/channel"
)

// odd is a server that says to each command what the test wants, whether or not it makes
// sense. The first connection is the odd one.
func odd(t *testing.T, answers map[string]string) *fixture {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	var served atomic.Int32
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			if served.Add(1) > 1 {
				answers = nil
			}
			go converse(c, answers)
		}
	}()
	f := &fixture{secrets: t.TempDir()}
	host, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.ParseInt(port, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	of := config.EmailChannel{From: "billing@acme.example", SMTP: config.SMTP{Host: host, Port: int32(number), Security: config.SMTPNone}}
	f.Sender = New(Options{Channel: func() config.EmailChannel { return of }, SecretsDir: f.secrets, Guard: loopback, Now: func() time.Time { return noon }})
	t.Cleanup(func() { f.Close() })
	return f
}

// converse answers the commands of one connection; "." is the end of the text.
func converse(c net.Conn, answers map[string]string) {
	defer c.Close()
	say := func(command, otherwise string) bool {
		answer, ok := answers[command]
		if !ok {
			answer = otherwise
		}
		if answer == "endless" {
			for {
				if _, err := fmt.Fprint(c, "250-on and on\r\n"); err != nil {
					return false
				}
			}
		}
		_, err := fmt.Fprint(c, answer)
		return err == nil && answer != ""
	}
	if !say("", "220 odd.example\r\n") {
		return
	}
	lines := bufio.NewScanner(c)
	text := false
	for lines.Scan() {
		command := strings.ToUpper(strings.Fields(lines.Text() + " -")[0])
		if text && lines.Text() != "." {
			continue
		}
		if text {
			command = "."
		}
		otherwise := "250 fine\r\n"
		if command == "DATA" {
			otherwise = "354 go on\r\n"
		}
		if !say(command, otherwise) || command == "QUIT" {
			return
		}
		text = command == "DATA" && (answers[command] == "" || strings.HasPrefix(answers[command], "354"))
	}
}

func TestAnswersThatMakeLittleSense(t *testing.T) {
	for _, test := range []struct {
		name, command, answer string
		class                 channel.Class // empty: it is sent
		code                  string
	}{
		{"no text now", "DATA", "451 4.3.0 not now\r\n", channel.Temporary, "451 4.3.0"},
		{"no text ever", "DATA", "554 5.5.1 no valid recipients\r\n", channel.Permanent, "554 5.5.1"},
		{"no number", "MAIL", "what?\r\n", channel.Broken, channel.CodeConnection},
		{"a greeting of another protocol", "", "HTTP/1.1 400 Bad Request\r\n", channel.Broken, channel.CodeConnection},
		{"no greeting at all", "", "", channel.Broken, channel.CodeConnection},
		{"a greeting that has no end", "", "endless", channel.Broken, channel.CodeConnection},
		{"an answer that has no end", "MAIL", "endless", channel.Broken, channel.CodeConnection},
		{"the same after the text", ".", "endless", channel.Uncertain, channel.CodeConnection},
		{"nonsense after the text", ".", "what?\r\n", channel.Uncertain, channel.CodeConnection},
		{"an odd number after the text", ".", "334 go on\r\n", channel.Uncertain, channel.CodeAnswer},
		{"another number of success", ".", "252 perhaps\r\n", "", ""},
		{"the next command first", "MAIL", "503 5.5.1 AUTH first\r\n", channel.Broken, "503 5.5.1"},
		{"who are you", "RCPT", "530 5.7.0 who are you\r\n", channel.Broken, "530 5.7.0"},
		{"several lines", "RCPT", "550-5.1.1 no\r\n550 5.1.1 such person\r\n", channel.Permanent, "550 5.1.1"},
		{"no enhanced status", "RCPT", "550 no such person\r\n", channel.Permanent, "550"},
		{"a long answer", "RCPT", "550 " + strings.Repeat("no ", 1000) + "\r\n", channel.Permanent, "550"},
		{"another number for a recipient", "RCPT", "251 user not local\r\n", "", ""},
		{"no EHLO", "EHLO", "500 what?\r\n", "", ""},
	} {
		for _, hello := range []string{"250 odd.example\r\n", "250-odd.example\r\n250 PIPELINING\r\n"} {
			answerOddly(t, test.name, hello, test.command, test.answer, test.class, test.code)
		}
	}
}

// answerOddly sends a mail to a server that gives one odd answer, and then another one.
func answerOddly(t *testing.T, name, hello, command, answer string, class channel.Class, code string) {
	t.Run(name+hello[3:4], func(t *testing.T) {
		answers := map[string]string{"EHLO": hello}
		answers[command] = answer
		f := odd(t, answers)
		_, err := f.Send(t.Context(), message("n1"))
		if class == "" {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
		got := failure(t, err)
		if got.Class != class || got.Code != code || len([]rune(got.Detail)) > 500 {
			t.Errorf("got %s %q (%s), want %s %q", got.Class, got.Code, got.Detail, class, code)
		}
		f.Close()
		f.must(t, message("n2"))
	})
}

// A server that wants the text although it refused the only recipient gets none: the
// connection is left.
func TestATextForNobody(t *testing.T) {
	f := odd(t, map[string]string{"EHLO": "250-odd.example\r\n250 PIPELINING\r\n", "RCPT": "550 5.1.1 no such person\r\n"})
	_, err := f.Send(t.Context(), message("n1"))
	if got := failure(t, err); got.Class != channel.Permanent || got.Code != "550 5.1.1" {
		t.Error(got)
	}
	if len(f.idle.connections) != 0 {
		t.Error("the connection is kept, and the server waits for a text")
	}
	f.must(t, message("n2"))
}

// A connection that ends in the middle of a text has handed nothing over.
func TestCutInTheText(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		io.WriteString(c, "220 odd.example\r\n")
		lines := bufio.NewScanner(c)
		for lines.Scan() {
			if lines.Text() == "DATA" {
				io.WriteString(c, "354 go on\r\n")
				c.(*net.TCPConn).SetLinger(0) //nolint:errcheck // the connection is reset
				return
			}
			io.WriteString(c, "250 fine\r\n")
		}
	}()
	f := odd(t, nil)
	of := f.options.Channel()
	of.SMTP.Port = int32(listener.Addr().(*net.TCPAddr).Port)
	f.options.Channel = func() config.EmailChannel { return of }
	m := message("n1")
	m.Text = strings.Repeat("0123456789abcdef\n", 1<<20) // more than the buffers between us take
	_, err = f.Send(t.Context(), m)
	if got := failure(t, err); got.Class != channel.Temporary || got.Code != channel.CodeConnection {
		t.Errorf("got %v", got)
	}
}

// The moment that the context ends may fall between any two steps: a connection that was
// interrupted is never used again.
func TestInterruptedAtAnyTime(t *testing.T) {
	f := odd(t, nil)
	for n := range 200 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*5*time.Microsecond)
		f.Send(ctx, message("n1")) //nolint:errcheck // it may or may not arrive
		cancel()
		f.must(t, message("n2"))
	}
}
