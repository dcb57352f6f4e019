// Command passwords makes the list of common passwords that nobody may choose
// (internal/identity/passwords.txt) out of the list of an npm package:
//
//	npm pack @zxcvbn-ts/language-common@4.1.3 && tar xzf zxcvbn-ts-language-common-4.1.3.tgz
//	go run ./hack/passwords package/src/passwords.json > internal/identity/passwords.txt
//
// It keeps those that are long enough to be chosen at all, in lower case, sorted as bytes,
// each once on a line of its own.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/identity"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "passwords:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: passwords FILE, the passwords.json of the package")
	}
	text, err := os.ReadFile(args[0]) //nolint:gosec // the file that whoever runs it names
	if err != nil {
		return err
	}
	var list []string
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	var kept []string
	for _, password := range list {
		if utf8.RuneCountInString(password) >= identity.MinPasswordLength && !strings.Contains(password, "\n") {
			kept = append(kept, strings.ToLower(password))
		}
	}
	slices.Sort(kept)
	_, err = fmt.Println(strings.Join(slices.Compact(kept), "\n"))
	return err
}
