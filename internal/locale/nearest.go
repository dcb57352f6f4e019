package locale

import "strings"

// Nearest chooses the translation for a reader, by the tags of those that there are: de-AT
// is served by de-AT, else by de. -1: by none of them.
func Nearest(wanted string, translations []string) int {
	for wanted != "" {
		for i, tag := range translations {
			if strings.EqualFold(tag, wanted) {
				return i
			}
		}
		cut := strings.LastIndexByte(wanted, '-')
		wanted = wanted[:max(cut, 0)]
	}
	return -1
}
