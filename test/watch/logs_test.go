package watch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// line is what the code can write to the log.
type line struct {
	message, level string
	keys           []string
	of             []string // programs
}

// sources are the folders that log, by the program that they are of.
var sources = map[string][]string{
	"manager":    {"cmd/manager", "controllers"},
	"portal":     {"cmd/portal", "internal/portal"},
	"backoffice": {"cmd/backoffice", "internal/integration/backoffice"},
	"dispatcher": {"cmd/dispatcher", "internal/notify"},
	"pods":       {"internal/process"},
}

var loggers = regexp.MustCompile(`(?:[lL]og|[lL]ogger|FromContext\(.*\)|WithName\(.*\)|WithValues\(.*\))$`)

// linesOf reads the calls of loggers in a file.
func linesOf(t *testing.T, path string) (found []line) {
	t.Helper()
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		var receiver strings.Builder
		if err := printer.Fprint(&receiver, set, method.X); err != nil {
			t.Fatal(err)
		}
		level := strings.TrimSuffix(method.Sel.Name, "Context")
		if !slices.Contains([]string{"Info", "Warn", "Error", "LogAttrs"}, level) || !loggers.MatchString(receiver.String()) ||
			strings.Contains(receiver.String(), ".V(") { // which only developers see
			return true
		}
		for i, argument := range call.Args[:min(3, len(call.Args))] {
			if message := textOf(argument); strings.Trim(message, "…") != "" {
				found = append(found, line{message: message, level: strings.ToUpper(strings.Replace(level, "LogAttrs", "Info", 1)), keys: keysOf(call.Args[i+1:])})
				break
			}
		}
		return true
	})
	return found
}

// textOf is a string of the source, with what is put in as an ellipsis; "": it is none.
func textOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); e.Kind == token.STRING && err == nil {
			return text
		}
	case *ast.BinaryExpr:
		left, right := textOf(e.X), textOf(e.Y)
		if left+right != "" {
			return orEllipsis(left) + orEllipsis(right)
		}
	}
	return ""
}

func orEllipsis(text string) string {
	if text == "" {
		return "…"
	}
	return text
}

// keysOf are the keys of a line: every other argument, or those of attributes.
func keysOf(arguments []ast.Expr) (keys []string) {
	for i, argument := range arguments {
		if call, ok := argument.(*ast.CallExpr); ok && len(call.Args) > 0 && i%2 == 0 || ok && len(keys) > 0 && len(call.Args) == 2 && textOf(call.Args[0]) != "" {
			argument = call.Args[0]
		} else if i%2 != 0 {
			continue
		}
		if key := textOf(argument); key != "" && !strings.Contains(key, " ") {
			keys = append(keys, key)
		}
	}
	return keys
}

func allLines(t *testing.T) []line {
	t.Helper()
	byMessage := map[string]*line{}
	for program, folders := range sources {
		for _, folder := range folders {
			err := filepath.WalkDir(filepath.Join(root(t), folder), func(path string, entry fs.DirEntry, err error) error {
				if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
					return err
				}
				for _, l := range linesOf(t, path) {
					known := byMessage[l.message]
					if known == nil {
						known = &line{message: l.message, level: l.level}
						byMessage[l.message] = known
					}
					known.keys, known.of = append(known.keys, l.keys...), append(known.of, program)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	var list []line
	for _, l := range byMessage {
		slices.Sort(l.keys)
		slices.Sort(l.of)
		l.keys, l.of = slices.Compact(l.keys), slices.Compact(l.of)
		list = append(list, *l)
	}
	slices.SortFunc(list, func(a, b line) int {
		return slices.Compare([]string{strings.Join(a.of, ","), a.message}, []string{strings.Join(b.of, ","), b.message})
	})
	if len(list) < 40 {
		t.Fatalf("only %d lines were found", len(list))
	}
	return list
}

// secretKeys are keys that no line may have: their values would name people or open doors.
var secretKeys = regexp.MustCompile(`(?i)password|secret|token|email|address.*mail|phone|username|body|path$|uri`)

func TestLogKeys(t *testing.T) {
	for _, l := range allLines(t) {
		for _, key := range l.keys {
			if l.message == "import" && key == "token" {
				continue // its name
			}
			if secretKeys.MatchString(key) || !regexp.MustCompile(`^[a-z][A-Za-z]*$`).MatchString(key) {
				t.Errorf("%q has key %q: it may hold what is nobody's business, or is not written like the others", l.message, key)
			}
		}
	}
}

const (
	logsBegin = "<!-- begin of the table, written by: go test ./test/watch -run TestLogsPage -update -->\n"
	logsEnd   = "<!-- end of the table -->\n"
)

// The page has every message with its keys.
func TestLogsPage(t *testing.T) {
	var table strings.Builder
	table.WriteString("\n| of | level | message | keys |\n|---|---|---|---|\n")
	for _, l := range allLines(t) {
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", strings.Join(l.of, ", "), l.level, strings.ReplaceAll(l.message, "|", "\\|"), strings.Join(l.keys, ", "))
	}
	table.WriteString("\n")
	page := read(t, "docs", "logs.md")
	before, rest, begins := strings.Cut(page, logsBegin)
	former, after, ends := strings.Cut(rest, logsEnd)
	if !begins || !ends {
		t.Fatal("docs/logs.md has lost the marks of its table")
	}
	if *update {
		if err := os.WriteFile(filepath.Join(root(t), "docs", "logs.md"), []byte(before+logsBegin+table.String()+logsEnd+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(former, table.String()); diff != "" {
		t.Errorf("docs/logs.md is not what the code logs, run: go test ./test/watch -run TestLogsPage -update\n%s", diff)
	}
	for _, decision := range regexp.MustCompile(`(?m)^\tdecided\w+ += "(\w+)"`).FindAllStringSubmatch(read(t, "controllers", "decisions.go"), -1) {
		if !strings.Contains(before, "| `"+decision[1]+"` |") {
			t.Errorf("docs/logs.md does not have the decision %s", decision[1])
		}
	}
}
