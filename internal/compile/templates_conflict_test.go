package compile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

// Rule 3, of templates: the one that is live with a slot keeps it, age decides only over
// what nobody holds.

func withheld(t *testing.T, out compile.Output) []config.Withheld {
	t.Helper()
	return mustRoute(t, out.Routing).Routing.Withheld
}

// inConflict fails unless both templates say so, with every part.
func inConflict(t *testing.T, out compile.Output, fires, waits string, parts ...string) {
	t.Helper()
	says(t, fires, out.EventTemplates[fires].Conflicted, true, compile.ReasonActionConflict, append(parts, " fires by ", fmt.Sprintf("EventTemplate %q, which would as well, does not", waits))...)
	says(t, waits, out.EventTemplates[waits].Conflicted, true, compile.ReasonActionConflict, append(parts, " does not fire by ", fmt.Sprintf("of EventTemplate %q does", fires))...)
	for _, name := range []string{fires, waits} {
		if o := out.EventTemplates[name]; o.Refused() || !o.Live {
			t.Errorf("a conflict refuses %s: %+v", name, o)
		}
	}
}

func TestOlderTemplateWinsWhatNobodyHolds(t *testing.T) {
	in := withTemplates(eventTemplate("aaa", 1, doing(mail("mail"), note("note", "Issued."))), older(eventTemplate("zzz", 1, forProfiles("residential", "business")), 2))
	in, out := settled(t, in)
	want := []config.Withheld{{Template: "aaa", Action: "mail", AccountProfile: "business", By: "zzz"}}
	if diff := cmp.Diff(want, withheld(t, out)); diff != "" {
		t.Errorf("withheld (-want +got):\n%s", diff)
	}
	inConflict(t, out, "zzz", "aaa", `action "mail"`, "by Email, for account profile \"business\"", "Disabled")
	routesStay(t, in, mustCompile(t, in))

	// Of the same age, the name decides.
	out = mustCompile(t, withTemplates(eventTemplate("bbb", 1), eventTemplate("aaa", 1)))
	inConflict(t, out, "aaa", "bbb")
}

func TestTemplateThatIsLiveKeepsItsSlotAgainstAnOlderOne(t *testing.T) {
	in, _ := settled(t, withTemplates(eventTemplate("live", 1)))
	in.EventTemplates = append(in.EventTemplates, older(eventTemplate("elder", 1, forProfiles("residential", "business")), 5))
	in, out := settled(t, in)
	inConflict(t, out, "live", "elder")
	want := []config.Withheld{{Template: "elder", Action: "mail", AccountProfile: "business", By: "live"}}
	if diff := cmp.Diff(want, withheld(t, out)); diff != "" {
		t.Errorf("withheld (-want +got):\n%s", diff)
	}

	// An edit of what holds it, by another action even, gives nothing away.
	in.EventTemplates[0] = eventTemplate("live", 2, doing(note("note", "Issued."), mail("renamed")))
	in, out = settled(t, in)
	inConflict(t, out, "live", "elder", `"renamed"`)

	// Nor does one that is refused.
	in.EventTemplates[0] = eventTemplate("live", 3, broken)
	out = mustCompile(t, in)
	routesStay(t, in, out)
	if !out.EventTemplates["live"].Conflicted.Status || !out.EventTemplates["elder"].Conflicted.Status {
		t.Errorf("what stays live conflicts no more: %+v", out.EventTemplates)
	}

	// What gives the slot up loses it to who waited, for good.
	in.EventTemplates[0] = eventTemplate("live", 4, doing(mail("renamed", disabled)))
	in, out = settled(t, in)
	if len(withheld(t, out)) != 0 || out.EventTemplates["elder"].Conflicted.Status || out.EventTemplates["live"].Conflicted.Status {
		t.Errorf("it conflicts still: %+v", withheld(t, out))
	}
	in.EventTemplates[0] = eventTemplate("live", 5, doing(mail("renamed")))
	inConflict(t, mustCompile(t, in), "elder", "live")
}

func TestTemplateThatComesToASlotIsNotLiveWithIt(t *testing.T) {
	in, _ := settled(t, withTemplates(older(eventTemplate("elder", 1, onEvent("invoice.paid")), 5), eventTemplate("younger", 1)))
	in.EventTemplates[0] = older(eventTemplate("elder", 2), 5)
	inConflict(t, mustCompile(t, in), "younger", "elder")
}

func TestConflictIsByDay(t *testing.T) {
	in := withTemplates(
		older(eventTemplate("elder", 1, onEvent("invoice.unpaid"), doing(mail("weekly", days(3), repeats(7, 3)))), 2), // 3, 10, 17, 24
		eventTemplate("younger", 1, onEvent("invoice.unpaid"), doing(mail("early", days(-7, 3)), mail("late", days(10, 11, 24)), sms("text", "Please pay.", days(3)))),
	)
	in, out := settled(t, in)
	want := []config.Withheld{
		{Template: "younger", Action: "early", AccountProfile: "business", Days: []int32{3}, By: "elder"},
		{Template: "younger", Action: "late", AccountProfile: "business", Days: []int32{10, 24}, By: "elder"},
	}
	if diff := cmp.Diff(want, withheld(t, out)); diff != "" {
		t.Errorf("withheld (-want +got):\n%s", diff)
	}
	inConflict(t, out, "elder", "younger", `"weekly"`, `"early"`, `"late"`, "by Email on day 3, for", "by Email on days 10, 24, for")

	// The younger holds day 11 and keeps it when the elder comes to it; the elder keeps the others.
	in.EventTemplates[0] = older(eventTemplate("elder", 2, onEvent("invoice.unpaid"), doing(mail("weekly", days(3), repeats(1, 10)))), 2) // 3 to 13
	in, out = settled(t, in)
	want = []config.Withheld{
		{Template: "elder", Action: "weekly", AccountProfile: "business", Days: []int32{11}, By: "younger"},
		{Template: "younger", Action: "early", AccountProfile: "business", Days: []int32{3}, By: "elder"},
		{Template: "younger", Action: "late", AccountProfile: "business", Days: []int32{10}, By: "elder"},
	}
	if diff := cmp.Diff(want, withheld(t, out)); diff != "" {
		t.Errorf("withheld (-want +got):\n%s", diff)
	}
	routesStay(t, in, mustCompile(t, in))
}

func TestWhatIsNoConflict(t *testing.T) {
	unpaid := onEvent("invoice.unpaid")
	for name, pair := range map[string][2]v1alpha1.EventTemplate{
		"another event":   {eventTemplate("a", 1), eventTemplate("b", 1, onEvent("invoice.paid"))},
		"another profile": {eventTemplate("a", 1), eventTemplate("b", 1, forProfiles("residential"))},
		"another channel": {eventTemplate("a", 1), eventTemplate("b", 1, doing(sms("mail", "Hello")))},
		"another address": {eventTemplate("a", 1, doing(hook("h", "https://a.example/1"))), eventTemplate("b", 1, doing(hook("h", "https://a.example/2")))},
		"another day":     {eventTemplate("a", 1, unpaid, doing(mail("m", days(3)))), eventTemplate("b", 1, unpaid, doing(mail("m", days(4))))},
		"disabled":        {eventTemplate("a", 1), eventTemplate("b", 1, doing(mail("mail", disabled)))},
		"refused":         {eventTemplate("a", 1), eventTemplate("b", 1, broken)},
	} {
		out := mustCompile(t, withTemplates(pair[0], pair[1]))
		if got := withheld(t, out); len(got) != 0 || out.EventTemplates["a"].Conflicted.Status || out.EventTemplates["b"].Conflicted.Status {
			t.Errorf("%s: withheld is %+v, outcomes %+v", name, got, out.EventTemplates)
		}
	}
	out := mustCompile(t, withTemplates(eventTemplate("a", 1, doing(hook("h", "https://a.example/key?x=1"))), eventTemplate("b", 1, doing(hook("h", "https://a.example/key?x=1")))))
	inConflict(t, out, "a", "b", "by Webhook to a.example, for")
	if strings.Contains(fmt.Sprint(out.EventTemplates), "key") {
		t.Error("a status shows the whole address")
	}
}

func TestConflictsOfMoreThanTwo(t *testing.T) {
	in := withTemplates(older(eventTemplate("one", 1), 3), older(eventTemplate("two", 1), 2), eventTemplate("three", 1))
	in, out := settled(t, in)
	inConflict(t, out, "one", "two")
	inConflict(t, out, "one", "three")
	in.EventTemplates = in.EventTemplates[1:]
	inConflict(t, mustCompile(t, in), "two", "three")
}

func TestConflictsAreListedUpToABound(t *testing.T) {
	in := withTemplates(older(eventTemplate("one", 1), 3))
	for i := range 20 {
		in.EventTemplates = append(in.EventTemplates, eventTemplate(fmt.Sprintf("t%02d", i), 1))
	}
	out := mustCompile(t, in)
	says(t, "one", out.EventTemplates["one"].Conflicted, true, compile.ReasonActionConflict, `"t09"`, "; and 10 more: take the account profile out")
}

func TestConflictOfAPausedTenantIsThatOfWhatIsLive(t *testing.T) {
	in, _ := settled(t, withTemplates(older(eventTemplate("one", 1), 3), eventTemplate("two", 1)))
	in.Tenant = tenant(2, paused)
	in.EventTemplates = append(in.EventTemplates, eventTemplate("three", 1))
	out := mustCompile(t, in)
	inConflict(t, out, "one", "two")
	if o := out.EventTemplates["three"]; o.Conflicted.Status {
		t.Errorf("what is not live conflicts: %+v", o.Conflicted)
	}
}

// Whoever makes templates that all mean the same is told so before the manager has to
// write it down.
func TestTooManyConflictsAreTooLarge(t *testing.T) {
	in := compile.Input{Tenant: tenant(1)}
	var profiles []string
	for i := range 64 {
		profiles = append(profiles, fmt.Sprint("p", i))
		in.AccountProfiles = append(in.AccountProfiles, accountProfile(profiles[i], 1))
	}
	for i := range 40 {
		in.EventTemplates = append(in.EventTemplates, eventTemplate(fmt.Sprint("t", i), 1, forProfiles(profiles...), onEvent("invoice.unpaid"), doing(note("n", "It is late.", days(0), repeats(1, 100)))))
	}
	out := mustCompile(t, in)
	says(t, "t0", out.EventTemplates["t0"].Accepted, false, compile.ReasonTooLarge, "conflict with each other")
	if out.Routing != nil || out.Document == nil {
		t.Error("the routing was written, or the settings were not")
	}
}
