package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// eachCommand visits every command of this program, not the shells of completion.
func eachCommand(parent *cobra.Command, visit func(*cobra.Command)) {
	visit(parent)
	for _, c := range parent.Commands() {
		if c.Name() != "help" && parent.Name() != "completion" {
			eachCommand(c, visit)
		}
	}
}

// Every command shows how it is used, and what it shows is a command that there is, with the
// flags and arguments that it takes.
func TestExamplesOfHelpParse(t *testing.T) {
	eachCommand(newRoot("", Streams{}, nil), func(shown *cobra.Command) {
		tried := 0
		for line := range strings.Lines(shown.Example) {
			for part := range strings.SplitSeq(line, "|") {
				if args, found := strings.CutPrefix(strings.TrimSpace(part), "kubectl foyer "); found {
					tried++
					tryExample(t, shown, words(args))
				}
			}
		}
		if tried == 0 && shown.Name() != "completion" {
			t.Errorf("%s has no example", shown.CommandPath())
		}
	})
}

// words are those of a line of a shell, up to a comment.
func words(line string) (all []string) {
	line, _, _ = strings.Cut(line, " #")
	for word := range strings.FieldsSeq(line) {
		if word == "\\" || strings.HasPrefix(word, ">") {
			break
		}
		all = append(all, strings.Trim(word, `'"`))
	}
	return all
}

func tryExample(t *testing.T, shown *cobra.Command, args []string) {
	t.Helper()
	fresh := newRoot("", Streams{}, nil) // flags keep what they were told
	command, rest, err := fresh.Find(args)
	if err == nil {
		err = command.ParseFlags(rest)
	}
	if err == nil {
		err = command.ValidateArgs(command.Flags().Args())
	}
	if err != nil {
		t.Errorf("%s: its example %q: %v", shown.CommandPath(), strings.Join(args, " "), err)
	}
}

// What a shell offers, without a cluster.
func TestCompletionWithoutACluster(t *testing.T) {
	t.Setenv("KUBECONFIG", "testdata/nothing")
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{[]string{"lo"}, []string{"logs"}},
		{[]string{"logs", ""}, []string{"backoffice", "dispatcher", "portal"}},
		{[]string{"logs", "--level", ""}, []string{"debug", "error", "info", "warn"}},
		{[]string{"tree", "-o", ""}, []string{"json", "text"}},
		{[]string{"logs", "-o", ""}, []string{"json", "text"}},
		{[]string{"plan", "-o", ""}, []string{"json", "jsonl", "markdown", "text"}},
		{[]string{"explain", ""}, []string{"account"}},
		{[]string{"tree", "-n", ""}, nil},
	} {
		got := run(t, "", append([]string{"__complete"}, tt.args...)...)
		var offered []string
		for line := range strings.Lines(got.out) {
			if !strings.HasPrefix(line, ":") {
				name, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
				offered = append(offered, name)
			}
		}
		slices.Sort(offered)
		if !slices.Equal(offered, tt.want) {
			t.Errorf("%v offers %v, want %v", tt.args, offered, tt.want)
		}
	}
}
