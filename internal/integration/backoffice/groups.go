package backoffice

import (
	"fmt"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

func (a *api) groups() resource[integration.Group, store.Group] {
	return resource[integration.Group, store.Group]{
		path: "groups", one: "Group", many: "Groups",
		description: "Customer groups put accounts together: a MyAccountProfile can be for the accounts of a group. A group that accounts have is not deleted.",
		show: func(r *store.Group) integration.Group {
			return integration.Group{ID: r.ID, DisplayName: r.DisplayName, Meta: meta(r.Row)}
		},
		version: func(r *store.Group) int64 { return r.Version },
		key:     groupKey,
		row: func(_ *config.Live, v integration.Group, _ *store.Group) (store.Group, *store.Refusal) {
			if v.Name != "" && v.Name != v.ID {
				return store.Group{}, &store.Refusal{Field: "name", Message: fmt.Sprintf("%q differs from id %q, write one of them", v.Name, v.ID)}
			}
			return store.Group{DisplayName: v.DisplayName}, nil
		},
		get: a.Store.Group, list: a.Store.Groups, put: (*store.Writer).PutGroups, remove: (*store.Writer).DeleteGroup,
		ofNoAccount: true, keptWhile: "accounts have it",
	}
}

// groupKey is the id, or the name that is written instead.
func groupKey(v *integration.Group) *string {
	if v.ID == "" {
		v.ID = v.Name
	}
	return &v.ID
}
