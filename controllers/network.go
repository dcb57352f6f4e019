package controllers

import (
	"strings"

	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/store/admin"
)

// network is where pods find the server, for their NetworkPolicies.
func (s *server) network(opened *admin.Server) provision.Database {
	d := provision.Database{At: s.at}
	for _, e := range opened.Endpoints() {
		d.Endpoints = append(d.Endpoints, provision.Endpoint{Host: e.Host, Port: int32(e.Port)})
	}
	return d
}

// serverNetworks reads what the Secret of a server says of where it is, one a line.
func serverNetworks(text string) ([]provision.Peer, error) {
	var list []provision.Peer
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		peer, err := provision.ParsePeer(line)
		if err != nil {
			return nil, err
		}
		list = append(list, peer)
	}
	return list, nil
}
