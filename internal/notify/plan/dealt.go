package plan

import (
	"strconv"
	"strings"
	"time"
)

// Dealt is what is on record of the invoices of an account: up to which date their days were
// dealt with, by channel. A day is due so long after the due date, and it is dealt with if one
// of the same date or a later one was: an earlier one is never made up for, whatever became of
// templates and profiles. Where a due date is put off the days of the new one come again.
type Dealt map[dealtBy]time.Time

// dealtBy: the days of a webhook are those of its URL, of others it does not matter who had it.
type dealtBy struct{ invoice, channel, url string }

// Add adds what happened.
func (d Dealt) Add(o Occurrence) {
	by := dealtBy{invoice: o.About, channel: o.Channel}
	if o.Channel == typeWebhook {
		by.url = o.Address
	}
	if date, is := dateOfSlot(o.Occurrence); is && date.After(d[by]) {
		d[by] = date
	}
}

// with says whether the day of a date was dealt with.
func (d Dealt) with(by dealtBy, date time.Time) bool { return !date.After(d[by]) }

// slotName is how an occurrence names a day of a dated event.
func slotName(day int32, date time.Time) string {
	return slotPrefix(day) + date.Format(time.DateOnly)
}

func slotPrefix(day int32) string { return strconv.Itoa(int(day)) + "@" }

// dateOfSlot is the date of a day by its name.
func dateOfSlot(name string) (time.Time, bool) {
	day, date, _ := strings.Cut(name, "@")
	offset, err := strconv.ParseInt(day, 10, 32)
	if err != nil {
		return time.Time{}, false
	}
	from, err := time.Parse(time.DateOnly, date)
	return from.AddDate(0, 0, int(offset)), err == nil
}
