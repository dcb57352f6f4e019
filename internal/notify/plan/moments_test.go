package plan

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/foyerhq/foyer/internal/settings"
)

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, known := settings.Zone(name)
	if !known {
		t.Fatalf("there is no zone %s", name)
	}
	return zone
}

func TestMoment(t *testing.T) {
	tests := []struct {
		name     string
		zone     string
		due      string
		day      int32
		at       string
		business bool
		want     string
	}{
		{"the default time", "UTC", "2026-11-21", 0, "", false, "2026-11-21T09:00:00Z"},
		{"after", "Europe/Berlin", "2026-11-18", 3, "10:30", false, "2026-11-21T10:30:00+01:00"},
		{"before, over a month end", "Europe/Berlin", "2026-03-03", -7, "09:00", false, "2026-02-24T09:00:00+01:00"},
		{"the end of a leap February", "UTC", "2028-01-31", 29, "09:00", false, "2028-02-29T09:00:00Z"},
		{"a leap year later", "UTC", "2028-02-29", 365, "09:00", false, "2029-02-28T09:00:00Z"},
		{"no leap year", "UTC", "2026-02-28", 1, "09:00", false, "2026-03-01T09:00:00Z"},
		{"summer begins: the time is there", "Europe/Berlin", "2026-03-29", 0, "09:00", false, "2026-03-29T09:00:00+02:00"},
		{"summer begins: the time is skipped", "Europe/Berlin", "2026-03-28", 1, "02:30", false, "2026-03-29T03:00:00+02:00"},
		{"summer begins: the first time that is skipped", "Europe/Berlin", "2026-03-28", 1, "02:00", false, "2026-03-29T03:00:00+02:00"},
		{"summer begins: the first time after", "Europe/Berlin", "2026-03-28", 1, "03:00", false, "2026-03-29T03:00:00+02:00"},
		{"summer ends: the first of two", "Europe/Berlin", "2026-10-25", 0, "02:30", false, "2026-10-25T02:30:00+02:00"},
		{"summer ends: after", "Europe/Berlin", "2026-10-25", 0, "03:00", false, "2026-10-25T03:00:00+01:00"},
		{"half an hour is skipped", "Australia/Lord_Howe", "2026-10-04", 0, "02:15", false, "2026-10-04T02:30:00+11:00"},
		{"half an hour is there twice", "Australia/Lord_Howe", "2026-04-05", 0, "01:45", false, "2026-04-05T01:45:00+11:00"},
		{"a day is skipped", "Pacific/Apia", "2011-12-29", 1, "09:00", false, "2011-12-31T00:00:00+14:00"},
		{"the day after it", "Pacific/Apia", "2011-12-29", 2, "09:00", false, "2011-12-31T09:00:00+14:00"},
		{"midnight is skipped", "America/Santiago", "2026-09-06", 0, "00:00", false, "2026-09-06T01:00:00-03:00"},
		{"far in the west", "Pacific/Pago_Pago", "2026-11-21", 0, "23:59", false, "2026-11-21T23:59:00-11:00"},
		{"far in the east", "Pacific/Kiritimati", "2026-11-21", 0, "00:00", false, "2026-11-21T00:00:00+14:00"},
		{"a Saturday is moved", "Europe/Berlin", "2026-11-18", 3, "09:00", true, "2026-11-23T09:00:00+01:00"},
		{"a Sunday is moved", "Europe/Berlin", "2026-11-18", 4, "09:00", true, "2026-11-23T09:00:00+01:00"},
		{"a Monday is not", "Europe/Berlin", "2026-11-18", 5, "09:00", true, "2026-11-23T09:00:00+01:00"},
		{"a Friday is not", "Europe/Berlin", "2026-11-18", 2, "09:00", true, "2026-11-20T09:00:00+01:00"},
		{"moved to where the clocks have changed", "Europe/Berlin", "2026-10-24", 0, "09:00", true, "2026-10-26T09:00:00+01:00"},
		{"moved into the next month", "Europe/Berlin", "2026-10-31", 0, "09:00", true, "2026-11-02T09:00:00+01:00"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := schedule{at: parseClock(test.at, defaultClock), business: test.business}
			if got := s.moment(date(test.due), test.day, zoneOf(t, test.zone)); !got.Equal(instant(test.want)) {
				t.Errorf("%s, want %s", got.In(zoneOf(t, test.zone)), test.want)
			}
		})
	}
}

// slowFirstAt looks at each second of three days.
func slowFirstAt(day time.Time, c clock, zone *time.Location) time.Time {
	wanted := day.Format("2006-01-02") + "T" + time.Time{}.Add(time.Duration(c)*time.Minute).Format("15:04")
	for at := day.AddDate(0, 0, -1); ; at = at.Add(time.Minute) {
		if at.In(zone).Format("2006-01-02T15:04") >= wanted {
			return at
		}
	}
}

// Around every change of a clock the moment is the one that looking at each minute finds.
func TestFirstAtAroundChanges(t *testing.T) {
	for _, name := range []string{
		"Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "America/Santiago", "America/St_Johns", "Africa/Casablanca", "Asia/Kathmandu",
		"Pacific/Chatham", "Antarctica/Troll", "Pacific/Kwajalein", "America/Sao_Paulo", "Asia/Gaza",
	} {
		zone := zoneOf(t, name)
		random := rand.New(rand.NewPCG(1, 2))
		changes := 0
		for at := instant("2010-01-01T00:00:00Z").In(zone); changes < 6; changes++ {
			_, end := at.ZoneBounds()
			if end.IsZero() {
				break
			}
			for range 40 {
				day := dateOf(end, zone).AddDate(0, 0, random.IntN(3)-1)
				c := clock(random.IntN(24 * 60))
				if got, want := firstAt(day, c, zone), slowFirstAt(day, c, zone); !got.Equal(want) {
					t.Fatalf("%s, %s at %d:%02d: %s, want %s", name, day.Format(time.DateOnly), c/60, c%60, got.In(zone), want.In(zone))
				}
			}
			at = end.In(zone)
		}
	}
}

func TestQuiet(t *testing.T) {
	tests := []struct {
		name, zone, start, end, now, want string
	}{
		{"in the evening", "Europe/Berlin", "22:00", "07:00", "2026-11-21T22:00:00+01:00", "2026-11-22T07:00:00+01:00"},
		{"at night", "Europe/Berlin", "22:00", "07:00", "2026-11-22T06:59:59+01:00", "2026-11-22T07:00:00+01:00"},
		{"over", "Europe/Berlin", "22:00", "07:00", "2026-11-22T07:00:00+01:00", ""},
		{"not yet", "Europe/Berlin", "22:00", "07:00", "2026-11-21T21:59:59+01:00", ""},
		{"at noon", "Europe/Berlin", "12:00", "14:00", "2026-11-21T13:00:00+01:00", "2026-11-21T14:00:00+01:00"},
		{"not at noon", "Europe/Berlin", "12:00", "14:00", "2026-11-21T14:00:00+01:00", ""},
		{"before noon", "Europe/Berlin", "12:00", "14:00", "2026-11-21T11:59:00+01:00", ""},
		{"the zone of the account", "Australia/Sydney", "22:00", "07:00", "2026-11-21T12:00:00Z", "2026-11-22T07:00:00+11:00"},
		{"until midnight", "UTC", "20:00", "00:00", "2026-12-31T23:00:00Z", "2027-01-01T00:00:00Z"},
		{"from midnight", "UTC", "00:00", "06:00", "2026-12-31T00:00:00Z", "2026-12-31T06:00:00Z"},
		{"a night of 23 hours", "Europe/Berlin", "22:00", "07:00", "2026-03-28T23:00:00+01:00", "2026-03-29T07:00:00+02:00"},
		{"an end that is skipped", "Europe/Berlin", "22:00", "02:30", "2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"},
		{"an end that is there twice, before the first", "Europe/Berlin", "22:00", "02:30", "2026-10-25T02:10:00+02:00", "2026-10-25T02:30:00+02:00"},
		{"an end that is there twice, before the second", "Europe/Berlin", "22:00", "02:30", "2026-10-25T02:10:20+01:00", "2026-10-25T02:30:00+01:00"},
		{"none", "Europe/Berlin", "", "", "2026-11-21T03:00:00Z", ""},
		{"all day is none", "Europe/Berlin", "07:00", "07:00", "2026-11-21T03:00:00Z", ""},
		{"not a time", "Europe/Berlin", "22:00", "late", "2026-11-21T23:00:00Z", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, is := quiet(test.start, test.end, instant(test.now), zoneOf(t, test.zone))
			if is != (test.want != "") || is && !got.Equal(instant(test.want)) {
				t.Errorf("%s, %v, want %s", got, is, test.want)
			}
		})
	}
}

// Whatever the hours and the zone, waiting ends within a day, also where the end is there
// twice because the clocks are put back.
func TestQuietEnds(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	zones := []string{"Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "UTC", "America/Santiago", "Africa/Casablanca"}
	clockText := func() string { return time.Time{}.Add(time.Duration(random.IntN(24*60)) * time.Minute).Format("15:04") }
	waited := 0
	for range 20_000 {
		zone := zoneOf(t, zones[random.IntN(len(zones))])
		at := instant("2026-01-01T00:00:00Z").Add(time.Duration(random.Int64N(int64(366 * 24 * time.Hour))))
		start, end := clockText(), clockText()
		until, is := quiet(start, end, at, zone)
		for hops := 1; is; hops++ {
			if wait := until.Sub(at); wait <= 0 || wait > 25*time.Hour || hops > 2 {
				t.Fatalf("%s-%s at %s: after %d times until %s", start, end, at.In(zone), hops, until.In(zone))
			}
			waited++
			until, is = quiet(start, end, until, zone)
		}
	}
	if waited < 1000 {
		t.Errorf("only %d waited", waited)
	}
}
