package scale

import (
	"context"
	"errors"
	"time"
)

const ColdStartTarget = 1.5

func (s *Shared) ColdStart(ctx context.Context) (took, floor time.Duration, err error) {
	return 0, 0, errors.New("not yet")
}
