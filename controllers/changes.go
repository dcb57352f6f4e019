package controllers

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/store"
)

// settingsChanges are the events of what the settings document before and after differ
// in: one per object, however many accounts it is for. With the first document of a
// tenant nothing changes for anybody.
func settingsChanges(before, after []byte, digest string, now time.Time) ([]store.Event, error) {
	if before == nil {
		return nil, nil
	}
	changed, err := config.Compare(before, after)
	if err != nil {
		return nil, fmt.Errorf("compare with the live settings: %w", err)
	}
	events := make([]store.Event, 0, len(changed))
	for _, c := range changed {
		data, err := json.Marshal(store.SettingsChanged(c.Kind, c.Name, digest, c.Changes))
		if err != nil {
			return nil, fmt.Errorf("encode settings.changed: %w", err)
		}
		events = append(events, store.Event{
			ID: rand.Text(), Source: store.SourceFoyer, Type: "settings.changed",
			Subject: c.Kind + "/" + c.Name, Actor: "manager", Data: data, At: now,
		})
	}
	return events, nil
}
