package portal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
)

// english is a visit that speaks English, of nobody.
var english = &visit{words: texts().For("en"), live: &config.Live{}}

func TestActionWords(t *testing.T) {
	for action, want := range map[string]string{
		"signedIn":                "Signed in",
		"signedOut":               "Signed out",
		"signInFailed":            "Tried to sign in as dana with a wrong password",
		"account.created":         "Account opened",
		"account.updated":         "Account changed",
		"contact.created":         "Contact added",
		"site.deleted":            "Site deleted",
		"ticketMessage.created":   "Message of a ticket added",
		"invoice.documentUpdated": "Invoice document added",
		"from.later":              "Something else was done",
	} {
		if got := english.actionWords(store.Activity{Action: action, Detail: map[string]string{detailUsername: "dana"}}); got != want {
			t.Errorf("%s is %q, want %q", action, got, want)
		}
	}
}

// TestEveryActionHasWords reads what the code can write to the audit trail of an account:
// for each kind of row what the store does with all of them, and each action that is
// written down as such.
func TestEveryActionHasWords(t *testing.T) {
	kinds, texts := sources(t, "../store", "../integration/backoffice")
	if len(kinds) < 14 {
		t.Fatalf("only the kinds %v were found", kinds)
	}
	var actions []string
	for _, kind := range kinds {
		actions = append(actions, kind+".created", kind+".updated", kind+".deleted")
	}
	for _, text := range texts {
		kind, done, dotted := strings.Cut(text, ".")
		_, event := catalog.BuiltIn().Lookup(text)
		if dotted && slices.Contains(kinds, kind) && done != "" && strings.Trim(done, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" && !event {
			actions = append(actions, text)
		}
	}
	if !slices.Contains(actions, "invoice.documentUpdated") {
		t.Error("actions that are written down were not found")
	}
	for _, action := range actions {
		kind, _, _ := strings.Cut(action, ".")
		hidden := slices.Contains([]string{"group", "note", "product"}, kind) // not of an account's page
		if words := english.actionWords(store.Activity{Action: action}); !hidden && strings.HasPrefix(words, "Something") {
			t.Errorf("%s has no words", action)
		}
	}
}

// sources finds the names of the kinds of rows, and all texts, in the code of packages.
func sources(t *testing.T, folders ...string) (kinds, texts []string) {
	t.Helper()
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BasicLit:
					if text, err := strconv.Unquote(n.Value); err == nil {
						texts = append(texts, text)
					}
				case *ast.CompositeLit:
					kinds = append(kinds, kindName(n)...)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return kinds, texts
}

// kindName is the name in a literal of kind[R, *R].
func kindName(literal *ast.CompositeLit) []string {
	of, generic := literal.Type.(*ast.IndexListExpr)
	if !generic {
		return nil
	}
	if name, ok := of.X.(*ast.Ident); !ok || name.Name != "kind" {
		return nil
	}
	for _, element := range literal.Elts {
		pair, _ := element.(*ast.KeyValueExpr)
		key, _ := pair.Key.(*ast.Ident)
		if value, ok := pair.Value.(*ast.BasicLit); ok && key.Name == "name" {
			return []string{strings.Trim(value.Value, `"`)}
		}
	}
	return nil
}

// TestProviderIsNamed: who uses which token is not for customers.
func TestProviderIsNamed(t *testing.T) {
	s := newSite(t)
	s.seed(t)
	for _, action := range []string{"contact.updated", "note.created"} {
		err := s.tenant.Backoffice.Audit(t.Context(), store.AuditEntry{
			AccountID: "10042", Actor: "token billing-7", Action: action, IP: "198.51.100.9", At: s.clock.Now().Add(time.Second)})
		if err != nil {
			t.Fatal(err)
		}
	}
	s.signedIn(t, "dana").get("/activity").is(t, http.StatusOK).
		shows(t, "Acme Telecom Contact changed", "Dana Whitfield Signed in").
		hides(t, "token").hides(t, "billing-7").hides(t, "198.51.100.9").hides(t, "Something")
}
