package scale

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
)

// transaction is what one session has committed together.
type transaction struct {
	session    string
	statements []statement
}

type statement struct {
	text       string
	parameters [][]byte // as text; nil is NULL
}

// An entry of PostgreSQL's log begins with time and process; its other lines begin with
// a tab.
var (
	entryStart = regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\d [^\[\n]*\[(\d+)\] (\w+):  `)
	logged     = regexp.MustCompile(`^(?:statement|execute [^:]*): `)
	parameter  = regexp.MustCompile(`\$\d+ = (NULL|'(?:[^']|'')*')`)
)

// transactions reads a log of all statements. It keeps the transactions that change
// something and were committed, in the order of their end, and statements outside
// of a transaction that set up a session.
func transactions(log string) ([]transaction, error) {
	entries := entryStart.FindAllStringSubmatchIndex(log, -1)
	var done []transaction
	open := map[string][]statement{} // by session
	var last *statement
	for i, at := range entries {
		end := len(log)
		if i+1 < len(entries) {
			end = entries[i+1][0]
		}
		session, level := log[at[2]:at[3]], log[at[4]:at[5]]
		text := strings.ReplaceAll(strings.TrimSuffix(log[at[1]:end], "\n"), "\n\t", "\n")
		switch {
		case level == "ERROR" || level == "FATAL":
			return nil, fmt.Errorf("the recorded operator met an error of PostgreSQL, so its SQL is no floor: %s", text)
		case level == "DETAIL" && last != nil:
			last.parameters = parseParameters(text)
			continue
		case level != "LOG" || !logged.MatchString(text):
			continue
		}
		open[session] = append(open[session], statement{text: logged.ReplaceAllString(text, "")})
		last = &open[session][len(open[session])-1]
		if ends(open[session]) {
			done = append(done, transaction{session, open[session]})
			delete(open, session)
		}
	}
	var kept []transaction
	for _, t := range done {
		if t.changes() {
			kept = append(kept, t)
		}
	}
	return kept, nil
}

// ends says whether the last statement ends what a session has begun.
func ends(statements []statement) bool {
	begun := begins(statements[0], "begin")
	last := statements[len(statements)-1]
	return !begun || begins(last, "commit") || begins(last, "rollback")
}

func begins(s statement, word string) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(s.text)), word)
}

// changes says whether a transaction is more than a question.
func (t transaction) changes() bool {
	if begins(t.statements[len(t.statements)-1], "rollback") {
		return false
	}
	for _, s := range t.statements {
		reads := begins(s, "begin") || begins(s, "commit") || begins(s, "select") || begins(s, "with") || begins(s, "--") || begins(s, ";")
		if !reads {
			return true
		}
	}
	return false
}

func parseParameters(text string) [][]byte {
	var values [][]byte
	for _, found := range parameter.FindAllStringSubmatch(text, -1) {
		if found[1] == "NULL" {
			values = append(values, nil)
			continue
		}
		values = append(values, []byte(strings.ReplaceAll(found[1][1:len(found[1])-1], "''", "'")))
	}
	return values
}

// replaySQL does what was recorded for another tenant, on one connection. What a
// session was set up with ends where another session goes on. Rights on the database
// are one row, so they are changed by one at a time, as the operator does it.
func replaySQL(ctx context.Context, pool *pgxpool.Pool, recorded []transaction, names *strings.Replacer, rights *sync.Mutex) error {
	if len(recorded) == 0 {
		return nil
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("reach PostgreSQL: %w", err)
	}
	defer conn.Release()
	run := func(s statement) error {
		text := names.Replace(s.text)
		if s.parameters == nil {
			_, err = conn.Conn().PgConn().Exec(ctx, text).ReadAll()
		} else {
			values := make([][]byte, len(s.parameters))
			for i, value := range s.parameters {
				if value != nil {
					values[i] = []byte(names.Replace(string(value)))
				}
			}
			_, err = conn.Conn().PgConn().ExecParams(ctx, text, values, nil, nil, nil).Close()
		}
		if err != nil {
			return fmt.Errorf("repeat %q: %w", text, err)
		}
		return nil
	}
	session := ""
	for _, t := range recorded {
		if session != "" && session != t.session {
			t.statements = append([]statement{{text: "RESET ROLE; RESET ALL"}}, t.statements...)
		}
		session = t.session
		if err := replayTransaction(t, run, rights); err != nil {
			return err
		}
	}
	return run(statement{text: "RESET ROLE; RESET ALL"})
}

func replayTransaction(t transaction, run func(statement) error, rights *sync.Mutex) error {
	for _, s := range t.statements {
		if strings.Contains(s.text, "ON DATABASE") {
			rights.Lock()
			defer rights.Unlock()
			break
		}
	}
	for _, s := range t.statements {
		if err := run(s); err != nil {
			return err
		}
	}
	return nil
}
