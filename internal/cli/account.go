package cli

import (
	"fmt"
	"strings"

	"github.com/foyerhq/foyer/internal/integration"
)

// layerColours tell at a glance which layer decided a value.
var layerColours = map[string]string{
	"Account":          "\x1b[32m",
	"Customer":         "\x1b[32m",
	"CustomerGroup":    "\x1b[32m",
	"AccountProfile":   "\x1b[36m",
	"MyAccountProfile": "\x1b[36m",
	"Tenant":           "\x1b[33m",
	"BuiltIn":          "\x1b[2m",
	"Unset":            "\x1b[2m",
}

// accountPage is what a person reads of an account, at most pageWidth wide.
func accountPage(streams Streams, tenant string, a integration.AccountSettings) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s, %s%s\n\n", streams.coloured(bold, "Account "+a.AccountID), a.Status, choose(tenant != "", ", of Tenant "+tenant, ""))
	portal := cell{text: "open: its people can sign in"}
	if !a.HasPortal {
		portal.text = "closed: nobody of the account can sign in"
	}
	mine := cell{text: "none"}
	if a.MyAccountProfile != nil {
		mine = profileCell(*a.MyAccountProfile, "pinned on the account")
	}
	out.WriteString(layout(streams, [][]cell{
		{{text: "Account profile"}, profileCell(a.AccountProfile, "set on the account")},
		{{text: "MyAccount profile"}, mine},
		{{text: "Portal"}, portal},
	}))
	rows := [][]cell{heading("ATTRIBUTE", "VALUE", "DECIDED BY")}
	for _, s := range a.Attributes {
		rows = append(rows, []cell{{text: s.Key}, {text: orDash(s.Value)}, layerCell(s.Source, s.SourceName)})
	}
	out.WriteString("\n" + layout(streams, rows))
	rows = [][]cell{heading("FEATURE", "DECISION", "DECIDED BY")}
	for _, f := range a.Features {
		rows = append(rows, []cell{{text: f.Feature}, {text: f.Decision}, layerCell(f.Source, f.SourceName)})
	}
	out.WriteString("\n" + layout(streams, rows))
	return out.String()
}

func heading(titles ...string) []cell {
	var cells []cell
	for _, t := range titles {
		cells = append(cells, cell{t, bold})
	}
	return cells
}

// layerCell names a layer as a reference to it, as AccountProfile/business. Of what is
// built in there is no name.
func layerCell(source, name string) cell {
	return cell{choose(name == "", source, source+"/"+name), layerColours[source]}
}

// profileCell says which profile applies and why.
func profileCell(p integration.AppliedProfile, byAccount string) cell {
	why := map[string]string{
		"Account":        byAccount,
		"Customer":       "it names this customer",
		"CustomerGroup":  "it names a customer group of the account",
		"AccountProfile": "named by AccountProfile/" + p.SourceName,
		"Tenant":         "the default of Tenant/" + p.SourceName,
		"BuiltIn":        "built in, no profile is declared",
	}[p.Source]
	text := choose(p.Name == "", "none", p.Name)
	if p.DisplayName != "" {
		text += " (" + p.DisplayName + ")"
	}
	text += ": " + choose(why == "", p.Source, why)
	if p.Unknown != "" {
		text += fmt.Sprintf("; the account names %q, which does not exist", p.Unknown)
	}
	return cell{text, layerColours[p.Source]}
}
