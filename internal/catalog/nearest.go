package catalog

import (
	"cmp"
	"slices"
	"strings"
)

// Nearest returns the known names, those first that are most like the given one.
func Nearest(name string, known []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	name = shorten(name, 64) // no name of ours is longer
	candidates := make([]candidate, 0, len(known))
	for _, k := range known {
		candidates = append(candidates, candidate{k, distance(strings.ToLower(name), strings.ToLower(k))})
	}
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	names := make([]string, 0, len(candidates))
	for _, c := range candidates {
		names = append(names, c.name)
	}
	return names
}

// distance is how many characters have to be put in, taken out, replaced, or swapped
// with their neighbour, to make one text of the other.
func distance(from, to string) int {
	a, b := []rune(from), []rune(to)
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := last[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(replace, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
