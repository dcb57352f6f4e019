// Package resolve measures what a request costs beside the database: decoding the
// attributes of the account's row, and resolving everything that applies to it.
//
// It counts processor time, collection of garbage included, so that a busy machine
// does not change the figure.
package resolve

import (
	"encoding/json"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

// Target is the design's figure.
const Target = 5 * time.Microsecond

const (
	rounds   = 9
	perRound = 20_000
	profiles = 50 // of each kind; a third of the portal profiles is for groups
)

// row is the column of an account that sets most of its attributes itself.
var row = []byte(`{"tradingTermsDays":30,"locale":"en-AU","timeZone":"Australia/Sydney","portalAccess":"Enabled","creditLimit":"5000.00","lateFee":{"type":"None"}}`)

// Measure returns the time for one account in each round, sorted.
func Measure() ([]time.Duration, error) {
	live, err := document()
	if err != nil {
		return nil, err
	}
	if _, err := round(live, perRound/10); err != nil { // warm up
		return nil, err
	}
	var times []time.Duration
	for range rounds {
		took, err := round(live, perRound)
		if err != nil {
			return nil, err
		}
		times = append(times, took)
	}
	slices.Sort(times)
	return times, nil
}

// round resolves one account that many times. The account reaches its portal profile
// by the longest way: no pin, no right by customer or group, but by its profile.
func round(live *config.Live, times int) (time.Duration, error) {
	account := config.Account{ID: "10042", AccountProfile: name(profiles - 1), Groups: []string{"bronze", "gold", "silver"}}
	start, err := processorTime()
	if err != nil {
		return 0, err
	}
	for range times {
		account.Attributes = settings.Attributes{}
		if err := json.Unmarshal(row, &account.Attributes); err != nil {
			return 0, fmt.Errorf("decode attributes: %w", err)
		}
		if e := live.For(account); e.MyAccountProfile.Source != config.ByAccountProfile || e.Attributes.TradingTermsDays.Value != 30 {
			return 0, fmt.Errorf("resolved wrongly: %+v", e)
		}
	}
	end, err := processorTime()
	return (end - start) / time.Duration(times), err
}

// document is a tenant with many profiles.
func document() (*config.Live, error) {
	doc := config.Settings{Format: config.Format}
	var err error
	add := func(name string, content any) config.Entry {
		raw, failed := json.Marshal(content)
		if failed != nil {
			err = failed
		}
		return config.Entry{Name: name, Generation: 1, Content: raw}
	}
	doc.Tenant = add("acme", config.Tenant{
		DefaultAccountProfile: name(0), DefaultMyAccountProfile: name(0),
		Attributes: settings.Attributes{Currency: "AUD"}, Session: config.Session{IdleSeconds: 3600, MaxSeconds: 43200},
	})
	for i := range profiles {
		days := int32(i)
		doc.AccountProfiles = append(doc.AccountProfiles, add(name(i), config.AccountProfile{
			Attributes: settings.Attributes{TradingTermsDays: &days}, MyAccountProfile: name(i),
		}))
		portal := config.MyAccountProfile{Features: []settings.Feature{settings.ViewInvoices, settings.ViewActivity}}
		switch i % 3 {
		case 0:
			portal.Customer = name(i)
		case 1:
			portal.CustomerGroups = []string{name(i), name(i + 1)}
		}
		doc.MyAccountProfiles = append(doc.MyAccountProfiles, add(name(i), portal))
	}
	if err != nil {
		return nil, fmt.Errorf("make a document: %w", err)
	}
	encoded, err := config.Encode(doc)
	if err != nil {
		return nil, err
	}
	return config.Load(encoded)
}

func name(i int) string { return fmt.Sprintf("profile-%02d", i) }

// processorTime is what this process has used so far, in user and system mode.
func processorTime() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("ask for processor time: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}
