package admin

import "context"

// Ping asks whether the server answers: a Problem says why it does not.
func (s *Server) Ping(ctx context.Context) error {
	return s.explain("ask the server", s.pool.Ping(ctx))
}
