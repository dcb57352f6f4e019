// Command kubectl-foyer is a plugin of kubectl: with it in PATH, `kubectl foyer` checks
// and tries out Foyer's objects on the machine of whoever writes them.
package main

import (
	"os"

	"github.com/foyerhq/foyer/internal/cli"
)

// version is set by the linker.
var version = "development"

func main() {
	os.Exit(cli.Main(os.Args[1:], version, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Colour: wantsColour(os.Stdout)}))
}

// wantsColour: a terminal, and nobody said otherwise (no-color.org).
func wantsColour(out *os.File) bool {
	if os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := out.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
