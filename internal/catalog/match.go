package catalog

import "strings"

// Matches says whether an event type is one that a pattern names: the type itself, or all
// of an object, as "contact.*".
func Matches(pattern, eventType string) bool {
	if object, all := strings.CutSuffix(pattern, "*"); all {
		return strings.HasPrefix(eventType, object)
	}
	return pattern == eventType
}
