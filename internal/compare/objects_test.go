package compare

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/settings"
)

func TestObjects(t *testing.T) {
	was := base()
	was.templates = map[string]config.EventTemplate{"reminders": reminder([]int32{3}, "a"), "old": reminder([]int32{40}, "a")}
	was.bodies = []string{"s", "a"}
	is := base()
	business := is.profiles["business"]
	business.Attributes.TradingTermsDays, business.Description = number(21), "line\nby line"
	is.profiles["business"] = business
	basic := is.portals["basic"]
	basic.Features = []settings.Feature{settings.PayInvoices}
	is.portals["basic"] = basic
	is.portals["new"] = config.MyAccountProfile{DisplayName: "New"}
	is.retired = map[string]bool{"residential": true}
	is.templates, is.bodies = map[string]config.EventTemplate{"reminders": reminder([]int32{3, 5}, "b")}, []string{"s", "b"}
	got, err := Objects(was.plain(t), is.plain(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []ObjectChange{
		{Kind: "AccountProfile", Name: "business", Change: ObjectChanged, Fields: []FieldChange{
			{"attributes.tradingTermsDays", "", "21"}, {"description", "", "12 bytes, " + short(config.Digest([]byte("line\nby line")))},
		}},
		{Kind: "AccountProfile", Name: "residential", Change: ObjectRetired},
		{Kind: "EventTemplate", Name: "old", Change: ObjectDeleted},
		{Kind: "EventTemplate", Name: "reminders", Change: ObjectChanged, Fields: []FieldChange{
			{"actions[first].days", "3", "3, 5"}, {"actions[first].email.text", short(string(config.BodyOf("a"))), short(string(config.BodyOf("b")))},
		}},
		{Kind: "MyAccountProfile", Name: "basic", Change: ObjectChanged, Fields: []FieldChange{
			{"features[ViewInvoices]", "ViewInvoices", ""}, {"features[PayInvoices]", "", "PayInvoices"},
		}},
		{Kind: "MyAccountProfile", Name: "new", Change: ObjectNew},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if same, err := Objects(is.plain(t), is.plain(t)); err != nil || same != nil {
		t.Errorf("the same: %v %v", same, err)
	}
	if all, err := Objects(Plain{}, is.plain(t)); err != nil || len(all) != 7 || all[0].Change != ObjectNew {
		t.Errorf("of nothing: %v %v", all, err)
	}
	if _, err := Objects(Plain{Settings: []byte(`{}`)}, is.plain(t)); err == nil {
		t.Error("no document: no error")
	}
}

// A profile that comes back as it was is a change for those who name it.
func TestRestoredObjects(t *testing.T) {
	was, is := base(), base()
	was.retired = map[string]bool{"residential": true}
	before, after := was.plain(t), is.plain(t)
	got, err := Objects(before, after)
	if diff := cmp.Diff([]ObjectChange{{Kind: "AccountProfile", Name: "residential", Change: ObjectRestored}}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if differ, err := Differ(before, after); !differ || err != nil {
		t.Errorf("they do not differ: %v", err)
	}
}

// Documents differ by all that is in them, but for the objects that they were made of.
func TestDiffer(t *testing.T) {
	plain := base().plain(t)
	again := Plain{Settings: bytes.ReplaceAll(plain.Settings, []byte(`"generation": 1`), []byte(`"generation": 2`)), Routing: plain.Routing}
	if bytes.Equal(again.Settings, plain.Settings) {
		t.Fatal("there is no generation in the document")
	}
	if differ, err := Differ(plain, again); differ || err != nil {
		t.Errorf("other generations: %t %v", differ, err)
	}
	withheld := base()
	withheld.withheld = []config.Withheld{{Template: "reminders", Action: "first", AccountProfile: "business", By: "other"}}
	if differ, err := Differ(plain, withheld.plain(t)); !differ || err != nil {
		t.Errorf("withheld: %t %v", differ, err)
	}
	if _, err := Differ(plain, Plain{Routing: []byte(`{}`)}); err == nil {
		t.Error("no document: no error")
	}
}
