package store

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
)

// ErrUnavailable is what a pool returns that has no connection to give.
var ErrUnavailable = errors.New("the database is not available")

// Unavailable says whether an error means that the database cannot be used now and
// may be again later: it is away, restarting, refuses connections or is too slow. A
// request that the client gave up does not count.
func Unavailable(err error) bool {
	if err == nil {
		return false
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return unavailableCode(pgErr.Code) || isConnectError(err)
	}
	for _, target := range []error{ErrUnavailable, puddle.ErrClosedPool, context.DeadlineExceeded, io.EOF,
		io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNREFUSED} {
		if errors.Is(err, target) {
			return true
		}
	}
	var netErr net.Error
	if errors.As(err, &netErr) && netErr.Timeout() {
		return true
	}
	return !errors.Is(err, context.Canceled) && (isConnectError(err) || pgconn.SafeToRetry(err))
}

// Contended says whether an error means that others write the same rows now: one of them
// was not to be had in time, or they got in the way each time it was tried.
func Contended(err error) bool {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return slices.Contains([]string{"55P03", "40P01", "40001"}, pgErr.Code)
	}
	return errors.Is(err, errRaced)
}

// Unstorable says whether an error is about what was written and not about when or by whom:
// it will be the same each time. code is that of the database.
func Unstorable(err error) (code string, is bool) {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return "", false
	}
	// Values that no column takes, that break a rule of the tables, or that are too long.
	class := pgErr.Code[:min(2, len(pgErr.Code))]
	return pgErr.Code, slices.Contains([]string{"22", "23", "54"}, class)
}

func isConnectError(err error) bool {
	var connectErr *pgconn.ConnectError
	return errors.As(err, &connectErr)
}

// unavailableCode: lost connections (08), out of resources (53), shutdown, crash and
// cancellation by a timeout (57P0x, 57014, 55P03), a server that became read-only.
func unavailableCode(code string) bool {
	switch code {
	case "57014", "55P03", "25006":
		return true
	}
	return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "53") || strings.HasPrefix(code, "57P0")
}
