package backoffice

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

const goodHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

var everyKind = map[integration.Kind][]string{
	integration.Groups:   {`{"name":"vip","displayName":"Very important"}`, `{"id":"beta"}`},
	integration.Products: {`{"id":"router","name":"Router","price":"199.00"}`},
	integration.Accounts: {
		`{"id":"A-1","name":"Ada","status":"Active","accountProfile":"business","groups":["vip","beta"],"attributes":{"locale":"en-AU"}}`,
		`{"id":"A-2","name":"Bob","status":"Suspended","myAccountProfile":"full"}`,
		`{"id":"A-3","name":"Eve"}`,
	},
	integration.Contacts: {
		`{"id":"C-1","accountId":"A-1","firstName":"Ada","lastName":"Byron","email":"ada@example.org","owner":true,"access":"Active","user":{"username":"ada","email":"ada@example.org","emailVerified":true,"passwordHash":"` + goodHash + `"}}`,
		`{"id":"C-2","accountId":"A-1","firstName":"Sam","access":"Active","grants":["ViewInvoices"],"user":{"username":"sam"}}`,
		`{"id":"C-3","accountId":"A-2","access":"Disabled"}`,
	},
	integration.Invoices: {
		`{"id":"I-1","accountId":"A-1","number":"1","issuedOn":"2026-02-01","total":"10.50","status":"Open"}`,
		`{"id":"I-2","accountId":"A-1","number":"2","issuedOn":"2026-02-02","dueOn":"2026-02-09","currency":"EUR","total":"20","balance":"5.5","status":"Open"}`,
		`{"id":"I-3","accountId":"A-3","number":"3","issuedOn":"2026-02-03","total":"7","status":"Paid"}`,
	},
	integration.Payments: {
		`{"id":"P-1","accountId":"A-1","status":"Received","amount":"5","paidOn":"2026-02-04","invoices":[{"id":"I-1","amount":"5"}]}`,
		`{"id":"P-2","accountId":"A-2","status":"Failed","amount":"7.25","currency":"EUR","paidOn":"2026-02-04","reason":"The card has expired"}`,
	},
	integration.Calls: {
		`{"id":"K-1","accountId":"A-1","startedAt":"2026-02-04T23:30:00Z","direction":"Outbound","outcome":"Answered","number":"+61290000001","otherNumber":"+61290000002","seconds":61,"charge":"0.25"}`,
		`{"id":"K-1","accountId":"A-1","startedAt":"2026-02-05T23:30:00Z","direction":"Inbound","outcome":"Missed","number":"+61290000001","seconds":0}`,
	},
}

func TestImportTwiceChangesNothing(t *testing.T) {
	s := newSite(t, server)
	for _, kind := range integration.Kinds() {
		n := int64(len(everyKind[kind]))
		for _, want := range []integration.Summary{{Received: n, Created: n}, {Received: n, Unchanged: n}} {
			got, refusals := s.imported(t, kind, everyKind[kind]...)
			if diff := cmp.Diff(want, got); diff != "" || len(refusals) > 0 {
				t.Errorf("%s (-want +got):\n%s\n%v", kind, diff, refusals)
			}
		}
	}
	got, _ := s.account(t, "A-1")
	want := store.AccountView{Name: "Ada", Status: settings.Active, Account: config.Account{
		ID: "A-1", AccountProfile: "business", Groups: []string{"beta", "vip"}, Attributes: settings.Attributes{Locale: "en-AU"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("account (-want +got):\n%s", diff)
	}
	user, err := s.tenant.Portal.SignInUser(t.Context(), "ADA@example.org")
	if err != nil || user.PasswordHash != goodHash || len(user.Contacts) != 1 || user.Contacts[0].ContactID != "C-1" {
		t.Errorf("sign-in of the imported user: %+v, %v", user, err)
	}
}

// What a line leaves out stays, what it sets changes, what it nulls is cleared.
func TestImportChangesOnlyWhatTheLineSays(t *testing.T) {
	s := newSite(t, server)
	s.must(t, integration.Groups, everyKind[integration.Groups]...)
	s.must(t, integration.Accounts, everyKind[integration.Accounts]...)
	steps := []struct {
		line string
		want integration.Summary
		then store.AccountView
	}{
		{
			`{"id":"A-1"}`, integration.Summary{Received: 1, Unchanged: 1},
			store.AccountView{Name: "Ada", Status: settings.Active, Account: config.Account{ID: "A-1", AccountProfile: "business", Groups: []string{"beta", "vip"}, Attributes: settings.Attributes{Locale: "en-AU"}}},
		},
		{
			`{"id":"A-1","status":"Suspended","groups":["beta"]}`, integration.Summary{Received: 1, Updated: 1},
			store.AccountView{Name: "Ada", Status: settings.Suspended, Account: config.Account{ID: "A-1", AccountProfile: "business", Groups: []string{"beta"}, Attributes: settings.Attributes{Locale: "en-AU"}}},
		},
		{
			`{"id":"A-1","accountProfile":null,"groups":null,"attributes":{"locale":null,"currency":"NZD"},"name":"Ada L."}`, integration.Summary{Received: 1, Updated: 1},
			store.AccountView{Name: "Ada L.", Status: settings.Suspended, Account: config.Account{ID: "A-1", Groups: []string{}, Attributes: settings.Attributes{Currency: "NZD"}}},
		},
		{
			`{"id":"A-1","attributes":null}`, integration.Summary{Received: 1, Updated: 1},
			store.AccountView{Name: "Ada L.", Status: settings.Suspended, Account: config.Account{ID: "A-1", Groups: []string{}}},
		},
	}
	for _, step := range steps {
		summary, refusals := s.imported(t, integration.Accounts, step.line)
		account, _ := s.account(t, "A-1")
		if diff := cmp.Diff(step.want, summary); diff != "" {
			t.Errorf("%s (-want +got):\n%s%v", step.line, diff, refusals)
		}
		if diff := cmp.Diff(step.then, account); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.line, diff)
		}
	}
}

// Good lines are applied, bad ones named. What a line alone can say is tested with
// the parser; here is what needs the database or the settings.
func TestImportNamesBadLines(t *testing.T) {
	s := newSite(t, server)
	for _, kind := range integration.Kinds() {
		s.must(t, kind, everyKind[kind]...)
	}
	tests := []struct {
		kind  integration.Kind
		lines []string
		want  []integration.Refusal
		sum   integration.Summary
	}{
		{
			kind: integration.Accounts,
			lines: []string{
				accountLine(1),
				`{"id":"X-1","name":"x","accountProfile":"gold"}`,
				``,
				`{"id":"X-2","name":"x","accountProfile":"gone"}`,
				`{"id":"X-3","name":"x","myAccountProfile":"platinum"}`,
				`{"id":"X-4","name":"x","myAccountProfile":"legacy"}`,
				`{"id":"X-5","name":"x","groups":["vip","gold"]}`,
				`{"id":"X-6"}`,
				`{"id":"X-7","name":"x"`,
				`{"id":"X-8","name":"x","balance":"1"}`,
				`{"id":"X-9","name":"` + strings.Repeat("x", integration.MaxLineBytes) + `"}`,
				accountLine(2),
			},
			want: []integration.Refusal{
				{Line: 2, ID: "X-1", Field: "accountProfile", Message: `there is no AccountProfile "gold", allowed are business, residential`},
				{Line: 4, ID: "X-2", Field: "accountProfile", Message: `AccountProfile "gone" is kept for the accounts that have it and cannot be newly assigned, allowed are business, residential`},
				{Line: 5, ID: "X-3", Field: "myAccountProfile", Message: `there is no MyAccountProfile "platinum", allowed are basic, full`},
				{Line: 6, ID: "X-4", Field: "myAccountProfile", Message: `MyAccountProfile "legacy" is kept for the accounts that have it and cannot be newly assigned, allowed are basic, full`},
				{Line: 7, ID: "X-5", Field: "groups[1]", Message: `there is no customer group "gold"`},
				{Line: 8, ID: "X-6", Field: "name", Rule: "required", Message: "is missing"},
				{Line: 9, ID: "X-7", Rule: "json", Message: "is not valid JSON: it ends too early"},
				{Line: 10, ID: "X-8", Field: "balance", Rule: "additionalProperties", Message: "is not a known field, the nearest is name; allowed are id, name, status, statusReason, accountProfile, myAccountProfile, groups, attributes, address, phone, taxId, startsOn"},
				{Line: 11, Rule: "maxLength", Message: "is longer than 64 KiB"},
			},
			sum: integration.Summary{Received: 11, Created: 2, Refused: 9},
		},
		{
			kind: integration.Contacts,
			lines: []string{
				`{"id":"X-1","accountId":"A-9","access":"Active"}`,
				`{"id":"X-2","accountId":"A-2","access":"Active","user":{"username":"eve","passwordHash":"$2y$10$abcdefghijklmnopqrstuv"}}`,
				`{"id":"X-3","accountId":"A-2","access":"Active","user":{"username":"eve","passwordHash":"$argon2id$v=19$m=999999999,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"}}`,
				`{"id":"X-4","accountId":"A-1","access":"Active","owner":true}`,
				`{"id":"X-5","accountId":"A-2","access":"Active","user":{"username":"ADA"}}`,
				`{"id":"C-1","accountId":"A-2","access":"Active"}`,
				`{"id":"X-6","accountId":"A-2","access":"Active","grants":["FlyAway"]}`,
				`{"id":"X-7","accountId":"A-2","access":"Active","user":{"username":"eve","passwordHash":"$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"}}`,
				`{"id":"X-8","accountId":"A-2","access":"Active","user":{"username":"eve","passwordHash":"$argon2id$v=19$m=65536,t=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"}}`,
			},
			want: []integration.Refusal{
				{Line: 1, ID: "X-1", Field: "accountId", Message: `there is no account "A-9"`},
				{Line: 2, ID: "X-2", Field: "user.passwordHash", Message: "is not an argon2id hash in PHC form within the bounds of this server, allowed is $argon2id$v=19$m=19456,t=2,p=1$<salt>$<key>"},
				{Line: 3, ID: "X-3", Field: "user.passwordHash", Message: "is not an argon2id hash in PHC form within the bounds of this server, allowed is $argon2id$v=19$m=19456,t=2,p=1$<salt>$<key>"},
				{Line: 4, ID: "X-4", Field: "owner", Message: `the owner of account "A-1" is contact "C-1": write that one with owner false first, or both in one import`},
				{Line: 5, ID: "X-5", Field: "user.username", Message: `"ADA" is already the username of a user with another email`},
				{Line: 6, ID: "C-1", Field: "accountId", Message: `contact "C-1" belongs to account "A-1", and never moves`},
				{Line: 7, ID: "X-6", Field: "grants[0]", Rule: "enum", Message: `"FlyAway" is not allowed, allowed are ` + strings.ReplaceAll(grantsAllowed(), ",", ", ")},
				{Line: 8, ID: "X-7", Field: "user.passwordHash", Message: "has the parameters m=8,t=1,p=1, allowed with t=1 are m=47104 to 65536 and p=1"},
				{Line: 9, ID: "X-8", Field: "user.passwordHash", Message: "has the parameters m=65536,t=8,p=1, allowed with t=8 are m=7168 to 9728 and p=1"},
			},
			sum: integration.Summary{Received: 9, Refused: 9},
		},
		{
			kind: integration.Invoices,
			lines: []string{
				`{"id":"X-1","accountId":"A-9","number":"1","issuedOn":"2026-02-01","total":"1","status":"Open"}`,
				`{"id":"X-2","accountId":"A-9","number":"1","issuedOn":"2026-02-01","dueOn":"2026-02-01","total":"1","status":"Open"}`,
				`{"id":"I-1","accountId":"A-2","number":"1","issuedOn":"2026-02-01","total":"1","status":"Open"}`,
			},
			want: []integration.Refusal{
				{Line: 1, ID: "X-1", Field: "accountId", Message: `there is no account "A-9"`},
				{Line: 2, ID: "X-2", Field: "accountId", Message: `there is no account "A-9"`},
				{Line: 3, ID: "I-1", Field: "accountId", Message: `invoice "I-1" belongs to account "A-1", and never moves`},
			},
			sum: integration.Summary{Received: 3, Refused: 3},
		},
	}
	for _, test := range tests {
		sum, refusals := s.imported(t, test.kind, test.lines...)
		if diff := cmp.Diff(test.want, refusals); diff != "" {
			t.Errorf("%s: refusals (-want +got):\n%s", test.kind, diff)
		}
		if diff := cmp.Diff(test.sum, sum); diff != "" {
			t.Errorf("%s: summary (-want +got):\n%s", test.kind, diff)
		}
	}
	if _, exists := s.account(t, "A-000002"); !exists {
		t.Error("the good line after the bad ones was not applied")
	}
}

// item is a row as it shall be, whatever is there.
func item(id string, row store.Account) store.Item[store.Account] {
	return store.Item[store.Account]{ID: id, Decide: func(*store.Account) (store.Account, *store.Refusal) { return row, nil }}
}

// An account keeps a profile that can no longer be assigned, and an unknown one too.
func TestImportKeepsWhatAnAccountHas(t *testing.T) {
	s := newSite(t, server)
	items := []store.Item[store.Account]{
		item("A-1", store.Account{Name: "x", Status: settings.Active, AccountProfile: "gone", MyAccountProfile: "legacy", StartsOn: time.Now()}),
		item("A-2", store.Account{Name: "x", Status: settings.Active, AccountProfile: "never-there", StartsOn: time.Now()}),
	}
	err := s.tenant.Backoffice.Write(t.Context(), store.Origin{Now: time.Now()}, func(ctx context.Context, w *store.Writer) error {
		_, err := w.PutAccounts(ctx, items)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sum, refusals := s.imported(t, integration.Accounts,
		`{"id":"A-1","name":"y","accountProfile":"gone","myAccountProfile":"legacy"}`,
		`{"id":"A-2","name":"y","accountProfile":"never-there"}`)
	if diff := cmp.Diff(integration.Summary{Received: 2, Updated: 2}, sum); diff != "" {
		t.Errorf("(-want +got):\n%s\n%v", diff, refusals)
	}
}

// The due date of an invoice without one comes from the account's trading terms, and
// stays when they change.
func TestImportFreezesTradingTerms(t *testing.T) {
	s := newSite(t, server)
	s.must(t, integration.Accounts, accountLine(1), `{"id":"A-2","name":"x","attributes":{"tradingTermsDays":0,"currency":"NZD"}}`, `{"id":"A-3","name":"x"}`)
	line := func(id, account string) string {
		return fmt.Sprintf(`{"id":%q,"accountId":%q,"number":"1","issuedOn":"2026-02-20","total":"10.5","status":"Open"}`, id, account)
	}
	day := func(text string) time.Time {
		day, err := integration.ParseDate(text)
		if err != nil {
			t.Fatal(err)
		}
		return day
	}
	invoice := func(id, due, source, name, currency string) store.ListedInvoice {
		return store.ListedInvoice{ID: id, Number: "1", IssuedOn: day("2026-02-20"), DueOn: day(due), DueSource: source, DueSourceName: name, Currency: currency, Total: "10.5", Balance: "10.5", Status: "Open"}
	}
	check := func(account string, want ...store.ListedInvoice) {
		t.Helper()
		if diff := cmp.Diff(want, s.invoices(t, account)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", account, diff)
		}
	}
	s.must(t, integration.Invoices, line("I-1", "A-000001"), line("I-2", "A-2"), line("I-3", "A-3"),
		`{"id":"I-4","accountId":"A-3","number":"1","issuedOn":"2026-02-20","dueOn":"2026-02-21","currency":"USD","total":"10.5000","balance":"10.50","status":"Open"}`)
	first := invoice("I-1", "2026-03-13", "AccountProfile", "business", "AUD")
	check("A-000001", first)
	check("A-2", invoice("I-2", "2026-02-20", "Account", "A-2", "NZD"))
	check("A-3", invoice("I-4", "2026-02-21", "Invoice", "", "USD"), invoice("I-3", "2026-03-06", "BuiltIn", "", "AUD"))

	s.settings.Store(document(t, 7))
	sum, _ := s.imported(t, integration.Invoices, line("I-1", "A-000001"), line("I-5", "A-000001"))
	if diff := cmp.Diff(integration.Summary{Received: 2, Created: 1, Unchanged: 1}, sum); diff != "" {
		t.Errorf("after the terms changed (-want +got):\n%s", diff)
	}
	check("A-000001", invoice("I-5", "2026-02-27", "AccountProfile", "business", "AUD"), first)
}

// An invoice that came without a currency has its amounts in the one that its account
// had then: another currency of the account does not turn 10.5 AUD into 10.5 EUR.
func TestImportFreezesCurrency(t *testing.T) {
	s := newSite(t, server)
	s.must(t, integration.Accounts, accountLine(1))
	line := func(fields string) string {
		return `{"id":"I-1","accountId":"A-000001","number":"1","issuedOn":"2026-02-20","total":"10.5",` + fields + `}`
	}
	s.must(t, integration.Invoices, line(`"status":"Open"`))
	s.must(t, integration.Accounts, `{"id":"A-000001","attributes":{"currency":"EUR"}}`)
	for _, step := range []struct {
		fields, currency string
		want             integration.Summary
	}{
		{`"status":"Open"`, "AUD", integration.Summary{Received: 1, Unchanged: 1}},
		{`"status":"Paid"`, "AUD", integration.Summary{Received: 1, Updated: 1}},
		{`"status":"Paid","currency":"NZD"`, "NZD", integration.Summary{Received: 1, Updated: 1}},
		{`"status":"Paid","currency":"NZD"`, "NZD", integration.Summary{Received: 1, Unchanged: 1}},
	} {
		sum, refusals := s.imported(t, integration.Invoices, line(step.fields))
		if diff := cmp.Diff(step.want, sum); diff != "" {
			t.Errorf("%s (-want +got):\n%s%v", step.fields, diff, refusals)
		}
		if got := s.invoices(t, "A-000001"); len(got) != 1 || got[0].Currency != step.currency {
			t.Errorf("%s: %+v, want it in %s", step.fields, got, step.currency)
		}
	}
}

// The running handler takes up new settings, from one batch of an import to the next.
func TestImportTakesUpNewSettings(t *testing.T) {
	s := newSite(t, server)
	s.must(t, integration.Accounts, accountLine(1))
	invoice := func(i int) string {
		return fmt.Sprintf(`{"id":"I-%06d","accountId":"A-000001","number":"%d","issuedOn":"2026-02-01","total":"1","status":"Open"}`, i, i)
	}
	u := s.upload(t, integration.Invoices)
	u.send(t, "bad")
	u.send(t, lines(1, batchLines, invoice)...)
	u.nextRefusal(t) // the first batch is written
	s.settings.Store(document(t, 1))
	u.send(t, invoice(9999))
	sum, problem := u.end(t)
	if sum.Created != batchLines+1 || problem != nil {
		t.Fatalf("summary %+v, %v", sum, problem)
	}
	due := map[string]string{}
	for _, i := range s.invoices(t, "A-000001") {
		due[i.ID] = i.DueOn.Format(time.DateOnly)
	}
	before := fmt.Sprintf("I-%06d", batchLines-1)
	if due["I-009999"] != "2026-02-02" || due[before] != "2026-02-22" {
		t.Errorf("due %s and %s, want 2026-02-02 and 2026-02-22", due["I-009999"], due[before])
	}
}

// The same id twice in one import: the second line is refused, whatever becomes of the
// first and however far apart they are.
func TestImportOfOneIDTwice(t *testing.T) {
	s := newSite(t, server)
	all := []string{`{"id":"A-1","name":"first"}`, `{"id":"A-1","name":"second"}`, `{"id":"A-2"}`, `{"id":"A-2","name":"second"}`}
	all = append(all, lines(1, batchLines-len(all), accountLine)...)
	all = append(all, `{"id":"A-1","name":"third"}`, accountLine(batchLines), accountLine(1))
	sum, refusals := s.imported(t, integration.Accounts, all...)
	want := []integration.Refusal{
		{Line: 2, ID: "A-1", Field: "id", Rule: "uniqueItems", Message: `"A-1" is already in line 1`},
		{Line: 3, ID: "A-2", Field: "name", Rule: "required", Message: "is missing"},
		{Line: 4, ID: "A-2", Field: "id", Rule: "uniqueItems", Message: `"A-2" is already in line 3`},
		{Line: batchLines + 1, ID: "A-1", Field: "id", Rule: "uniqueItems", Message: `"A-1" is already in an earlier line`},
		{Line: batchLines + 3, ID: "A-000001", Field: "id", Rule: "uniqueItems", Message: `"A-000001" is already in an earlier line`},
	}
	if diff := cmp.Diff(want, refusals); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(integration.Summary{Received: batchLines + 3, Created: batchLines - 2, Refused: 5}, sum); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if a, _ := s.account(t, "A-1"); a.Name != "first" {
		t.Errorf("A-1 is named %q, want first", a.Name)
	}
}

// Imports of the same lines at once, in different orders: every line has one outcome,
// and each thing is created once.
func TestConcurrentImports(t *testing.T) {
	s := newSite(t, server)
	const n, atOnce = 1500, maxImports - 1 // as many as one token may have
	sums := make([]integration.Summary, atOnce)
	var imports sync.WaitGroup
	for i := range sums {
		imports.Go(func() {
			list := lines(1, n, accountLine)
			if i%2 == 1 {
				for a, b := 0, n-1; a < b; a, b = a+1, b-1 {
					list[a], list[b] = list[b], list[a]
				}
			}
			var err error
			if sums[i], err = s.Import(t.Context(), integration.Accounts, reader(strings.Join(list, "\n")), nil); err != nil {
				t.Error(err)
			}
		})
	}
	imports.Wait()
	var created, others int64
	for _, sum := range sums {
		created += sum.Created
		others += sum.Updated + sum.Unchanged
	}
	if created != n || others != n*(atOnce-1) {
		t.Errorf("created %d and left %d, want %d and %d: %+v", created, others, n, n*(atOnce-1), sums)
	}
}

// An import ends with its token: by lines before its next batch, whole before it takes
// effect. Here the token is withdrawn before it is looked at for the third time: first
// comes the request itself, then the first batch.
func TestImportEndsWithItsToken(t *testing.T) {
	for mode, test := range map[integration.Mode]struct{ lines, groups int }{
		integration.ModeLines: {batchLines + 10, batchLines},
		integration.ModeWhole: {10, 0},
	} {
		t.Run(string(mode), func(t *testing.T) {
			s := newSite(t, server)
			made := s.newToken(t, `{"name":"billing","scopes":["groups:write"]}`)
			now, looks := time.Now(), 0
			s.api.tokens.now = func() time.Time {
				if looks++; looks == 3 {
					s.withdraw(t, made.ID)
					now = now.Add(tokenBelieved)
				}
				return now
			}
			client := &integration.Client{BaseURL: s.BaseURL, Token: made.Secret, HTTP: s.HTTP}
			_, err := client.ImportWith(t.Context(), integration.ImportOptions{Kind: integration.Groups, Mode: mode}, reader(strings.Join(lines(1, test.lines, groupLine), "\n")), nil)
			wrong, ok := errors.AsType[*integration.Problem](err)
			if !ok || wrong.Status != 401 {
				t.Fatalf("got %v", err)
			}
			if want := int64(test.groups + 1); mode == integration.ModeLines && wrong.ResumeFromLine != want {
				t.Errorf("it resumes from line %d, want %d", wrong.ResumeFromLine, want)
			}
			var groups int
			if err := s.owner(t).QueryRow(t.Context(), `SELECT count(*) FROM account_group`).Scan(&groups); err != nil || groups != test.groups {
				t.Errorf("%d groups were written, want %d (%v)", groups, test.groups, err)
			}
		})
	}
}

// What no address can carry is no id.
func TestImportRefusesIDsOfNoAddress(t *testing.T) {
	s := newSite(t, server)
	_, refusals := s.imported(t, integration.Groups, `{"name":"."}`, `{"name":".."}`, `{"name":"..."}`)
	if len(refusals) != 2 || refusals[1].Line != 2 || refusals[1].Field != "id" || !strings.Contains(refusals[1].Message, "which an address cannot carry") {
		t.Errorf("refused %+v", refusals)
	}
}
