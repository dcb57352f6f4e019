package admin

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Tables are the tables whose rights Prepare watches.
var Tables = tables

// Fill takes all connections of the server, until the function that it returns is called.
func (s *Server) Fill(ctx context.Context) (release func(), err error) {
	var taken []*pgxpool.Conn
	release = func() {
		for _, conn := range taken {
			conn.Release()
		}
	}
	for range maxConns {
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			release()
			return nil, err
		}
		taken = append(taken, conn)
	}
	return release, nil
}

// KeptDocuments is how many documents of a kind are kept.
const KeptDocuments = keptDocuments

// The bounds of one upkeep.
const (
	MaxMoved   = maxMoved
	MaxDeleted = maxDeleted
)
