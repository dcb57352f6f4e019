package main

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// installedFamilies are those that this machine has at all: before the packages
// are installed there is none.
func installedFamilies() []string {
	return slices.DeleteFunc([]string{"iptables", "ip6tables"}, func(family string) bool {
		_, err := exec.LookPath(family + "-save")
		return err != nil
	})
}

// cleanTables removes the chains of a cluster, the rules that lead to them, and
// the tables that were not there before it.
func cleanTables(ctx context.Context, rec *record) error {
	for _, family := range installedFamilies() {
		saved, err := run(ctx, family+"-save")
		if err != nil {
			return err
		}
		if script := removalScript(saved, rec.ChainPrefixes); script != "" {
			if _, err := runInput(ctx, script, family+"-restore", "--noflush", "--wait"); err != nil {
				return err
			}
		}
		if err := dropNewTables(ctx, family, rec); err != nil {
			return err
		}
	}
	return nil
}

// removalScript turns the output of iptables-save into input of
// iptables-restore that takes away the chains with one of the prefixes and the
// rules of other chains that jump to them. It is empty if there are none.
func removalScript(saved string, prefixes []string) string {
	var script, table strings.Builder
	var chains []string
	for _, line := range strings.Split(saved, "\n") {
		switch {
		case strings.HasPrefix(line, "*"):
			table.Reset()
			chains = nil
			fmt.Fprintln(&table, line)
		case strings.HasPrefix(line, ":"):
			if name := chainName(line); hasPrefix(name, prefixes) {
				chains = append(chains, name)
				fmt.Fprintf(&table, ":%s - [0:0]\n", name) // flushes it
			}
		case strings.HasPrefix(line, "-A "):
			words := strings.Fields(line)
			if !hasPrefix(words[1], prefixes) && hasPrefix(jumpTarget(words), prefixes) {
				fmt.Fprintln(&table, "-D"+strings.TrimPrefix(line, "-A"))
			}
		case line == "COMMIT" && len(chains) > 0:
			for _, name := range chains {
				fmt.Fprintf(&table, "-X %s\n", name)
			}
			fmt.Fprintln(&table, line)
			script.WriteString(table.String())
		}
	}
	return script.String()
}

func chainName(line string) string {
	return strings.TrimPrefix(strings.Fields(line)[0], ":")
}

// jumpTarget takes the last jump: an earlier one is part of a comment.
func jumpTarget(words []string) string {
	for i := len(words) - 2; i > 0; i-- {
		if words[i] == "-j" || words[i] == "-g" {
			return words[i+1]
		}
	}
	return ""
}

func hasPrefix(name string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// clusterChains lists the chains with one of the prefixes, as "family table chain".
func clusterChains(ctx context.Context, prefixes []string) ([]string, error) {
	var found []string
	for _, family := range installedFamilies() {
		saved, err := run(ctx, family+"-save")
		if err != nil {
			return nil, err
		}
		table := ""
		for _, line := range strings.Split(saved, "\n") {
			if strings.HasPrefix(line, "*") {
				table = line[1:]
			}
			if strings.HasPrefix(line, ":") && hasPrefix(chainName(line), prefixes) {
				found = append(found, family+" "+table+" "+chainName(line))
			}
		}
	}
	return found, nil
}

// foreignChains are found before a cluster starts: they are not ours.
func foreignChains(ctx context.Context) ([]string, error) { return clusterChains(ctx, chainPrefixes) }

// tablesInUse lists the tables that have chains, as "family table".
func tablesInUse(ctx context.Context) ([]string, error) {
	var found []string
	for _, family := range installedFamilies() {
		saved, err := run(ctx, family+"-save")
		if err != nil {
			return nil, err
		}
		for _, line := range strings.Split(saved, "\n") {
			if strings.HasPrefix(line, "*") {
				found = append(found, family+" "+line[1:])
			}
		}
	}
	return found, nil
}

// dropNewTables deletes the tables that came with our first rule and are empty
// again. A table that someone else has used since stays; those of legacy
// iptables are always there.
func dropNewTables(ctx context.Context, family string, rec *record) error {
	version, err := run(ctx, family, "--version")
	if err != nil || !strings.Contains(version, "nf_tables") {
		return err
	}
	saved, err := run(ctx, family+"-save")
	if err != nil {
		return err
	}
	added := slices.DeleteFunc(emptyTables(saved), func(table string) bool {
		return slices.Contains(rec.Tables, family+" "+table)
	})
	return deleteTables(family, added)
}

// emptyTables lists the tables without a rule, with accepting built-in chains only.
func emptyTables(saved string) []string {
	var found []string
	var table string
	empty := false
	for _, line := range strings.Split(saved, "\n") {
		switch {
		case strings.HasPrefix(line, "*"):
			table, empty = line[1:], true
		case strings.HasPrefix(line, ":") && strings.Fields(line)[1] != "ACCEPT", strings.HasPrefix(line, "-A "):
			empty = false
		case line == "COMMIT" && empty:
			found = append(found, table)
		}
	}
	return found
}
