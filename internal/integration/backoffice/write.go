package backoffice

import (
	"fmt"

	"github.com/foyerhq/foyer/internal/store"
)

func refused(field, format string, args ...any) *store.Result {
	return &store.Result{Outcome: store.Refused, Field: field, Message: fmt.Sprintf(format, args...)}
}

// writeAccepted turns lines into items of the store, writes those that are accepted,
// and returns a result for every line, in order.
func writeAccepted[L, I any](lines []L, upsert func(L) (I, *store.Result), write func([]I) ([]store.Result, error)) ([]store.Result, error) {
	results := make([]store.Result, len(lines))
	items := make([]I, 0, len(lines))
	places := make([]int, 0, len(lines)) // of each item among the lines
	for i, l := range lines {
		item, refusal := upsert(l)
		if refusal != nil {
			results[i] = *refusal
			continue
		}
		items, places = append(items, item), append(places, i)
	}
	if len(items) == 0 {
		return results, nil
	}
	written, err := write(items)
	if err != nil {
		return nil, err
	}
	for i, place := range places {
		results[place] = written[i]
	}
	return results, nil
}

func idsOf[L any](lines []L, id func(L) string) []string {
	ids := make([]string, len(lines))
	for i, l := range lines {
		ids[i] = id(l)
	}
	return ids
}
