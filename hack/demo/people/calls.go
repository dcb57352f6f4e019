package people

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/foyerhq/foyer/internal/integration"
)

// PhoneLine is a telephone number of an account, with so many calls a day.
type PhoneLine struct {
	Account, Number, About string
	Site, Campaign         string // without the id of the account
	PerDay                 int
}

// callDays is for how many days there are calls, up to yesterday.
const callDays = 28

// ring makes the calls of the last weeks on a number. Those of a day depend on that day alone: a
// call never changes, and the API refuses one that comes again with another value.
// Whoever changes how they are invented gives them other ids.
func (m *maker) ring(l PhoneLine) {
	for ago := callDays; ago >= 1; ago-- {
		day := midnight(m.today).AddDate(0, 0, -ago)
		seed := fnv.New64a()
		_, _ = fmt.Fprint(seed, l.Number, day.Format(time.DateOnly)) // never fails
		random := rand.New(rand.NewPCG(m.Seed, seed.Sum64()))        //nolint:gosec // invented calls need no secrecy
		for i := range l.PerDay/2 + random.IntN(l.PerDay) {
			m.calls.add(m.call(l, random, day, i))
		}
	}
}

func (m *maker) call(l PhoneLine, random *rand.Rand, day time.Time, i int) integration.Call {
	call := integration.Call{
		ID: fmt.Sprintf("%s-%s-%d", l.Number, day.Format("20060102"), i), AccountID: m.accounts[l.Account],
		StartedAt: day.Add(time.Duration(random.IntN(24*3600)) * time.Second), Direction: "Inbound", Outcome: "Answered", Number: l.Number,
		OtherNumber: fmt.Sprintf("%s%07d", m.Words.Dial, random.IntN(10_000_000)), Destination: m.Words.Mobile, Seconds: int64(10 + random.IntN(600)), Currency: m.Words.Currency,
	}
	switch n := random.IntN(10); {
	case n < 3:
		call.Direction, call.Charge = "Outbound", fmt.Sprintf("0.%02d", 5+random.IntN(60))
	case n == 3:
		call.Outcome, call.Seconds = "Missed", 0
	case n == 4:
		call.Outcome, call.Seconds = "Busy", 0
	}
	return call
}

func midnight(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
