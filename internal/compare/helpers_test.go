package compare

import (
	"encoding/json"
	"testing"

	"github.com/foyerhq/foyer/internal/config"
)

// side are documents of a tenant.
type side struct {
	tenant    config.Tenant
	profiles  map[string]config.AccountProfile
	portals   map[string]config.MyAccountProfile
	retired   map[string]bool
	templates map[string]config.EventTemplate
	bodies    []string
	withheld  []config.Withheld
}

func entryOf(t testing.TB, name string, retired bool, content any) config.Entry {
	t.Helper()
	text, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	e := config.Entry{Name: name, UID: "uid-" + name, Generation: 1, Content: text}
	if retired {
		e.State = config.Retired
	}
	return e
}

func (s side) plain(t testing.TB) Plain {
	t.Helper()
	s.tenant.Session = config.Session{IdleSeconds: 60, MaxSeconds: 600}
	doc := config.Settings{Format: config.Format, Tenant: entryOf(t, "acme", false, s.tenant)}
	for name, p := range s.profiles {
		doc.AccountProfiles = append(doc.AccountProfiles, entryOf(t, name, s.retired[name], p))
	}
	for name, p := range s.portals {
		doc.MyAccountProfiles = append(doc.MyAccountProfiles, entryOf(t, name, s.retired[name], p))
	}
	settings, err := config.Encode(doc)
	if err != nil {
		t.Fatal(err)
	}
	routing := config.Routing{Format: config.RoutingFormat, Tenant: "acme", Withheld: s.withheld, Bodies: map[config.BodyRef]string{}}
	for name, content := range s.templates {
		routing.Templates = append(routing.Templates, entryOf(t, name, false, content))
	}
	for _, text := range s.bodies {
		routing.Bodies[config.BodyOf(text)] = text
	}
	encoded, err := config.EncodeRouting(routing)
	if err != nil {
		t.Fatal(err)
	}
	return Plain{settings, encoded}
}

func (s side) open(t testing.TB) Documents {
	t.Helper()
	plain := s.plain(t)
	live, err := config.Load(plain.Settings)
	if err != nil {
		t.Fatal(err)
	}
	routing, err := config.OpenRouting(plain.Routing)
	if err != nil {
		t.Fatal(err)
	}
	return Documents{live, routing}
}
