package admin

import "context"

// Ping asks whether the server answers: a Problem says why it does not. It waits for
// nothing else that the manager does there.
func (s *Server) Ping(ctx context.Context) error {
	return s.explain("ask the server", s.pings.Ping(ctx))
}
