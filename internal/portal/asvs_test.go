package portal

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the table of OWASP's ASVS is checked against: docs/security/asvs.md.
const (
	repository  = "../.."
	asvsPage    = repository + "/docs/security/asvs.md"
	asvsIDsFile = "testdata/asvs-5.0-l2.txt"
)

// asvsRow is one requirement of the table.
type asvsRow struct{ id, level, what, state, how, proof string }

// asvsRows reads the table, and how often each state stands in its summary.
func asvsRows(t *testing.T) (rows []asvsRow, counted map[string]string) {
	t.Helper()
	counted = map[string]string{}
	for _, line := range lines(t, asvsPage) {
		cells := strings.Split(strings.Trim(line, "|"), " | ")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case !strings.HasPrefix(line, "| ") || cells[0] == "id" || cells[0] == "state":
		case len(cells) == 3:
			counted[cells[0]] = cells[2]
		case len(cells) == 6:
			rows = append(rows, asvsRow{cells[0], cells[1], cells[2], cells[3], cells[4], cells[5]})
		default:
			t.Errorf("a row has %d cells: %s", len(cells), line)
		}
	}
	return rows, counted
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(content)), "\n")
}

var testFunction = regexp.MustCompile(`^func ((?:Test|Fuzz)\w+)\(`)

// testsOfTheRepository are all tests, as package.Name. What lies beside the source, as
// downloaded modules of the browser tests, is none of it.
func testsOfTheRepository(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, folder := range []string{"api", "cmd", "controllers", "internal", "test"} {
		err := filepath.WalkDir(filepath.Join(repository, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() && entry.Name() == "node_modules" {
				return fs.SkipDir
			}
			if entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
				return nil
			}
			file, err := os.Open(path)
			if err != nil {
				return fmt.Errorf("tests of the repository: %w", err)
			}
			defer file.Close() //nolint:errcheck // it was only read
			of := filepath.Base(filepath.Dir(path))
			scanner := bufio.NewScanner(file)
			scanner.Buffer(nil, 1<<20)
			for scanner.Scan() {
				if name := testFunction.FindStringSubmatch(scanner.Text()); name != nil {
					found[of+"."+name[1]] = true
				}
			}
			return scanner.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

var (
	namedTest = regexp.MustCompile("`([a-z0-9]+\\.(?:Test|Fuzz)\\w+)`")
	namedFile = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)
)

// TestASVS: every requirement of levels 1 and 2 stands in the table once, with a state
// that is explained; what is proved names tests and files that exist.
func TestASVS(t *testing.T) {
	rows, counted := asvsRows(t)
	var ids []string
	states := map[string]int{}
	for _, row := range rows {
		ids = append(ids, row.id+" L"+row.level)
		states[row.state]++
		if row.what == "" || row.how == "" {
			t.Errorf("%s is not explained", row.id)
		}
		if (row.proof == "") != (row.state == "n/a") {
			t.Errorf("%s is %s, and its proof is %q", row.id, row.state, row.proof)
		}
	}
	if diff := cmp.Diff(lines(t, asvsIDsFile), ids); diff != "" {
		t.Errorf("requirements (-of the standard +of the table):\n%s", diff)
	}
	for state, count := range states {
		if counted[state] != fmt.Sprint(count) {
			t.Errorf("%d requirements are %q, the summary says %q", count, state, counted[state])
		}
	}
	if len(counted) != len(states) {
		t.Errorf("the summary has the states %v", counted)
	}
	checkProofs(t, rows)
}

// checkProofs looks every test and file up that the rows name.
func checkProofs(t *testing.T, rows []asvsRow) {
	t.Helper()
	tests := testsOfTheRepository(t)
	for _, row := range rows {
		names := namedTest.FindAllStringSubmatch(row.proof, -1)
		for _, name := range names {
			if !tests[name[1]] {
				t.Errorf("%s: there is no test %s", row.id, name[1])
			}
		}
		files := namedFile.FindAllStringSubmatch(row.proof+row.how, -1)
		for _, file := range files {
			if _, err := os.Stat(filepath.Join(filepath.Dir(asvsPage), file[1])); err != nil {
				t.Errorf("%s: %v", row.id, err)
			}
		}
		if parts := strings.Count(row.proof, "<br>") + 1; row.proof != "" && parts != len(names)+len(namedFile.FindAllString(row.proof, -1)) {
			t.Errorf("%s: %q is not made of tests and files", row.id, row.proof)
		}
	}
}

// calls is what a program would send requests with, or start another by.
var calls = regexp.MustCompile(`http\.(Get\(|Post\(|PostForm\(|Head\(|DefaultClient|Client\{|NewRequest)|net\.(Dial|Dialer)|tls\.Dial|"os/exec"`)

// TestDataPlaneCallsNobody: the packages of the pods of a tenant send no request to
// anybody but the database, so no address that a user gives can be called.
func TestDataPlaneCallsNobody(t *testing.T) {
	looked := 0
	for _, folder := range []string{"portal", "web", "identity", "store", "process", "integration/backoffice", "config", "message"} {
		err := filepath.WalkDir(filepath.Join(repository, "internal", folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			looked++
			for i, line := range lines(t, path) {
				if code, _, _ := strings.Cut(line, "//"); calls.MatchString(code) {
					t.Errorf("%s:%d: %s", path, i+1, strings.TrimSpace(line))
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if looked < 100 {
		t.Errorf("only %d files were looked at", looked)
	}
}

// TestSectionsOfTheSecurityPage: the table leads to sections that exist.
func TestSectionsOfTheSecurityPage(t *testing.T) {
	var titles []string
	for _, line := range lines(t, repository+"/docs/security/README.md") {
		if title, found := strings.CutPrefix(line, "## "); found {
			titles = append(titles, strings.ReplaceAll(strings.ToLower(title), " ", "-"))
		}
	}
	rows, _ := asvsRows(t)
	for _, row := range rows {
		for _, link := range namedFile.FindAllStringSubmatch(row.how, -1) {
			if link[1] == "README.md" && !slices.Contains(titles, strings.TrimPrefix(link[2], "#")) {
				t.Errorf("%s: the page has no section %s", row.id, link[2])
			}
		}
	}
}

// TestThreats: every threat of the security model names tests that exist.
func TestThreats(t *testing.T) {
	tests := testsOfTheRepository(t)
	_, table, _ := strings.Cut(strings.Join(lines(t, filepath.Join(filepath.Dir(asvsPage), "README.md")), "\n"), "\n## Threats")
	table, _, _ = strings.Cut(table, "\n## ")
	threats := 0
	for row := range strings.Lines(table) {
		cells := strings.Split(row, " | ")
		if len(cells) != 3 || strings.HasPrefix(row, "| somebody |") {
			continue
		}
		threats++
		names := namedTest.FindAllStringSubmatch(cells[2], -1)
		if len(names) == 0 {
			t.Errorf("nothing proves what stops somebody who %s", strings.TrimPrefix(cells[0], "| "))
		}
		for _, name := range names {
			if !tests[name[1]] {
				t.Errorf("there is no test %s", name[1])
			}
		}
	}
	if threats < 15 {
		t.Errorf("%d threats were found: has the table another heading?", threats)
	}
}
