package config_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/config"
)

func TestCompare(t *testing.T) {
	entry := func(name, content string, state config.EntryState) config.Entry {
		return config.Entry{Name: name, UID: "u", Generation: 1, State: state, Content: json.RawMessage(content)}
	}
	document := func(edit func(*config.Settings)) []byte {
		doc := config.Settings{
			Format: config.Format,
			Tenant: entry("acme", `{"namespace":"a","displayName":"Acme","hostname":"my.acme.example","session":{"idleSeconds":60,"maxSeconds":600},"attributes":{"currency":"AUD"}}`, ""),
			AccountProfiles: []config.Entry{
				entry("business", `{"displayName":"Business","attributes":{"tradingTermsDays":21},"myAccountProfile":"full"}`, ""),
				entry("residential", `{"displayName":"Residential"}`, ""),
			},
			MyAccountProfiles: []config.Entry{
				entry("full", `{"displayName":"Full","customerGroups":["gold"],"features":["ViewInvoices"]}`, ""),
			},
		}
		edit(&doc)
		body, err := config.Encode(doc)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	tests := map[string]struct {
		edit func(*config.Settings)
		want []string
	}{
		"nothing": {func(*config.Settings) {}, nil},
		"a name only": {func(d *config.Settings) {
			d.AccountProfiles[1] = entry("residential", `{"displayName":"Homes","description":"x"}`, "")
		}, nil},
		"an attribute and the portal profile": {func(d *config.Settings) {
			d.AccountProfiles[0] = entry("business", `{"displayName":"Business","attributes":{"tradingTermsDays":30,"locale":"fr"}}`, "")
		}, []string{"AccountProfile/business locale ->fr; myAccountProfile full->; tradingTermsDays 21->30"}},
		"two objects": {func(d *config.Settings) {
			d.Tenant = entry("acme", `{"namespace":"a","displayName":"Acme","hostname":"my.acme.example","session":{"idleSeconds":60,"maxSeconds":600},"attributes":{"currency":"NZD"},"defaultAccountProfile":"business"}`, "")
			d.MyAccountProfiles[0] = entry("full", `{"displayName":"Full","features":["ViewInvoices","ViewActivity"]}`, "")
		}, []string{"Tenant/acme currency AUD->NZD; defaultAccountProfile ->business", "MyAccountProfile/full ViewActivity ->Enabled; customerGroups gold->"}},
		"retired: it stays with those who have it by name": {func(d *config.Settings) {
			d.AccountProfiles[0].State, d.MyAccountProfiles[0].State = config.Retired, config.Retired
		}, []string{"MyAccountProfile/full customerGroups gold->"}},
		"dropped and new": {func(d *config.Settings) {
			d.AccountProfiles = []config.Entry{entry("gold", `{"displayName":"Gold","attributes":{"tradingTermsDays":60}}`, "")}
		}, []string{"AccountProfile/business myAccountProfile full->; tradingTermsDays 21->", "AccountProfile/gold tradingTermsDays ->60"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			list, err := config.Compare(document(func(*config.Settings) {}), document(test.edit))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range list {
				line := c.Kind + "/" + c.Name
				for i, change := range c.Changes {
					line += fmt.Sprintf("%s %s %s->%s", map[bool]string{true: ";"}[i > 0], change.Key, change.Old, change.New)
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if _, err := config.Compare([]byte("{}"), document(func(*config.Settings) {})); err == nil {
		t.Error("an unreadable document is compared")
	}
}
