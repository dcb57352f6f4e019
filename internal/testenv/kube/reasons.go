package kube

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Reasons are the conditions of a kind with the reasons of each, as a page of docs/ tells
// people of them.
type Reasons map[string]map[string]bool

// quoted is a condition or a reason in a cell.
var quoted = regexp.MustCompile("`([A-Z][A-Za-z]+)`")

// ReadReasons reads the table "Conditions and their reasons" of a kind's page.
func ReadReasons(kind string) (Reasons, error) {
	root, err := RepositoryRoot()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(root, "docs", strings.ToLower(kind)+".md")
	content, err := os.ReadFile(path) //nolint:gosec // a page of this repository
	if err != nil {
		return nil, err
	}
	_, after, found := strings.Cut(string(content), "\n## Conditions and their reasons\n")
	if !found {
		return nil, fmt.Errorf("%s has no heading Conditions and their reasons", path)
	}
	table, _, _ := strings.Cut(after, "\n## ")
	reasons, conditions := Reasons{}, []string(nil)
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 {
			continue // no row
		}
		if named := words(cells[1]); len(named) > 0 {
			conditions = named
		}
		for _, condition := range conditions {
			if reasons[condition] == nil {
				reasons[condition] = map[string]bool{}
			}
			for _, reason := range words(cells[2]) {
				reasons[condition][reason] = true
			}
		}
	}
	if len(reasons) == 0 {
		return nil, fmt.Errorf("%s has no table of conditions", path)
	}
	return reasons, nil
}

func words(cell string) []string {
	var found []string
	for _, match := range quoted.FindAllStringSubmatch(cell, -1) {
		found = append(found, match[1])
	}
	return found
}

// summaries are the conditions that take their reason from another one.
var summaries = map[string]bool{"Ready": true, "Reconciling": true, "Stalled": true}

// Tell says whether a reason of a condition is on the page: in the rows of the condition, or,
// where it sums up others, in those of any.
func (r Reasons) Tell(condition, reason string) bool {
	if _, known := r[condition]; !known {
		return false
	}
	if !summaries[condition] {
		return r[condition][reason]
	}
	for _, reasons := range r {
		if reasons[reason] {
			return true
		}
	}
	return false
}
