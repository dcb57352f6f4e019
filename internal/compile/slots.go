package compile

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/config"
)

// maxWithheld bounds how much of what conflicts a document tells apart, in days of
// actions: who makes more of it is better told that the document is too large.
const maxWithheld = 100_000

// A slot is an event, an account profile, a channel and, of a dated event, a day. What
// fires on it, fires once: two templates that mean the same must not tell people twice.

// channel is where an action goes: its type, and for a webhook also the address. Types
// that this release does not know go nowhere.
func channel(a config.Action) string {
	for _, t := range actionTypes {
		if t.Name == a.Type && t.IsSet(a) {
			if a.Webhook != nil {
				return a.Type + " " + sameAddress(a.Webhook.URL)
			}
			return a.Type
		}
	}
	return ""
}

// sameAddress writes an address as all that mean the same: the case of a host is no matter.
func sameAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	u.Host = strings.ToLower(u.Host)
	return u.String()
}

func fires(a config.Action) bool { return a.State == "" && channel(a) != "" }

// What repeats more than that, or less often, was never checked: see inspection.days.
const (
	mostRepeats = 10 * maxRepeats
	mostDays    = 1_000_000
)

// daysOf lists the days of an action with its repeats, sorted. An action of an event
// that is not dated has the one day 0.
func daysOf(a config.Action) []int32 {
	if len(a.Days) == 0 {
		return []int32{0}
	}
	days := set(a.Days)
	last := days[len(days)-1]
	if a.RepeatEveryDays < 1 || a.RepeatEveryDays > mostDays || last > mostDays {
		return days
	}
	for n := range min(a.MaxRepeats, mostRepeats) {
		days = append(days, last+(n+1)*a.RepeatEveryDays)
	}
	return days
}

// contender is an enabled action of a template that is to be live.
type contender struct {
	*candidate
	action config.Action
	days   []int32
}

// candidate is a template that is to be live.
type candidate struct {
	name    string
	created time.Time
	content config.EventTemplate
	live    *config.EventTemplate // nil: nothing of it is
}

// slotKey is what actions must share before their profiles and days are compared.
type slotKey struct {
	event, channel string
	dated          bool
}

// withheldKey is an action of a template, for one profile.
type withheldKey struct{ template, action, profile string }

// slots settles who fires.
type slots struct {
	live  map[withheldKey][]config.Withheld // what does not fire now
	lost  map[withheldKey]map[string][]int32
	total int
}

// settle gives each slot to one template: to the one that is live with it, else to the
// older object. It returns what the others do not fire, sorted; false: that is too much.
func (s *slots) settle(candidates []candidate) ([]config.Withheld, bool) {
	contenders := map[slotKey][]contender{}
	for i := range candidates {
		for _, a := range candidates[i].content.Actions {
			if fires(a) {
				key := slotKey{candidates[i].content.Event, channel(a), len(a.Days) > 0}
				contenders[key] = append(contenders[key], contender{&candidates[i], a, daysOf(a)})
			}
		}
	}
	for key, all := range contenders {
		if !severalTemplates(all) {
			continue
		}
		for profile, some := range byProfile(all) {
			if severalTemplates(some) && !s.settleProfile(key, profile, some) {
				return nil, false
			}
		}
	}
	return s.withheld(), true
}

func severalTemplates(contenders []contender) bool {
	return slices.ContainsFunc(contenders, func(c contender) bool { return c.name != contenders[0].name })
}

func byProfile(all []contender) map[string][]contender {
	found := map[string][]contender{}
	for _, c := range all {
		for _, profile := range c.content.AccountProfiles {
			found[profile] = append(found[profile], c)
		}
	}
	return found
}

// settleProfile settles the days of one event, channel and profile.
func (s *slots) settleProfile(key slotKey, profile string, contenders []contender) bool {
	byDay := map[int32][]int{}
	for n, c := range contenders {
		for _, day := range c.days {
			byDay[day] = append(byDay[day], n)
		}
	}
	holding := make([]map[int32]bool, len(contenders))
	for n, c := range contenders {
		holding[n] = s.holding(key, profile, c)
	}
	for _, day := range slices.Sorted(maps.Keys(byDay)) {
		claims := byDay[day]
		winner := slices.MinFunc(claims, func(a, b int) int {
			return compareContenders(contenders[a], contenders[b], holding[a][day], holding[b][day])
		})
		for _, n := range claims {
			if contenders[n].name != contenders[winner].name {
				s.lose(contenders[n], profile, day, contenders[winner].name)
			}
		}
		if s.total > maxWithheld {
			return false
		}
	}
	return true
}

// compareContenders puts the one first that fires.
func compareContenders(a, b contender, holdsA, holdsB bool) int {
	switch {
	case holdsA && !holdsB:
		return -1
	case holdsB && !holdsA:
		return 1
	}
	return cmp.Or(a.created.Compare(b.created), strings.Compare(a.name, b.name))
}

// holding lists the days on which the template fires by the channel already, by
// whatever action.
func (s *slots) holding(key slotKey, profile string, c contender) map[int32]bool {
	days := map[int32]bool{}
	if c.live == nil || c.live.Event != key.event || !slices.Contains(c.live.AccountProfiles, profile) {
		return days
	}
	for _, a := range c.live.Actions {
		if !fires(a) || channel(a) != key.channel || len(a.Days) > 0 != key.dated {
			continue
		}
		withheld := s.live[withheldKey{c.name, a.Name, profile}]
		for _, day := range daysOf(a) {
			if !slices.ContainsFunc(withheld, func(w config.Withheld) bool { return len(w.Days) == 0 || slices.Contains(w.Days, day) }) {
				days[day] = true
			}
		}
	}
	return days
}

func (s *slots) lose(c contender, profile string, day int32, by string) {
	key := withheldKey{c.name, c.action.Name, profile}
	if s.lost[key] == nil {
		s.lost[key] = map[string][]int32{}
	}
	if len(c.action.Days) == 0 {
		s.lost[key][by] = nil // the event is not dated
	} else {
		s.lost[key][by] = append(s.lost[key][by], day)
	}
	s.total++
}

func (s *slots) withheld() []config.Withheld {
	var list []config.Withheld
	for key, lost := range s.lost {
		for by, days := range lost {
			list = append(list, config.Withheld{Template: key.template, Action: key.action, AccountProfile: key.profile, Days: days, By: by})
		}
	}
	return sortedWithheld(list)
}

func sortedWithheld(list []config.Withheld) []config.Withheld {
	slices.SortFunc(list, func(a, b config.Withheld) int {
		return cmp.Or(strings.Compare(a.Template, b.Template), strings.Compare(a.Action, b.Action),
			strings.Compare(a.AccountProfile, b.AccountProfile), strings.Compare(a.By, b.By), slices.Compare(a.Days, b.Days))
	})
	return list
}

// twice refuses two enabled actions of one template on the same slot: both have the
// same profiles, so that they always meet.
func (i *inspection) twice(at place, t config.EventTemplate) {
	type use struct {
		channel string
		dated   bool
		day     int32
	}
	first := map[use]string{}
	for n, a := range t.Actions {
		a.State = unless(a.State, "Enabled")
		if !fires(a) {
			continue
		}
		shared := map[string][]int32{}
		for _, day := range daysOf(a) {
			key := use{channel(a), len(a.Days) > 0, day}
			if other, taken := first[key]; taken {
				shared[other] = append(shared[other], day)
			} else {
				first[key] = a.Name
			}
		}
		for _, other := range slices.Sorted(maps.Keys(shared)) {
			i.refuse(at.item(n, a.Name), "action %q goes by %s%s, and so does action %q: change one of them, or set its state to Disabled",
				a.Name, channelWords(a), onDays(a, shared[other]), other)
		}
	}
}
