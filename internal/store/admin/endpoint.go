package admin

import (
	"slices"
	"strings"
)

// Endpoint is where pods connect to, to reach a server.
type Endpoint struct {
	Host string // a name or an address
	Port uint16
}

// Endpoints are those of the server's URI, in its order: more than one where it names
// several hosts.
func (s *Server) Endpoints() []Endpoint {
	c := s.pool.Config().ConnConfig
	list := []Endpoint{{c.Host, c.Port}}
	for _, f := range c.Fallbacks { // each host is there once with TLS, and perhaps once without
		list = append(list, Endpoint{f.Host, f.Port})
	}
	list = slices.DeleteFunc(list, func(e Endpoint) bool { return strings.HasPrefix(e.Host, "/") }) // a socket's folder
	var once []Endpoint
	for _, e := range list {
		if !slices.Contains(once, e) {
			once = append(once, e)
		}
	}
	return once
}
