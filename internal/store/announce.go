package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/settings"
)

// SettingsChanged is the data of an event settings.changed. kind is Account,
// AccountProfile, MyAccountProfile or Tenant, digest the settings document that has the
// change; an account's own is in none.
func SettingsChanged(kind, name, digest string, changes []settings.Change) map[string]any {
	list := make([]map[string]any, len(changes))
	for i, c := range changes {
		list[i] = map[string]any{"key": c.Key}
		if c.HadOld {
			list[i]["oldValue"] = c.Old
		}
		if c.HasNew {
			list[i]["newValue"] = c.New
		}
	}
	data := map[string]any{"kind": kind, "name": name, "changes": list}
	if digest != "" {
		data["digest"] = digest
	}
	return map[string]any{"settings": data}
}

// AppendEvents adds events to the feed of a transaction of the manager's, as its last
// statement. Source, ID, At and Data must be there.
func AppendEvents(ctx context.Context, tx pgx.Tx, events []Event) error {
	w := &Writer{tx: tx, events: events}
	return w.appendFeeds(ctx)
}
