// Command kubectl-foyer is a plugin of kubectl: with it in PATH, `kubectl foyer` checks
// and tries out Foyer's objects on the machine of whoever writes them, brings customers
// into a tenant and tells what applies to them.
package main

import (
	"os"

	"github.com/go-logr/logr"
	"golang.org/x/term"
	"k8s.io/klog/v2"

	"github.com/foyerhq/foyer/internal/cli"
	"github.com/foyerhq/foyer/internal/cli/forward"
)

// version is set by the linker.
var version = "development"

func main() {
	klog.SetLogger(logr.Discard()) // what the client of Kubernetes writes beside its errors
	streams := cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Colour: wantsColour(os.Stdout)}
	if isTerminal(os.Stderr) && os.Getenv("TERM") != "dumb" {
		streams.Width = func() int { return widthOf(os.Stderr) }
	}
	os.Exit(cli.Main(os.Args[1:], version, streams, forward.Open))
}

// wantsColour: a terminal, and nobody said otherwise (no-color.org).
func wantsColour(out *os.File) bool {
	return isTerminal(out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

func isTerminal(file *os.File) bool { return term.IsTerminal(int(file.Fd())) }

// widthOf is the width of a terminal, which a person may change at any time.
func widthOf(file *os.File) int {
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil || width <= 0 {
		return 80
	}
	return width
}
