package scale

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const log = `2026-11-22 00:50:11.891 UTC [35] LOG:  statement: CREATE ROLE "foyer_1" NOLOGIN
2026-11-22 00:50:11.901 UTC [35] LOG:  statement: begin
2026-11-22 00:50:11.902 UTC [46] LOG:  statement: BEGIN; COMMENT ON SCHEMA foyer_1 IS 'never committed'
2026-11-22 00:50:11.902 UTC [35] LOG:  execute stmtcache_e81: 
	INSERT INTO a
	VALUES ($1, $2, $3)
2026-11-22 00:50:11.902 UTC [35] DETAIL:  parameters: $1 = 'it''s, $2 = ''x''', $2 = NULL, $3 = '\x7b
	7d'
2026-11-22 00:50:11.903 UTC [47] LOG:  statement: begin
2026-11-22 00:50:11.903 UTC [47] LOG:  execute stmtcache_1: SELECT 1
2026-11-22 00:50:11.903 UTC [47] LOG:  statement: commit
2026-11-22 00:50:11.904 UTC [47] LOG:  statement: begin
2026-11-22 00:50:11.904 UTC [47] LOG:  statement: DELETE FROM a
2026-11-22 00:50:11.904 UTC [47] LOG:  statement: rollback
2026-11-22 00:50:11.905 UTC [35] LOG:  statement: commit
2026-11-22 00:50:11.906 UTC [35] LOG:  checkpoint starting: time
2026-11-22 00:50:11.907 UTC [47] LOG:  statement: -- ping
`

func TestTransactionsOfALog(t *testing.T) {
	got, err := transactions(log)
	if err != nil {
		t.Fatal(err)
	}
	want := []transaction{
		{session: "35", statements: []statement{{text: `CREATE ROLE "foyer_1" NOLOGIN`}}},
		{session: "35", statements: []statement{
			{text: "begin"},
			{text: "\nINSERT INTO a\nVALUES ($1, $2, $3)", parameters: [][]byte{[]byte("it's, $2 = 'x'"), nil, []byte("\\x7b\n7d")}},
			{text: "commit"},
		}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(transaction{}, statement{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	failed := log + "2026-11-22 00:50:12.000 UTC [35] ERROR:  permission denied\n"
	if _, err := transactions(failed); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("a log with an error gave %v", err)
	}
}
