package compile_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/message/condition"
	"github.com/foyerhq/foyer/internal/message/template"
)

var templateNames = []string{"t", "u", "v", "w", "x"}

// ownEvents are those that the tenant declares for the moment.
func (w *world) ownEvents() []v1alpha1.EventDeclaration {
	var s v1alpha1.TenantSpec
	if w.chance(80) {
		declares("custom.a", pick(w, []string{"one", "two"}), "three")(&s)
	}
	if w.chance(70) {
		declares("custom.b", "one")(&s)
	}
	return s.Events
}

func (w *world) newEventTemplate(meta metav1.ObjectMeta) v1alpha1.EventTemplate {
	event := pick(w, []string{"invoice.issued", "invoice.issued", "invoice.unpaid", "invoice.unpaid", "custom.a", "custom.b"})
	fields := []string{"account.name", "account.id"}
	if strings.HasPrefix(event, "custom.") {
		fields = []string{"data.one", "data.one", "data.one", "data.two", "data.three", "data.three"}
	}
	t := v1alpha1.EventTemplate{ObjectMeta: meta, Spec: v1alpha1.EventTemplateSpec{
		TenantRef: ref("acme"), Event: event, When: maybe(w, 30, []string{"account.id != ''", "account.name == 'x'", "nonsense"}),
	}}
	for i, p := range w.input.AccountProfiles {
		if i == 0 || w.chance(20) {
			t.Spec.AccountProfileRefs = append(t.Spec.AccountProfileRefs, ref(p.Name))
		}
	}
	if w.chance(20) {
		t.Spec.AccountProfileRefs = append(t.Spec.AccountProfileRefs, ref(pick(w, []string{config.BuiltInProfile, "nobody"})))
	}
	if w.chance(10) {
		t.Spec.Event = "no.such"
	}
	for n := range w.random.IntN(2) + 1 {
		text := fmt.Sprintf("number %d: {{.%s}}", w.random.IntN(4), pick(w, fields))
		var edits []func(*v1alpha1.ActionSpec)
		if event == "invoice.unpaid" && !w.chance(3) {
			edits = append(edits, days(pick(w, [][]int32{{3}, {3, 7}, {-1, 5}})...))
			if w.chance(30) {
				edits = append(edits, repeats(pick(w, []int32{1, 2}), 3))
			}
		}
		if w.chance(15) {
			edits = append(edits, disabled)
		}
		if w.sending && w.chance(30) {
			edits = append(edits, combine(pick(w, []v1alpha1.Combine{"Account", "Invoice"}))) // which only dated mails and texts can
		}
		name := fmt.Sprint("action-", n)
		channels := []v1alpha1.ActionSpec{
			mail(name, append(edits, saying(text))...), sms(name, text, edits...), note(name, text, edits...), hook(name, "https://a.example/", edits...),
		}
		t.Spec.Actions = append(t.Spec.Actions, channels[2*n+w.random.IntN(4)/3])
	}
	return t
}

func lookupTemplate(t *testing.T, routing []byte, name string) (config.Entry, bool) {
	t.Helper()
	for _, e := range mustRoute(t, routing).Routing.Templates {
		if e.Name == name {
			return e, true
		}
	}
	return config.Entry{}, false
}

// slot is what fires once.
type slot struct {
	event, profile, channel string
	day                     int32
}

// fired lists by slot the templates that fire on it, by what a dispatcher reads.
func fired(live *config.LiveRouting) map[slot][]string {
	found := map[slot][]string{}
	for name, content := range live.Templates {
		for _, a := range content.Actions {
			for _, profile := range content.AccountProfiles {
				for _, day := range firingDays(a) {
					isWithheld := slices.ContainsFunc(live.Routing.Withheld, func(w config.Withheld) bool {
						return w.Template == name && w.Action == a.Name && w.AccountProfile == profile && (len(w.Days) == 0 || slices.Contains(w.Days, day))
					})
					if a.State == "" && !isWithheld {
						s := slotOf(content, a, profile, day)
						found[s] = append(found[s], name)
					}
				}
			}
		}
	}
	return found
}

func slotOf(content config.EventTemplate, a config.Action, profile string, day int32) slot {
	s := slot{content.Event, profile, a.Type, day}
	if a.Webhook != nil {
		s.channel += a.Webhook.URL
	}
	return s
}

func firingDays(a config.Action) []int32 {
	if len(a.Days) == 0 {
		return []int32{0}
	}
	all := slices.Clone(a.Days)
	for n := range a.MaxRepeats {
		all = append(all, a.Days[len(a.Days)-1]+(n+1)*a.RepeatEveryDays)
	}
	return all
}

// wants says whether a template would fire on a slot.
func wants(content config.EventTemplate, s slot) bool {
	return slices.ContainsFunc(content.Actions, func(a config.Action) bool {
		return a.State == "" && slotOf(content, a, s.profile, s.day) == s && slices.Contains(content.AccountProfiles, s.profile) && slices.Contains(firingDays(a), s.day)
	})
}

// Every slot that anything wants is fired on once, by whom it was before as long as that
// template wants it, and both sides of every conflict say so.
func TestSlotsAreHeldByOne(t *testing.T) {
	conflicts := 0
	everywhere(t, func(t *testing.T, w *world, out compile.Output) {
		if out.Routing == nil {
			return
		}
		live := mustRoute(t, out.Routing)
		now := fired(live)
		for s, names := range now {
			if len(names) != 1 {
				t.Errorf("%+v is held by %q", s, names)
			}
		}
		if w.input.LiveRouting != nil {
			for s, names := range fired(mustRoute(t, w.input.LiveRouting)) {
				if wants(live.Templates[names[0]], s) && !slices.Equal(now[s], names) {
					t.Errorf("%+v went from %q to %q", s, names, now[s])
				}
			}
		}
		told := map[string]bool{}
		for _, held := range live.Routing.Withheld {
			conflicts++
			told[held.Template], told[held.By] = true, true
			i := slices.IndexFunc(live.Templates[held.Template].Actions, func(a config.Action) bool { return a.Name == held.Action })
			a := live.Templates[held.Template].Actions[i]
			for _, day := range append(slices.Clone(held.Days), firingDays(a)[:1]...) {
				s := slotOf(live.Templates[held.Template], a, held.AccountProfile, day)
				if (len(held.Days) == 0 || slices.Contains(held.Days, day)) && !slices.Equal(now[s], []string{held.By}) {
					t.Errorf("%+v is withheld by %s, and held by %q", s, held.By, now[s])
				}
			}
		}
		for name, o := range out.EventTemplates {
			if (o.LiveGeneration > 0 && told[name]) != o.Conflicted.Status {
				t.Errorf("%s says %+v, withheld is %+v", name, o.Conflicted, live.Routing.Withheld)
			}
		}
	})
	if conflicts < 20 {
		t.Errorf("only %d conflicts were seen", conflicts)
	}
}

// An edit that is refused leaves the entry as it is, to the byte of its meaning; without
// an object there is no entry.
func TestRefusedEditsChangeNoTemplate(t *testing.T) {
	refused := 0
	everywhere(t, func(t *testing.T, w *world, out compile.Output) {
		if out.Routing == nil || w.input.LiveRouting == nil {
			return
		}
		for _, name := range templateNames {
			o, exists := out.EventTemplates[name]
			before, had := lookupTemplate(t, w.input.LiveRouting, name)
			after, has := lookupTemplate(t, out.Routing, name)
			switch {
			case !exists && has:
				t.Errorf("%s was deleted, and is live", name)
			case exists && o.Refused() && (had != has || !reflect.DeepEqual(before, after)):
				t.Errorf("%s is refused, and was changed from %+v to %+v", name, before, after)
			case exists && o.Refused() && had:
				refused++
			}
		}
	})
	if refused < 20 {
		t.Errorf("only %d refused edits of what was live were seen", refused)
	}
}

// Whatever people do in whatever order: every template that is live works with the events
// that are live, and everything that it names by digest is there.
func TestLiveTemplatesWorkWithLiveEvents(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world, out compile.Output) {
		document, routing := out.Document, out.Routing
		if document == nil {
			document, routing = w.input.Live, w.input.LiveRouting
		}
		if document == nil {
			return
		}
		known, _ := catalog.New(mustLoad(t, document).Tenant.Events)
		live := mustRoute(t, routing)
		used := map[config.BodyRef]bool{}
		check := func(name string, event catalog.Event, ref config.BodyRef, format template.Format) {
			used[ref] = true
			if _, problems := template.Compile(live.Routing.Bodies[ref], format, event); len(problems) > 0 {
				t.Errorf("%s: %v", name, problems)
			}
		}
		for name, content := range live.Templates {
			event, exists := known.Lookup(content.Event)
			if !exists {
				t.Errorf("%s: there is no event %s", name, content.Event)
			}
			if _, problems := condition.Compile(content.When, event); content.When != "" && len(problems) > 0 {
				t.Errorf("%s: %v", name, problems)
			}
			for _, a := range content.Actions {
				switch {
				case a.Email != nil:
					check(name, event, a.Email.Subject, template.Subject)
					check(name, event, a.Email.Text, template.Plain)
				case a.SMS != nil:
					check(name, event, a.SMS.Text, template.SMS)
				case a.Note != nil:
					check(name, event, a.Note.Text, template.Note)
				}
			}
		}
		if len(used) != len(live.Routing.Bodies) {
			t.Errorf("%d bodies are used, there are %d", len(used), len(live.Routing.Bodies))
		}
	})
}

// An older operator: whatever a newer one has added to what is live goes on with it, for
// as long as the entry does.
func TestWhatANewerOperatorAddedGoesOn(t *testing.T) {
	kept := 0
	everywhere(t, func(t *testing.T, w *world, out compile.Output) {
		if out.Routing == nil {
			return
		}
		in := w.input
		in.Live, in.LiveRouting = out.Document, newerThan(t, out.Routing)
		in.EventTemplates = slices.Clone(in.EventTemplates)
		for i := range in.EventTemplates {
			if w.chance(30) {
				in.EventTemplates[i].Generation++
				broken(&in.EventTemplates[i].Spec)
			}
		}
		again := mustCompile(t, in)
		if again.Routing == nil {
			t.Fatalf("nothing is written: %+v", again.Tenant)
		}
		before, after := mustRoute(t, in.LiveRouting), mustRoute(t, again.Routing)
		if _, carried := after.Routing.Extra["suite"]; !carried {
			t.Error("a field of the document is lost")
		}
		for _, e := range before.Routing.Templates {
			now, there := lookupTemplate(t, again.Routing, e.Name)
			if !there || !reflect.DeepEqual(e, now) {
				t.Errorf("%s was %+v, and is %+v", e.Name, e, now)
			}
			kept++
		}
		if !maps.Equal(before.Routing.Bodies, after.Routing.Bodies) {
			t.Errorf("bodies were %v, and are %v", before.Routing.Bodies, after.Routing.Bodies)
		}
		in.LiveRouting = again.Routing
		routesStay(t, in, mustCompile(t, in))
	})
	if kept < 40 {
		t.Errorf("only %d entries were carried", kept)
	}
}

// newerThan adds to a document what a newer release would write, in every place.
func newerThan(t *testing.T, document []byte) []byte {
	t.Helper()
	root := tree(t, document)
	bodies, _ := root["bodies"].(map[string]any)
	if bodies == nil {
		bodies = map[string]any{}
	}
	add := func(text string) string {
		ref := string(config.BodyOf(text))
		bodies[ref] = text
		return ref
	}
	root["bodies"], root["suite"] = bodies, map[string]any{"text": add("suite")}
	templates, _ := root["templates"].([]any)
	for _, e := range templates {
		e := e.(map[string]any)
		e["signed"] = add(fmt.Sprint("signature of ", e["name"]))
		content := e["content"].(map[string]any)
		content["until"] = "2027-01-01"
		for i, a := range content["actions"].([]any) {
			a := a.(map[string]any)
			a["quiet"] = map[string]any{"text": add(fmt.Sprint("quiet ", i))}
			if email, is := a["email"].(map[string]any); is {
				email["track"] = json.Number("12345678901234567890.5")
			}
		}
	}
	encoded, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := config.ParseRouting(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if encoded, err = config.EncodeRouting(parsed); err != nil {
		t.Fatal(err)
	}
	return encoded
}
