package csvlines

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/integration"
)

// read returns every line of a file as "first-last text" or "first-last id field: message".
func read(t testing.TB, kind integration.Kind, file string) []string {
	t.Helper()
	return readFrom(t, kind, strings.NewReader(file))
}

func readFrom(t testing.TB, kind integration.Kind, file io.Reader) []string {
	t.Helper()
	reader, err := New(file, kind)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for {
		line, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		text := string(line.Text)
		if line.Refusal != nil {
			if line.Refusal.Line != line.First {
				t.Errorf("line %d is refused as %d", line.First, line.Refusal.Line)
			}
			text = fmt.Sprintf("%s %s: %s", line.Refusal.ID, line.Refusal.Field, line.Refusal.Message)
		}
		lines = append(lines, fmt.Sprintf("%d-%d %s", line.First, line.Last, text))
	}
}

func TestRead(t *testing.T) {
	const accounts, contacts, groups = integration.Accounts, integration.Contacts, integration.Groups
	for name, test := range map[string]struct {
		kind integration.Kind
		file string
		want []string
	}{
		"times, amounts and whole numbers": {
			integration.Calls, "id,accountId,startedAt,seconds,charge\n1,2,2026-11-22T10:00:00Z,60,0.50\n",
			[]string{`2-2 {"id":"1","accountId":"2","startedAt":"2026-11-22T10:00:00Z","seconds":60,"charge":"0.50"}`},
		},
		"plain":                   {groups, "name,displayName\nvip,Very important\n", []string{`2-2 {"name":"vip","displayName":"Very important"}`}},
		"no end of the last line": {groups, "name\nvip", []string{`2-2 {"name":"vip"}`}},
		"carriage returns":        {groups, "name,displayName\r\nvip,\"V\"\r\na,\r\n", []string{`2-2 {"name":"vip","displayName":"V"}`, `3-3 {"name":"a"}`}},
		"semicolons":              {groups, "name;displayName\nvip;Miller, Jones\n", []string{`2-2 {"name":"vip","displayName":"Miller, Jones"}`}},
		"byte order mark":         {groups, "\xef\xbb\xbfname\nvip\n", []string{`2-2 {"name":"vip"}`}},
		"titles in capitals":      {groups, "NAME, DisplayName \nvip,V\n", []string{`2-2 {"name":"vip","displayName":"V"}`}},
		"blank rows":              {groups, "\nname,displayName\n\n , \nvip,V\n,\n\n", []string{`5-5 {"name":"vip","displayName":"V"}`}},
		"a cell of several lines": {groups, "name,displayName\na,\"one\ntwo\"\nb,x\n", []string{`2-3 {"name":"a","displayName":"one\ntwo"}`, `4-4 {"name":"b","displayName":"x"}`}},
		"quotes":                  {groups, "name,displayName\na,\"\"\"A\"\", or, so\"\n", []string{`2-2 {"name":"a","displayName":"\"A\", or, so"}`}},
		"special characters":      {groups, "name\na\\b\tc\x01ä\u2028\n", []string{"2-2 {\"name\":\"a\\\\b\\u0009c\\u0001ä\u2028\"}"}},
		"types": {
			contacts, "id,accountId,owner,grants,access,user.username,user.emailVerified\nC1,1,TRUE,ViewInvoices; PayInvoices;,Active,dana,false\n",
			[]string{`2-2 {"id":"C1","accountId":"1","owner":true,"grants":["ViewInvoices","PayInvoices"],"access":"Active","user":{"username":"dana","emailVerified":false}}`},
		},
		"nothing of an object": {contacts, "id,user.username,user.email\nC1,,\n", []string{`2-2 {"id":"C1"}`}},
		"attributes": {
			accounts, "id,attributes.currency,name,attributes.lateFee.amount,attributes.tradingTermsDays,attributes.lateFee.daysAfterDue\n1,EUR,Ann,12.50,021,\n",
			[]string{`2-2 {"id":"1","attributes":{"currency":"EUR","lateFee":{"amount":"12.50"},"tradingTermsDays":21},"name":"Ann"}`},
		},
		"own attributes": {
			accounts, "id,attributes.custom.segment,attributes.custom.Meter No,attributes.custom.x\n1,gold,,7\n2,,,\n3,null,,\n4,,null,7\n",
			[]string{
				`2-2 {"id":"1","attributes":{"custom":[{"name":"segment","value":"gold"},{"name":"x","value":"7"}]}}`, `3-3 {"id":"2"}`,
				`4-4 {"id":"3","attributes":{"custom":[]}}`, `5-5 {"id":"4","attributes":{"custom":[{"name":"x","value":"7"}]}}`,
			},
		},
		"null clears what can be cleared": {
			accounts, "id,accountProfile,groups,attributes.tradingTermsDays,attributes.lateFee.type\nnull,null, null ,null,null\n",
			[]string{`2-2 {"id":"null","accountProfile":null,"groups":null,"attributes":{"tradingTermsDays":null,"lateFee":{"type":null}}}`},
		},
		"null in quotes is a text": {
			accounts, "id,name,accountProfile,groups,attributes.tradingTermsDays,attributes.custom.x\n1,\"null\",\"null\",\"null\",\"null\",\"null\"\n",
			[]string{`2-2 {"id":"1","name":"null","accountProfile":"null","groups":["null"],"attributes":{"tradingTermsDays":null,"custom":[{"name":"x","value":"null"}]}}`},
		},
		"null is a name where nothing can be cleared": {contacts, "id,lastName\nC1,null\n", []string{`2-2 {"id":"C1","lastName":"null"}`}},
		"what no column can hold": {
			accounts, "id,attributes.tradingTermsDays\n1,soon\n2,1.5\n3,99999999999999999999\n4,7\n",
			[]string{
				`2-2 1 attributes.tradingTermsDays: "soon" is not a whole number`,
				`3-3 2 attributes.tradingTermsDays: "1.5" is not a whole number`,
				`4-4 3 attributes.tradingTermsDays: "99999999999999999999" is not a whole number`,
				`5-5 {"id":"4","attributes":{"tradingTermsDays":7}}`,
			},
		},
		"the title as written": {contacts, "ID,Owner\n1,yes\n", []string{`2-2 1 Owner: "yes" is not allowed, allowed are true and false`}},
		"not UTF-8":            {groups, "name,displayName\na,M\xfcller\n\xfc,b\nc,d\n", []string{"2-2 a displayName: " + notUTF8, "3-3  name: " + notUTF8, `4-4 {"name":"c","displayName":"d"}`}},
		"cells": {
			groups, "name,displayName\na\nb,c,d\ne,\"f\ng\",h\ni,j\n",
			[]string{
				"2-2  : the row has 1 cell, the first row names 2", "3-3  : the row has 3 cells, the first row names 2",
				"4-5  : the row has 3 cells, the first row names 2", `6-6 {"name":"i","displayName":"j"}`,
			},
		},
		"a quote inside": {groups, "name\na\"b\nc\n", []string{"2-2  : " + problemQuoteInside, `3-3 {"name":"c"}`}},
		"after a quote":  {groups, "name\n\"a\"b\nc\n", []string{"2-2  : " + problemAfterQuote, `3-3 {"name":"c"}`}},
		"not closed":     {groups, "name\n\"a\nb\nc\n", []string{"2-2  : " + problemNoEnd, `3-3 {"name":"b"}`, `4-4 {"name":"c"}`}},
		"not closed before another quote": {
			groups, "name,displayName\n\"a,x\nb,y\n\"c\",\"z\"\n",
			[]string{"2-2  : " + problemAfterQuote, `3-3 {"name":"b","displayName":"y"}`, `4-4 {"name":"c","displayName":"z"}`},
		},
		"too long":          {groups, "name\n" + strings.Repeat("x", 500_000) + "\nb\n", []string{"2-2  : " + problemTooLong, `3-3 {"name":"b"}`}},
		"too long at last":  {groups, "name\n" + strings.Repeat("x", 500_000), []string{"2-2  : " + problemTooLong}},
		"not closed at all": {groups, "name\n\"a\n" + strings.Repeat("xxxxxxx\n", 10_000) + "\"\n", append([]string{"2-2  : " + problemTooLong}, counted(3, 10_000)...)},
		"as JSON too long":  {groups, "name\n" + strings.Repeat("\x01", 20_000) + "\nb\n", []string{"2-2 " + strings.Repeat("\x01", 64) + "... : the row is longer than 64 KiB as JSON", `3-3 {"name":"b"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			want := test.want
			if name == "not closed at all" {
				want = append(want, "10003-10003  : "+problemNoEnd)
			}
			if diff := cmp.Diff(want, read(t, test.kind, test.file)); diff != "" {
				t.Errorf("-want +got:\n%.3000s", diff)
			}
			if diff := cmp.Diff(want, readFrom(t, test.kind, iotest.OneByteReader(strings.NewReader(test.file)))); diff != "" {
				t.Errorf("byte by byte, -want +got:\n%.3000s", diff)
			}
		})
	}
}

// counted are the lines of n rows of which the first is in line first.
func counted(first, n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf(`%d-%d {"name":"xxxxxxx"}`, first+i, first+i)
	}
	return lines
}

func TestFirstRowIsRefused(t *testing.T) {
	for file, want := range map[string]string{
		"":                          "the file is empty: its first row names the columns, such as id,accountId",
		"\n\n":                      "the file is empty: its first row names the columns, such as id,accountId",
		"id,,owner\n":               "column 2 of the first row has no name",
		"id,owner,ID\n":             `column "ID" is there twice`,
		"id,\xfc\n":                 "the name of column 2 of the first row " + notUTF8,
		"\"id\n":                    "line 1, which names the columns: " + problemNoEnd,
		"\xff\xfei\x00d\x00":        "the file is UTF-16: save it as CSV UTF-8",
		"id,user\n":                 `column "user" is not known, contacts can have: id, accountId, `,
		"id,version\n":              `column "version" is not known, contacts can have: id, accountId, `,
		"id,usr.name\n":             `column "usr.name" is not known, contacts can have: id, accountId, `,
		"id,attributes.currency\n1": `column "attributes.currency" is not known, contacts can have: id, accountId, `,
	} {
		_, err := New(strings.NewReader(file), integration.Contacts)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", file, err, want)
		}
	}
	_, err := New(strings.NewReader("id,lines.amount\n"), integration.Invoices)
	if want := `column "lines.amount" cannot be a cell, because it is no single value or list of texts: send these lines as NDJSON`; fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = New(strings.NewReader("id,attributes.custom.\n"), integration.Accounts)
	var unknown *UnknownColumnError
	if !errors.As(err, &unknown) || unknown.Column != "attributes.custom." || !slices.Contains(unknown.Known, "attributes.custom.NAME") {
		t.Errorf("got %v", err)
	}
}

// Every kind of import has columns, and its lines begin with what tells them apart.
func TestEveryKindHasColumns(t *testing.T) {
	for _, kind := range integration.Kinds() {
		columns := columnNames(kind)
		if len(columns) < 2 || columns[0] != "id" && columns[0] != "name" {
			t.Errorf("%s has the columns %v", kind, columns)
		}
	}
	for _, want := range []string{"attributes.tradingTermsDays", "attributes.lateFee.amount", "attributes.custom.NAME", "groups"} {
		if !slices.Contains(columnNames(integration.Accounts), want) {
			t.Errorf("accounts have no column %s: %v", want, columnNames(integration.Accounts))
		}
	}
}

// Refusals of the server name fields; people know columns.
func TestColumn(t *testing.T) {
	reader, err := New(strings.NewReader("ID,Groups,attributes.Currency,attributes.custom.a,Attributes.custom.B\n"), integration.Accounts)
	if err != nil {
		t.Fatal(err)
	}
	line := []byte(`{"id":"1","attributes":{"custom":[{"name":"B","value":"x"}]}}`)
	for field, want := range map[string]string{
		"id":                         "ID",
		"groups":                     "Groups",
		"groups[2]":                  "Groups",
		"attributes.currency":        "attributes.Currency",
		"attributes.custom.a":        "attributes.custom.a",
		"attributes.custom[0].value": "Attributes.custom.B",
		"attributes.custom[7].value": "attributes.custom[7].value",
		"attributes.custom[x":        "attributes.custom[x",
		"attributes.custom":          "attributes.custom",
		"name":                       "name",
		"":                           "",
	} {
		if got := reader.Column(field, line); got != want {
			t.Errorf("%s is column %s, want %s", field, got, want)
		}
	}
}

func TestSkipTo(t *testing.T) {
	const file = "name,displayName\na,\"1\n2\n3\"\n\nb,x\n\nc,y\n"
	for line, want := range map[int64]string{0: "2", 1: "2", 2: "6", 3: "6", 4: "6", 5: "6", 6: "8", 7: "8"} {
		reader, err := New(strings.NewReader(file), integration.Groups)
		if err != nil {
			t.Fatal(err)
		}
		if err := reader.SkipTo(line); err != nil {
			t.Fatal(err)
		}
		next, err := reader.Next()
		if got := fmt.Sprint(next.First); err != nil || got != want {
			t.Errorf("after line %d: line %s, %v, want %s", line, got, err, want)
		}
	}
	reader, err := New(strings.NewReader(file), integration.Groups)
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.SkipTo(9); !errors.Is(err, io.EOF) {
		t.Errorf("past the end: %v", err)
	}
}

func TestBrokenDisk(t *testing.T) {
	broken := errors.New("the disk is gone")
	reader, err := New(io.MultiReader(strings.NewReader("name\na\n"), iotest.ErrReader(broken)), integration.Groups)
	if err == nil {
		_, err = reader.Next()
	}
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

// repeated is an endless file in little memory.
type repeated struct {
	row  string
	left int
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.row[r.at:])
	if r.at += n; r.at == len(r.row) {
		r.at = 0
		r.left--
	}
	return n, nil
}

// Thirty megabytes of one cell, or of rows, take no more memory than a few rows.
func TestMemoryIsBounded(t *testing.T) {
	for name, row := range map[string]string{"a cell": strings.Repeat("x", 1<<16), "rows": strings.Repeat("a,b\n", 1<<14)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		reader, err := New(io.MultiReader(strings.NewReader("name,displayName\n"), &repeated{row: row, left: 1 << 9}), integration.Groups)
		for err == nil {
			_, err = reader.Next()
		}
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
			t.Errorf("%s: %d MiB were taken", name, grown>>20)
		}
	}
}

// FuzzRead: whatever is in a file, lines are JSON on one line and in order, and a second
// reading that begins after a line gives the same rest.
func FuzzRead(f *testing.F) {
	for _, file := range []string{
		"name,displayName\na,b\n", "name;displayName\r\n\"a\";\"b\"\"c\"\r\n", "\xef\xbb\xbfname\n\"a\nb\"\n\"c\n", "name\na\"b\n\"a\"b\n\xfc\n", "name,displayName\n,,\n\n\na\n",
	} {
		f.Add(file, uint8(1))
	}
	f.Fuzz(func(t *testing.T, file string, after uint8) {
		for _, kind := range integration.Kinds() {
			checkFile(t, kind, file, int64(after))
		}
		checkFile(t, integration.Accounts, "id,name,groups,attributes.tradingTermsDays,attributes.custom.x\n"+file, int64(after))
		checkFile(t, integration.Contacts, "id;owner;user.username\n"+file, int64(after))
	})
}

func checkFile(t *testing.T, kind integration.Kind, file string, after int64) {
	t.Helper()
	reader, err := New(strings.NewReader(file), kind)
	if err != nil {
		return
	}
	last, rest := int64(0), []string(nil)
	for {
		line, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if line.First <= last || line.Last < line.First || line.Last > int64(strings.Count(file, "\n"))+1 {
			t.Fatalf("lines %d to %d after %d", line.First, line.Last, last)
		}
		last = line.Last
		switch {
		case line.Refusal == nil && (!json.Valid(line.Text) || strings.ContainsAny(string(line.Text), "\n\r") || line.Text[0] != '{'):
			t.Fatalf("not a line of JSON: %q", line.Text)
		case line.Refusal != nil && line.Refusal.Message == "":
			t.Fatal("refused without a reason")
		}
		if line.First > after {
			rest = append(rest, fmt.Sprintf("%d-%d %s %v", line.First, line.Last, line.Text, line.Refusal))
		}
	}
	if again := restOf(t, kind, file, after); !slices.Equal(rest, again) {
		t.Fatalf("after line %d: %q, and in one go %q", after, again, rest)
	}
}

func restOf(t *testing.T, kind integration.Kind, file string, after int64) (rest []string) {
	t.Helper()
	reader, err := New(strings.NewReader(file), kind)
	if err == nil {
		err = reader.SkipTo(after)
	}
	for err == nil {
		var line Line
		if line, err = reader.Next(); err == nil {
			rest = append(rest, fmt.Sprintf("%d-%d %s %v", line.First, line.Last, line.Text, line.Refusal))
		}
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return rest
}
