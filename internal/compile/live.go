package compile

import (
	"encoding/json"
	"fmt"

	"github.com/foyerhq/foyer/internal/config"
)

// liveEntry is an entry that customers have, with its content as far as this
// release knows it.
type liveEntry[C any] struct {
	config.Entry
	content C
}

// liveDocument is what is live, by name.
type liveDocument struct {
	config.Settings
	loaded            *config.Live // nil: nothing is live
	tenant            *liveEntry[config.Tenant]
	accountProfiles   map[string]*liveEntry[config.AccountProfile]
	myAccountProfiles map[string]*liveEntry[config.MyAccountProfile]
}

// readLive reads the document that is live. One that this release cannot run is an
// error: nothing may be written over what was not understood.
func readLive(document []byte) (liveDocument, error) {
	live := liveDocument{
		accountProfiles:   map[string]*liveEntry[config.AccountProfile]{},
		myAccountProfiles: map[string]*liveEntry[config.MyAccountProfile]{},
	}
	if len(document) == 0 {
		return live, nil
	}
	loaded, doc, err := config.Open(document)
	if err != nil {
		return live, fmt.Errorf("nothing is written, because the live document cannot be carried forward: %w", err)
	}
	live.loaded, live.Settings = loaded, doc
	if live.tenant, err = readEntry[config.Tenant](doc.Tenant); err != nil {
		return live, err
	}
	if err := readEntries(doc.AccountProfiles, live.accountProfiles); err != nil {
		return live, err
	}
	return live, readEntries(doc.MyAccountProfiles, live.myAccountProfiles)
}

func readEntries[C any](entries []config.Entry, into map[string]*liveEntry[C]) error {
	for _, e := range entries {
		entry, err := readEntry[C](e)
		if err != nil {
			return err
		}
		into[e.Name] = entry
	}
	return nil
}

func readEntry[C any](e config.Entry) (*liveEntry[C], error) {
	entry := &liveEntry[C]{Entry: e}
	if err := json.Unmarshal(e.Content, &entry.content); err != nil {
		return nil, fmt.Errorf("read live entry %q: %w", e.Name, err)
	}
	return entry, nil
}

// liveRouting is the routing document that is live, by name.
type liveRouting struct {
	config.Routing
	loaded    *config.LiveRouting // nil: nothing is live
	templates map[string]*liveEntry[config.EventTemplate]
}

func readLiveRouting(document []byte, checks *Checks) (liveRouting, error) {
	live := liveRouting{templates: map[string]*liveEntry[config.EventTemplate]{}}
	if len(document) == 0 {
		return live, nil
	}
	loaded, err := checks.open(document)
	if err != nil {
		return live, fmt.Errorf("nothing is written, because the live document cannot be carried forward: %w", err)
	}
	live.loaded, live.Routing = loaded, loaded.Routing
	for _, e := range loaded.Routing.Templates {
		live.templates[e.Name] = &liveEntry[config.EventTemplate]{Entry: e, content: loaded.Templates[e.Name]}
	}
	return live, nil
}
