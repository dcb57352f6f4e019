package portal

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/web"
)

// A key is a text as the code has it; the two forms of N have | between them.

// usedKeys finds the keys in the code of the portal and of what the sites share: the
// literals that T, N and Text are called with, and the titles of the registries.
func usedKeys(t *testing.T) map[string]string {
	t.Helper()
	used := map[string]string{} // key -> where it is
	for _, folder := range []string{".", "../web"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			positions := token.NewFileSet()
			file, err := parser.ParseFile(positions, path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					if key, found := keyOf(call); found {
						used[key] = positions.Position(call.Pos()).String()
					}
				}
				return true
			})
		}
	}
	invoiceTexts(t, used)
	for _, f := range settings.FeatureRegistry() {
		used[f.Title], used[f.Description] = "the registry of features", "the registry of features"
	}
	for _, a := range settings.AttributeRegistry() {
		used[a.Title] = "the registry of attributes"
	}
	return used
}

// invoiceTexts adds what the built-in invoice templates mark for translation.
func invoiceTexts(t *testing.T, used map[string]string) {
	t.Helper()
	for _, name := range []string{settings.StandardInvoice, settings.BusinessInvoice} {
		source, err := builtInInvoices.ReadFile("invoice_" + name + ".html")
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range translated.FindAllStringSubmatch(string(source), -1) {
			used[found[1]] = "the invoice template " + name
		}
	}
}

// keyOf is the key of a call of T, N or Text with literals.
func keyOf(call *ast.CallExpr) (key string, found bool) {
	name := ""
	switch f := call.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	count := map[string]int{"T": 1, "Text": 1, "N": 2}[name]
	var parts []string
	for _, arg := range call.Args {
		text, ok := literalText(arg)
		if !ok && len(parts) > 0 {
			break
		}
		if ok && len(parts) < count {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "|"), count > 0 && len(parts) == count
}

// literalText is a text constant, which may be put together of several.
func literalText(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, ok := literalText(e.X)
		right, also := literalText(e.Y)
		return left + right, ok && also && e.Op == token.ADD
	}
	return "", false
}

// translations are the files of translations: file -> key -> language -> text.
func translations(t *testing.T) map[string]map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]map[string]string{}
	for _, folder := range []fs.FS{os.DirFS("."), os.DirFS("../web")} {
		files, err := fs.Glob(folder, "words/*.json")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			text, err := fs.ReadFile(folder, name)
			if err != nil {
				t.Fatal(err)
			}
			var entries map[string]map[string]string
			if err := json.Unmarshal(text, &entries); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, twice := all[name]; twice {
				name = "../web/" + name
			}
			all[name] = entries
		}
	}
	return all
}

// TestEveryTextIsTranslated: each text that the code shows has a translation to every
// language, with the same arguments, in one file; and nothing else is in the files.
func TestEveryTextIsTranslated(t *testing.T) {
	used, files := usedKeys(t), translations(t)
	if len(used) < 100 || len(files) < 3 {
		t.Fatalf("only %d texts and %d files were found", len(used), len(files))
	}
	home := map[string]string{} // key -> the file that has it
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for key, translated := range files[name] {
			if used[key] == "" {
				t.Errorf("%s: nothing shows %q", name, key)
			}
			if home[key] != "" {
				t.Errorf("%s: %q is in %s too", name, key, home[key])
			}
			home[key] = name
			checkTranslation(t, name, key, translated)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(used)) {
		if home[key] == "" {
			t.Errorf("%s: %q is not translated", used[key], key)
		}
	}
}

func checkTranslation(t *testing.T, file, key string, translated map[string]string) {
	t.Helper()
	english, _, _ := strings.Cut(key, "#")
	for _, language := range web.Languages {
		text := translated[language]
		if text == "" || text == english && len(strings.Fields(text)) > 3 {
			t.Errorf("%s: %q has no %s", file, key, language)
			continue
		}
		forms, want := strings.Split(text, "|"), strings.Split(english, "|")
		if len(forms) != len(want) {
			t.Errorf("%s: %q has %d forms in %s, want %d", file, key, len(forms), language, len(want))
			continue
		}
		for i, form := range forms {
			if diff := cmp.Diff(verbsOf(want[i]), verbsOf(form)); diff != "" {
				t.Errorf("%s: the arguments of %q differ in %s: %s", file, key, language, diff)
			}
			if strings.TrimSpace(form) != form || strings.Contains(form, "  ") {
				t.Errorf("%s: the spaces of %q are odd in %s", file, key, language)
			}
		}
	}
}

var verb = regexp.MustCompile(`%(\[(\d)\])?([a-z%])`)

// verbsOf is what a text does with each of its arguments.
func verbsOf(text string) map[int]string {
	verbs, next := map[int]string{}, 1
	for _, found := range verb.FindAllStringSubmatch(text, -1) {
		if found[3] == "%" {
			continue
		}
		if found[2] != "" {
			next, _ = strconv.Atoi(found[2])
		}
		verbs[next] = found[3]
		next++
	}
	return verbs
}

func TestVerbsOf(t *testing.T) {
	for text, want := range map[string]map[int]string{
		"none":                  {},
		"%d of %s, 100%%":       {1: "d", 2: "s"},
		"%[2]s von %[1]d":       {1: "d", 2: "s"},
		"%s%% of %[1]s":         {1: "s"},
		"%[2]s and then %s all": {2: "s", 3: "s"},
	} {
		if diff := cmp.Diff(want, verbsOf(text)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

// literalMarkup puts together what the generated code of a page writes by itself. Where it
// writes a value, there is a mark.
func literalMarkup(t *testing.T, path string) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var markup strings.Builder
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		f, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || f.Sel.Name != "WriteString" {
			return true
		}
		if text, literal := literalText(call.Args[len(call.Args)-1]); literal {
			markup.WriteString(text)
		} else {
			markup.WriteString("0")
		}
		return true
	})
	return markup.String()
}

// TestPagesHaveNoLiteralText: what a page says goes through T and N.
func TestPagesHaveNoLiteralText(t *testing.T) {
	files, err := filepath.Glob("*_templ.go")
	if err != nil {
		t.Fatal(err)
	}
	shared, err := filepath.Glob("../web/*_templ.go")
	if err != nil {
		t.Fatal(err)
	}
	if files = append(files, shared...); len(files) < 6 {
		t.Fatalf("only the pages %v were found", files)
	}
	for _, path := range files {
		for _, text := range visibleTexts(t, literalMarkup(t, path)) {
			if hasLetters(text) {
				t.Errorf("%s: %q is not translated", path, text)
			}
		}
	}
}

// visibleTexts are the texts of a page that people see or hear.
func visibleTexts(t *testing.T, markup string) []string {
	t.Helper()
	var texts []string
	tokens := html.NewTokenizer(strings.NewReader(markup))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			if err := tokens.Err(); !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			return texts
		case html.TextToken:
			if text := strings.TrimSpace(tokens.Token().Data); text != "" {
				texts = append(texts, text)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := tokens.Token()
			if tag.Data == "noscript" {
				tokens.NextIsNotRawText()
			}
			for _, attribute := range tag.Attr {
				if slices.Contains([]string{"alt", "aria-label", "data-label", "placeholder", "title"}, attribute.Key) {
					texts = append(texts, attribute.Val)
				}
			}
		}
	}
}

func hasLetters(text string) bool { return strings.ContainsFunc(text, unicode.IsLetter) }

func TestVisibleTexts(t *testing.T) {
	const markup = `<p class="stack">One <b title="two">three</b></p><input placeholder="four" value="x"/><svg><path d="M1"></path></svg>`
	if diff := cmp.Diff([]string{"One", "two", "three", "four"}, visibleTexts(t, markup)); diff != "" {
		t.Error(diff)
	}
}
