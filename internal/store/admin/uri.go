package admin

import (
	"net/url"
)

// carried are the parameters of the server's URI that also hold for the pods. Others
// are about the manager's own connections, or name a file that pods do not have.
var carried = []string{"host", "port", "sslmode", "sslnegotiation", "channel_binding", "target_session_attrs", "connect_timeout"}

// LoginURI is the URI for the pods of a component: the server's, with the component's
// first login role.
func (s *Server) LoginURI(owner Owner, component, password string) (string, error) {
	return s.loginURI(owner, component, false, password)
}

// SecondLoginURI is LoginURI with the component's second login role.
func (s *Server) SecondLoginURI(owner Owner, component, password string) (string, error) {
	return s.loginURI(owner, component, true, password)
}

func (s *Server) loginURI(owner Owner, component string, second bool, password string) (string, error) {
	if err := checkComponent(component); err != nil {
		return "", err
	}
	given := s.uri.Query()
	query := url.Values{}
	for _, key := range carried {
		if given.Has(key) {
			query.Set(key, given.Get(key))
		}
	}
	switch root := given.Get("sslrootcert"); root {
	case "":
	case "system":
		query.Set("sslrootcert", root)
	default:
		return "", problem(Unauthorized, "the server's uri names a root certificate by file (sslrootcert), which the tenants' pods do not have: use a certificate of a public authority, or sslmode=require")
	}
	uri := url.URL{
		Scheme: "postgres", User: url.UserPassword(owner.LoginRole(component, second), password),
		Host: s.uri.Host, Path: s.uri.Path, RawQuery: query.Encode(),
	}
	if uri.Path == "" || uri.Path == "/" {
		uri.Path = "/" + s.database // by default a database is named like the role
	}
	return uri.String(), nil
}
