package smtp

import (
	"fmt"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Stage is how far a connection got.
type Stage string

// The stages.
const (
	Connect   Stage = "connect"   // before the greeting
	SignIn    Stage = "signIn"    // after a right password
	Sender    Stage = "sender"    // MAIL FROM
	Recipient Stage = "recipient" // RCPT TO
	Text      Stage = "text"      // while headers and body come
	Answer    Stage = "answer"    // after the text, before the answer to it
)

// Moment is when the script is asked.
type Moment struct {
	Stage      Stage
	Nth        int // how often the stage was reached, on all connections: 1 for the first
	Connection int
	From       string
	To         string // at Recipient the one that is named, later the first
}

// Fault is what goes wrong. The zero Fault is nothing.
type Fault struct {
	Delay  time.Duration // before anything else
	Code   int           // the answer: 4xx or 5xx
	Status [3]int        // as 5, 1, 1
	Words  string
	Cut    bool // the connection, without an answer
	Keep   bool // with Cut, at Answer: the mail is taken all the same
}

// Greylist refuses each pair of sender and recipient the first time, as many servers do
// with those whom they do not know.
func Greylist() func(Moment) Fault {
	var mutex sync.Mutex
	known := map[[2]string]bool{}
	return func(at Moment) Fault {
		mutex.Lock()
		defer mutex.Unlock()
		pair := [2]string{at.From, at.To}
		if at.Stage != Recipient || known[pair] {
			return Fault{}
		}
		known[pair] = true
		return Fault{Code: 450, Status: [3]int{4, 2, 0}, Words: "Greylisted, try again later"}
	}
}

// ask counts a moment, asks the script and waits as long as it says.
func (s *Server) ask(at Moment) Fault {
	s.mutex.Lock()
	s.counts[at.Stage]++
	at.Nth = s.counts[at.Stage]
	script := s.script
	s.mutex.Unlock()
	if script == nil {
		return Fault{}
	}
	fault := script(at)
	if fault.Delay > 0 {
		timer := time.NewTimer(fault.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-s.done:
		}
	}
	return fault
}

// answer is the fault as go-smtp has it; nil: there is none.
func (f Fault) answer() error {
	if f.Code == 0 {
		return nil
	}
	return &smtp.SMTPError{Code: f.Code, EnhancedCode: smtp.EnhancedCode(f.Status), Message: f.Words}
}

// greeting is the fault as a line instead of a greeting.
func (f Fault) greeting() string {
	return fmt.Sprintf("%d %d.%d.%d %s\r\n", f.Code, f.Status[0], f.Status[1], f.Status[2], f.Words)
}
