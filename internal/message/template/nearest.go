package template

import (
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/catalog"
)

// nearestFirst lists names by how near they are to one that does not exist.
func nearestFirst(wrong string, names []string) string {
	sorted := slices.Clone(names)
	slices.SortStableFunc(sorted, func(a, b string) int { return distance(wrong, a) - distance(wrong, b) })
	return strings.Join(sorted, ", ")
}

func fieldNames(fields []catalog.Field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names
}

// distance is the number of characters to change, add or leave out between two names.
func distance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if len(a) > 64 {
		a = a[:64]
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// fieldList lists the fields of an object for messages.
func fieldList(fields []catalog.Field) string { return strings.Join(fieldNames(fields), ", ") }
