package plan

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// catchUp is for how long after its moment a day of a dated event is made up for, as after
// a down time.
const catchUp = 72 * time.Hour

// mostLate is how many days after its own date a day can be due at the latest: a weekend,
// a date that is skipped, and catchUp, which ends on a fourth day where one is shorter.
const mostLate = 2 + 1 + 4

// slot is a day on which an action fires for the accounts of a profile.
type slot struct {
	day    int32
	firing *firing
}

// channelSlots are the slots of one channel, of webhooks those of one URL.
type channelSlots struct {
	url   string // of a webhook
	slots []slot // by day
}

// slotsOf are the days on which actions fire, by channel.
func slotsOf(firings []*firing) []channelSlots {
	byChannel := map[string]*channelSlots{}
	for _, f := range firings {
		name, url := f.spec.Type, f.url()
		if url != "" {
			name += " " + url
		}
		c := byChannel[name]
		if c == nil {
			c = &channelSlots{url: url}
			byChannel[name] = c
		}
		for _, day := range f.days {
			c.slots = append(c.slots, slot{day, f})
		}
	}
	var all []channelSlots
	for _, name := range slices.Sorted(maps.Keys(byChannel)) {
		c := byChannel[name]
		slices.SortStableFunc(c.slots, func(a, b slot) int { return cmp.Compare(a.day, b.day) })
		all = append(all, *c)
	}
	return all
}

// latest returns the slot whose moment came last, and that moment. Earlier ones are not
// made up for, and none is after catchUp. today is the date of now in the zone.
func (c *channelSlots) latest(date, today, now time.Time, zone *time.Location) (best slot, moment time.Time, found bool) {
	passed := daysBetween(date, today)
	i, _ := slices.BinarySearchFunc(c.slots, passed, func(s slot, day int32) int { return cmp.Compare(s.day, day+1) })
	for i--; i >= 0; i-- {
		s := c.slots[i]
		// A weekend and another time of day move a day at most so far behind another one.
		if s.day < passed-mostLate || found && s.day < best.day-3 {
			break
		}
		at := s.firing.schedule.moment(date, s.day, zone)
		if at.After(now) || found && !at.After(moment) {
			continue
		}
		best, moment, found = s, at, true
	}
	return best, moment, found && now.Sub(moment) <= catchUp
}

// withRepeats lists the days of an action with its repeats, sorted.
func withRepeats(days []int32, every, most int32) []int32 {
	if len(days) == 0 || every == 0 {
		return days
	}
	all := slices.Clone(days)
	last := slices.Max(days)
	for range most {
		last += every
		all = append(all, last)
	}
	return all
}
