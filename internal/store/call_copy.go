package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5/pgconn"
)

// Calls come by the million, so they are written in the binary form of COPY as it goes
// over the wire: a general encoder costs as much as the server does.
const copyCallsSQL = `
COPY call (id, account_id, started_at, day, direction, outcome, number, other_number, destination, seconds, charge, currency)
FROM STDIN (FORMAT binary)`

const callColumns = 12

// copyHeader is the signature of the binary form, flags and the length of an extension.
const copyHeader = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"

// The database counts from 2000-01-01.
const (
	daysTo2000   = 10957
	microsTo2000 = daysTo2000 * 24 * 60 * 60 * 1_000_000
)

// copyNew writes the calls that are new.
func (p *callBatch) copyNew(ctx context.Context) error {
	b := copyBuffer(copyHeader)
	created := false
	p.pending(func(i int) {
		p.results[i].Outcome = Created
		created = true
		b.call(&p.calls[i], p.rows[i])
	})
	if !created {
		return nil
	}
	b = binary.BigEndian.AppendUint16(b, math.MaxUint16) // the end
	_, err := p.tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(b), copyCallsSQL)
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == "23514" { // a month got its partition while the call was on its way to the default one
		return fmt.Errorf("%w: %w", errRaced, err)
	}
	return err
}

// copyBuffer is what COPY reads.
type copyBuffer []byte

func (b *copyBuffer) call(c *Call, row callRow) {
	*b = binary.BigEndian.AppendUint16(*b, callColumns)
	b.text(c.ID)
	b.text(c.AccountID)
	b.int64(row.startedAt - microsTo2000)
	b.int32(row.day - daysTo2000)
	b.text(c.Direction)
	b.text(c.Outcome)
	b.text(c.Number)
	b.text(c.OtherNumber)
	b.text(c.Destination)
	b.int32(c.Seconds)
	if c.Charge == "" {
		b.null()
	} else {
		b.numeric(row.charge)
	}
	b.text(row.currency)
}

func (b *copyBuffer) length(n int) {
	*b = binary.BigEndian.AppendUint32(*b, uint32(n)) //nolint:gosec // of a short text
}

func (b *copyBuffer) null() { *b = binary.BigEndian.AppendUint32(*b, math.MaxUint32) }

func (b *copyBuffer) text(s string) {
	b.length(len(s))
	*b = append(*b, s...)
}

func (b *copyBuffer) int32(n int32) {
	b.length(4)
	*b = binary.BigEndian.AppendUint32(*b, uint32(n)) //nolint:gosec // two's complement is the form
}

func (b *copyBuffer) int64(n int64) {
	b.length(8)
	*b = binary.BigEndian.AppendUint64(*b, uint64(n)) //nolint:gosec // two's complement is the form
}

// numeric writes a decimal of ten-thousandths. The form has digits to the base of 10000,
// so the last one is all that is behind the point.
func (b *copyBuffer) numeric(units int64) {
	const base, scale, negative = 10000, 4, 0x4000
	sign := uint16(0)
	if units < 0 {
		sign, units = negative, -units
	}
	var digits [5]uint16 // of an int64
	n := len(digits)
	for rest := units; rest > 0; rest /= base {
		n--
		digits[n] = uint16(rest % base)
	}
	count := len(digits) - n
	b.length(8 + 2*count)
	weight := count - 2                                          // -1 where there is nothing before the point
	head := []uint16{uint16(count), uint16(weight), sign, scale} //nolint:gosec // two's complement is the form
	for _, field := range append(head, digits[n:]...) {
		*b = binary.BigEndian.AppendUint16(*b, field)
	}
}
