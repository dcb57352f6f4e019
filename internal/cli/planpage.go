package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/compare"
	"github.com/foyerhq/foyer/internal/settings"
)

// The colours of what comes, goes and changes, as of diffs.
const (
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	red    = "\x1b[1;31m"
)

var signColours = map[string]string{"+": green, "-": red, "~": yellow, "!": red, "?": "\x1b[2m", "=": "\x1b[2m"}

func (p *planReport) print(streams Streams, flags planFlags) error {
	switch flags.output {
	case "json":
		return printJSON(streams.Out, p)
	case "jsonl":
		return printLines(streams, []any{struct {
			Kind string `json:"kind"`
			*planReport
		}{"Plan", p}})
	case "markdown":
		_, err := io.WriteString(streams.Out, p.markdown())
		return err
	}
	_, err := io.WriteString(streams.Out, p.page(streams))
	return err
}

// printLines prints one JSON object a line.
func printLines[T any](streams Streams, list []T) error {
	encoder := json.NewEncoder(streams.Out)
	encoder.SetEscapeHTML(false)
	for _, item := range list {
		if err := encoder.Encode(item); err != nil {
			return err
		}
	}
	return nil
}

// section is a part of a plan: a title, and rows of a sign and texts.
type section struct {
	title string
	rows  []planRow
}

type planRow struct {
	sign  string // + - ~ ! ? or =
	texts []string
	notes []string // below it
}

// page is what a person reads in a terminal.
func (p *planReport) page(streams Streams) string {
	var out strings.Builder
	for _, line := range wrap(p.verdict(), pageWidth) {
		out.WriteString(streams.coloured(bold, line) + "\n")
	}
	for _, s := range p.sections() {
		out.WriteString("\n" + streams.coloured(bold, s.title) + "\n")
		for _, row := range s.rows {
			row.write(&out, streams)
		}
	}
	if len(p.Notes) > 0 {
		out.WriteString("\n")
	}
	for _, note := range p.Notes {
		out.WriteString("Note: " + note + "\n")
	}
	return out.String()
}

func (r planRow) write(out *strings.Builder, streams Streams) {
	for i, text := range r.texts {
		for j, line := range wrap(text, pageWidth-6) {
			if i == 0 && j == 0 {
				out.WriteString("  " + streams.coloured(signColours[r.sign], r.sign) + " " + line + "\n")
				continue
			}
			out.WriteString("    " + choose(i > 0, "  ", "") + line + "\n")
		}
	}
	for _, note := range r.notes {
		for _, line := range wrap(note, pageWidth-6) {
			out.WriteString("      " + streams.coloured("\x1b[2m", line) + "\n")
		}
	}
}

// verdict says in one line what comes of it.
func (p *planReport) verdict() string {
	var parts []string
	add := func(n int64, one, many string) {
		if n > 0 {
			parts = append(parts, grouped(n)+" "+choose(n == 1, one, many))
		}
	}
	about := "Plan for Tenant " + p.Tenant
	if p.Tenant == "" {
		about = "Plan"
	}
	add(int64(p.Refused), "object is refused", "objects are refused")
	add(p.Accounts.Changed, "account changes", "accounts change")
	add(p.People.Gaining, "person gains features", "people gain features")
	add(p.People.Losing, "person loses features", "people lose features")
	add(sum(p.Upcoming, func(m compare.MessageChange) int64 { return m.Messages }), "upcoming notification changes", "upcoming notifications change")
	add(sum(p.Waiting, func(m compare.WaitingChange) int64 { return m.Messages }), "that waits changes", "that wait change")
	if !p.Complete {
		about += ", of the customers that were looked at"
	}
	switch {
	case len(parts) > 0:
		return about + ": " + strings.Join(parts, ", ")
	case p.Changes:
		return about + ": something changes for customers"
	}
	return about + ": nothing changes for customers"
}

func sum[T any](list []T, of func(T) int64) (n int64) {
	for _, item := range list {
		n += of(item)
	}
	return n
}

// sections are the parts that have something to tell.
func (p *planReport) sections() []section {
	all := []section{
		{"Objects", p.objectRows()}, {"Delivery", p.deliveryRows()}, {fmt.Sprintf("Accounts (%s of %s)", grouped(p.Accounts.Changed), grouped(p.Accounts.Total)), p.accountRows()},
		{"People with a sign-in", p.peopleRows()}, {"Profiles that stay for those who name them", p.retiredRows()},
		{"Messages of events", p.eventRows()}, {"Reminders of the next " + plural(p.Days, "day"), p.upcomingRows()}, {"What waits to be sent", p.waitingRows()},
	}
	return slices.DeleteFunc(all, func(s section) bool { return len(s.rows) == 0 })
}

var objectSigns = map[string]string{
	compare.ObjectNew: "+", compare.ObjectRestored: "+", compare.ObjectDeleted: "-", compare.ObjectRetired: "-", compare.ObjectChanged: "~", objectRefused: "!", objectUnchanged: "=", objectGiven: "?", objectWaits: "?",
}

// alikeWords tell of objects that nobody reads one by one.
var alikeWords = map[string]string{
	objectUnchanged: ": as customers have it already", objectGiven: ": it is not known what customers have", objectWaits: ": waiting for the Tenant",
}

func (p *planReport) objectRows() (rows []planRow) {
	alike := map[string]int{}
	for _, o := range p.Objects {
		if _, told := alikeWords[o.Change]; told && len(o.Warnings) == 0 {
			alike[o.Change]++
			continue
		}
		title := choose(o.Name == "", o.File, o.Kind+"/"+o.Name)
		row := planRow{sign: objectSigns[o.Change], texts: []string{title + ": " + objectWords[o.Change]}}
		if o.Change == objectRefused {
			row.texts[0] = title + " is refused: " + o.Message
			if o.File != "" {
				row.notes = append(row.notes, fmt.Sprintf("%s:%d", o.File, o.Line))
			}
		}
		for _, f := range o.Fields {
			row.texts = append(row.texts, fieldText(f))
		}
		if n := len(o.seenByAll()); n > 0 {
			row.notes = append(row.notes, "what all customers may see of the Tenant itself: "+plural(n, "field"))
		}
		for _, warning := range o.Warnings {
			row.notes = append(row.notes, "warning: "+warning)
		}
		rows = append(rows, row)
	}
	for _, change := range slices.Sorted(maps.Keys(alike)) {
		rows = append(rows, planRow{sign: objectSigns[change], texts: []string{plural(alike[change], "object") + alikeWords[change]}})
	}
	return rows
}

// fieldText tells a field, and of a list what it gains or loses.
func fieldText(f compare.FieldChange) string {
	for _, element := range []struct{ sign, text, other string }{{"without ", f.Before, f.After}, {"with ", f.After, f.Before}} {
		if path, is := strings.CutSuffix(f.Path, "["+element.text+"]"); is && element.text != "" && element.other == "" {
			return path + ": " + element.sign + element.text
		}
	}
	return f.Path + ": " + orNone(f.Before) + " -> " + orNone(f.After)
}

var objectWords = map[string]string{
	compare.ObjectNew: "new", compare.ObjectChanged: "changed", compare.ObjectDeleted: "deleted", compare.ObjectRetired: "deleted, and stays for those who name it",
	compare.ObjectRestored: "there again for those who name it",
	objectUnchanged:        "as customers have it already", objectGiven: "it is not known what customers have", objectWaits: "waiting for the Tenant",
}

func orNone(text string) string { return choose(text == "", "(none)", text) }

func (p *planReport) deliveryRows() []planRow {
	if p.Delivery == nil {
		return nil
	}
	return []planRow{{sign: "~", texts: []string{"mode: " + p.Delivery.Before + " -> " + p.Delivery.After}}}
}

func (p *planReport) accountRows() (rows []planRow) {
	for _, c := range p.Accounts.Changes {
		if p.toldOfPeople(c) {
			continue
		}
		rows = append(rows, planRow{sign: "~",
			texts: []string{fmt.Sprintf("%s: %s %s -> %s", accountsText(c.Accounts), c.Key, decidedText(c.Before), decidedText(c.After))}, notes: sampleNotes(c.Sample, c.Accounts)})
	}
	return rows
}

// toldOfPeople says that a change is told with the people who gain or lose the feature: there
// it says more, unless there are accounts of which nobody has a sign-in.
func (p *planReport) toldOfPeople(c compare.AccountChange) bool {
	accounts := sum(p.Accounts.Changes, func(other compare.AccountChange) int64 {
		if other.Key != c.Key || (other.After.Value == allowed) != (c.After.Value == allowed) {
			return 0
		}
		return other.Accounts
	})
	feature, is := strings.CutPrefix(c.Key, "feature.")
	return is && slices.ContainsFunc(p.People.Features, func(f compare.FeatureChange) bool {
		return f.Feature == feature && (f.Change == compare.Gained) == (c.After.Value == allowed) && f.Owners >= accounts
	})
}

// allowed is the value of a feature that an account has.
const allowed = string(settings.Allowed)

func accountsText(n int64) string { return grouped(n) + choose(n == 1, " account", " accounts") }

func decidedText(d compare.Decided) string {
	if d.Source == "Unset" {
		return "(none)"
	}
	by := d.Source
	if d.SourceName != "" {
		by += "/" + d.SourceName
	}
	return orNone(d.Value) + " (" + by + ")"
}

// sampleNotes names some of many.
func sampleNotes(ids []string, all int64) []string {
	if len(ids) == 0 {
		return nil
	}
	text := strings.Join(ids, ", ")
	if more := all - int64(len(ids)); more > 0 {
		text += fmt.Sprintf(" and %s more", grouped(more))
	}
	return []string{text}
}

func (p *planReport) peopleRows() (rows []planRow) {
	for _, f := range p.People.Features {
		var ids, who []string
		for _, s := range f.Sample {
			ids = append(ids, s.AccountID+"/"+s.ContactID)
		}
		if f.Owners > 0 {
			who = append(who, grouped(f.Owners)+choose(f.Owners == 1, " owner", " owners"))
		}
		if f.SubAccounts > 0 {
			who = append(who, grouped(f.SubAccounts)+choose(f.SubAccounts == 1, " sub-account", " sub-accounts"))
		}
		lost := f.Change == compare.Lost
		verb := choose(lost, "lose", "gain") + choose(f.Owners+f.SubAccounts == 1, "s ", " ")
		rows = append(rows, planRow{sign: choose(lost, "-", "+"), texts: []string{strings.Join(who, " and ") + " " + verb + f.Feature}, notes: sampleNotes(ids, f.Owners+f.SubAccounts)})
	}
	return rows
}

func (p *planReport) retiredRows() (rows []planRow) {
	for _, r := range p.Retired {
		text := accountsText(r.Accounts) + choose(r.Accounts == 1, " names it", " name it")
		if r.Accounts == 0 {
			text = "no account names it, so it goes"
		}
		rows = append(rows, planRow{sign: "-", texts: []string{r.Kind + "/" + r.Name + ": " + text}})
	}
	return rows
}

func (p *planReport) eventRows() (rows []planRow) {
	for _, e := range p.Events {
		title := fmt.Sprintf("%s for AccountProfile %s (%s)", e.Event, e.AccountProfile, accountsText(e.Accounts))
		if e.Was != "" {
			title = fmt.Sprintf("%s for accounts that go from AccountProfile %s to %s (%s)", e.Event, e.Was, e.AccountProfile, accountsText(e.Accounts))
		}
		row := planRow{sign: "~", texts: []string{title}}
		for _, o := range e.Before {
			row.texts = append(row.texts, "now: "+orderText(o, e.After))
		}
		for _, o := range e.After {
			row.texts = append(row.texts, "then: "+orderText(o, e.Before))
		}
		if len(e.After) == 0 {
			row.texts = append(row.texts, "then: nothing in their place")
		}
		rows = append(rows, row)
	}
	return rows
}

// orderText names an action; where only its words differ, that is said.
func orderText(o compare.MessageOrder, others []compare.MessageOrder) string {
	text := wayText(o.Source, o.Template, o.Action) + " by " + o.Channel
	if len(o.Days) > 0 {
		text += choose(len(o.Days) == 1, " on day ", " on days ") + strings.ReplaceAll(strings.Trim(fmt.Sprint(o.Days), "[]"), " ", ", ")
	}
	for _, other := range others {
		if other.Template == o.Template && other.Action == o.Action && other.Source == o.Source && other.Digest != o.Digest {
			text += ", says " + o.Digest
		}
	}
	return text
}

func wayText(source, template, action string) string {
	return choose(template == "", choose(source == "Standard", "the standard message", source+"/"+action), template+"/"+action)
}

var messageSigns = map[string]string{compare.Appears: "+", compare.Disappears: "-", compare.Moves: "~", compare.Rewords: "~"}

var messageWords = map[string]string{compare.Appears: "new", compare.Disappears: "not sent any more", compare.Moves: "on another day", compare.Rewords: "with other words"}

func (p *planReport) upcomingRows() (rows []planRow) {
	for _, m := range p.Upcoming {
		words := messageWords[m.Change]
		if m.Change == compare.Moves && !slices.ContainsFunc(m.Sample, func(s compare.MessageSample) bool { return s.Before != s.After }) {
			words = "at another time of the day"
		}
		text := fmt.Sprintf("%s to %s, %s: %s by %s", grouped(m.Messages), accountsText(m.Accounts), words, m.EventType, m.Channel)
		text += ", " + waysText(m.Before, m.After)
		if m.Reason != "" {
			text += choose(m.Change == compare.Appears, " (was suppressed: ", " (suppressed: ") + m.Reason + ")"
		}
		var samples []string
		for _, s := range m.Sample {
			days := slices.Compact(slices.DeleteFunc([]string{s.Before, s.After}, func(day string) bool { return day == "" }))
			samples = append(samples, s.AccountID+" "+strings.Join(days, " -> "))
		}
		rows = append(rows, planRow{sign: messageSigns[m.Change], texts: []string{text}, notes: sampleNotes(samples, m.Messages)})
	}
	return rows
}

// waysText names what notifications come from, and the day of it.
func waysText(before, after *compare.MessageWay) string {
	way := func(w *compare.MessageWay) string { return wayText(w.Source, w.Template, w.Action) }
	switch {
	case before == nil:
		return fmt.Sprintf("%s on day %d", way(after), after.DaysOverdue)
	case after == nil || *before == *after:
		return fmt.Sprintf("%s on day %d", way(before), before.DaysOverdue)
	case way(before) == way(after):
		return fmt.Sprintf("%s on day %d -> %d", way(before), before.DaysOverdue, after.DaysOverdue)
	}
	return fmt.Sprintf("%s on day %d -> %s on day %d", way(before), before.DaysOverdue, way(after), after.DaysOverdue)
}

func (p *planReport) waitingRows() (rows []planRow) {
	for _, w := range p.Waiting {
		text := fmt.Sprintf("%s by %s of %s: %s -> %s", grouped(w.Messages), w.Channel, w.EventType, w.Before, w.After)
		if w.Reason != "" {
			text += " (" + w.Reason + ")"
		}
		var ids []string
		for _, s := range w.Sample {
			ids = append(ids, s.NotificationID)
		}
		sign := choose(w.After == compare.Sent, "+", choose(w.After == compare.Suppressed, "-", "~"))
		rows = append(rows, planRow{sign: sign, texts: []string{text}, notes: sampleNotes(ids[:min(len(ids), 1)], w.Messages)})
	}
	return rows
}
