package plan

import "time"

// clock is a time of day, in minutes.
type clock int

// defaultClock is when dated actions fire that do not say it: 09:00.
const defaultClock clock = 9 * 60

// parseClock reads "15:04". What is none, as nothing is, is the other one.
func parseClock(text string, other clock) clock {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return other
	}
	return clock(t.Hour()*60 + t.Minute())
}

// farthestWest is further behind UTC than clocks of any zone are before it, both ways: a
// clock shows what UTC shows at most so much earlier or later.
const farthestWest = 16 * time.Hour

// firstAt returns the first moment at which the clocks of a zone show a time of a day, or a
// later one. So a time that they skip is the next one that they show, also where a whole
// day is skipped, and of a time that they show twice it is the first.
func firstAt(day time.Time, c clock, zone *time.Location) time.Time {
	wanted := time.Date(day.Year(), day.Month(), day.Day(), 0, int(c), 0, 0, time.UTC) // as if it were UTC
	from := wanted.Add(-farthestWest)
	for {
		local := from.In(zone)
		_, offset := local.Zone()
		_, end := local.ZoneBounds()
		shown := wanted.Add(-time.Duration(offset) * time.Second)
		switch {
		case shown.Before(from): // the clocks have just been put past it
			return from
		case end.IsZero() || shown.Before(end):
			return shown
		}
		from = end.UTC()
	}
}

// dateOf is the date that the clocks of a zone show, as midnight UTC.
func dateOf(t time.Time, zone *time.Location) time.Time {
	year, month, day := t.In(zone).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// hoursADay is of days that are midnights in UTC, where each has as many.
const hoursADay = 24

// daysBetween counts the days from a date to another.
func daysBetween(from, to time.Time) int32 {
	return int32(to.Sub(from) / (hoursADay * time.Hour)) //nolint:gosec // dates have four digits for their year
}

// businessDay is the day itself, or the Monday after a weekend.
func businessDay(day time.Time) time.Time {
	switch day.Weekday() {
	case time.Saturday:
		return day.AddDate(0, 0, 2)
	case time.Sunday:
		return day.AddDate(0, 0, 1)
	}
	return day
}

// schedule is when the days of a dated action begin to count.
type schedule struct {
	at       clock
	business bool // what falls on a weekend is moved to Monday
}

// moment is when a day of a dated event comes: so many days after a date.
func (s schedule) moment(date time.Time, day int32, zone *time.Location) time.Time {
	fires := date.AddDate(0, 0, int(day))
	if s.business {
		fires = businessDay(fires)
	}
	return firstAt(fires, s.at, zone)
}

// quiet says until when it is quiet; false: it is not.
func quiet(start, end string, now time.Time, zone *time.Location) (time.Time, bool) {
	const none clock = -1
	from, to := parseClock(start, none), parseClock(end, none)
	if from == none || to == none || from == to {
		return time.Time{}, false
	}
	local := now.In(zone)
	minute := clock(local.Hour()*60 + local.Minute())
	day := dateOf(now, zone)
	switch {
	case from < to && (minute < from || minute >= to), from > to && minute < from && minute >= to:
		return time.Time{}, false
	case from > to && minute >= from:
		day = day.AddDate(0, 0, 1)
	}
	until := firstAt(day, to, zone)
	if !until.After(now) { // the clocks were put back to before it
		until = now.Add(time.Duration(to-minute) * time.Minute).Truncate(time.Minute)
	}
	return until, true
}
