package compile

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/config"
)

// channelWords names the channel of an action to people. An address may end in
// something that not everybody who reads a status should see.
func channelWords(a config.Action) string {
	if a.Webhook == nil {
		return a.Type
	}
	if u, err := url.Parse(a.Webhook.URL); err == nil && u.Host != "" {
		return a.Type + " to " + strings.ToLower(u.Host)
	}
	return a.Type
}

// onDays names days of a dated action; empty: the event is not dated.
func onDays(a config.Action, days []int32) string {
	if len(a.Days) == 0 {
		return ""
	}
	if len(days) == 0 {
		days = daysOf(a)
	}
	var names []string
	for _, day := range days {
		names = append(names, fmt.Sprint(day))
	}
	if len(days) == 1 {
		return " on day " + names[0]
	}
	return " on days " + listed(names)
}

// clash is one sentence about a conflict, but for the profiles.
type clash struct {
	own, other string // the actions
	template   string // the other one
	channel    string
	days       string
	fires      bool
}

func (c clash) sentence(profiles []string) string {
	noun := "account profile "
	if len(profiles) > 1 {
		noun = "account profiles "
	}
	where := fmt.Sprintf("by %s%s, for %s", c.channel, c.days, noun+listed(quoted(profiles)))
	if c.fires {
		return fmt.Sprintf("action %q fires %s, and action %q of EventTemplate %q, which would as well, does not", c.own, where, c.other, c.template)
	}
	return fmt.Sprintf("action %q does not fire %s, because action %q of EventTemplate %q does", c.own, where, c.other, c.template)
}

// conflicts says of each template of a document what it shares with others.
func conflicts(templates map[string]config.EventTemplate, withheld []config.Withheld) map[string]Finding {
	clashes := map[string]map[clash][]string{}
	tell := func(template string, c clash, profile string) {
		if clashes[template] == nil {
			clashes[template] = map[clash][]string{}
		}
		clashes[template][c] = append(clashes[template][c], profile)
	}
	for _, w := range withheld {
		lost, known := findAction(templates[w.Template], w.Action)
		if !known {
			continue
		}
		won, known := rival(templates[w.By], lost, w.Days)
		if !known {
			continue
		}
		words, days := channelWords(lost), onDays(lost, w.Days)
		tell(w.Template, clash{lost.Name, won.Name, w.By, words, days, false}, w.AccountProfile)
		tell(w.By, clash{won.Name, lost.Name, w.Template, words, days, true}, w.AccountProfile)
	}
	findings := map[string]Finding{}
	for template, found := range clashes {
		findings[template] = Finding{true, ReasonActionConflict, sentences(found)}
	}
	return findings
}

func sentences(found map[clash][]string) string {
	var all []string
	for c, profiles := range found {
		all = append(all, c.sentence(profiles))
	}
	slices.Sort(all)
	return together(all, maxListed) + ": take the account profile out of one of both, or set the state of the action that is not meant to Disabled; spec.when does not tell two templates apart"
}

func findAction(t config.EventTemplate, name string) (config.Action, bool) {
	i := slices.IndexFunc(t.Actions, func(a config.Action) bool { return a.Name == name })
	if i < 0 {
		return config.Action{}, false
	}
	return t.Actions[i], true
}

// rival finds the action that fires in place of one that does not.
func rival(t config.EventTemplate, lost config.Action, days []int32) (config.Action, bool) {
	i := slices.IndexFunc(t.Actions, func(a config.Action) bool {
		return fires(a) && channel(a) == channel(lost) &&
			(len(days) == 0 || slices.ContainsFunc(daysOf(a), func(day int32) bool { return slices.Contains(days, day) }))
	})
	if i < 0 {
		return config.Action{}, false
	}
	return t.Actions[i], true
}

// listed writes a bounded number of names.
func listed(names []string) string {
	if more := len(names) - maxListed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxListed], ", "), more)
	}
	return strings.Join(names, ", ")
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
