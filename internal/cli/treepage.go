package cli

import (
	"fmt"
	"strings"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	dim  = "\x1b[2m"
	cyan = "\x1b[36m"
)

// treePage writes the tree for people.
func treePage(streams Streams, report treeReport) string {
	var out strings.Builder
	for i, t := range report.Tenants {
		if i > 0 {
			out.WriteString("\n")
		}
		t.write(&out, streams, "", "", "")
	}
	if len(report.Strays) > 0 {
		out.WriteString("\nWithout a Tenant\n")
		writeNodes(&out, streams, report.Strays, "")
	}
	if len(report.Missing) > 0 {
		out.WriteString("\nNot shown, because you need the right to\n")
	}
	for _, m := range report.Missing {
		where := "in all namespaces"
		if m.Namespace != "" {
			where = "in namespace " + m.Namespace
		}
		fmt.Fprintf(&out, "  %s %s\n", m.Right, where)
	}
	return out.String()
}

func writeNodes(out *strings.Builder, streams Streams, nodes []*treeNode, indent string) {
	for i, n := range nodes {
		branch, below := "├─ ", "│  "
		if i == len(nodes)-1 {
			branch, below = "└─ ", "   "
		}
		n.write(out, streams, indent, branch, below)
	}
}

// write writes an object in a line, below it what is wrong with it, and then what hangs on it.
func (n *treeNode) write(out *strings.Builder, streams Streams, indent, branch, below string) {
	name := n.Name
	if n.Kind == "Tenant" {
		name = n.Namespace + "/" + n.Name
	}
	line := streams.coloured(dim, indent+branch) + n.Kind + " " + streams.coloured(bold, name)
	if state, colour := n.state(); state != "" {
		line += "  " + streams.coloured(colour, state)
	}
	if len(n.Details) > 0 {
		line += "  " + strings.Join(n.Details, ", ")
	}
	out.WriteString(line + "\n")
	indent += below
	for _, p := range n.Problems {
		p.write(out, streams, indent, len(n.Children) > 0)
	}
	writeNodes(out, streams, n.Children, indent)
}

// state is one word or two, and the reason.
func (n *treeNode) state() (text, colour string) {
	switch n.Ready {
	case "":
		return "", ""
	case metav1.ConditionTrue:
		return "Ready", green
	case metav1.ConditionFalse:
		text, colour = "Not ready", red
	default:
		text, colour = string(n.Ready), yellow
	}
	if n.Reason != "" {
		text += " (" + n.Reason + ")"
	}
	return text, colour
}

func (p treeProblem) write(out *strings.Builder, streams Streams, indent string, more bool) {
	if more {
		indent += "│  "
	} else {
		indent += "   "
	}
	head := strings.TrimSpace(p.Type + " " + p.Reason)
	text := strings.TrimSpace(head + ": " + oneLine(p.Message))
	if head == "" {
		text = oneLine(p.Message)
	}
	for _, line := range wrap(text, max(pageWidth-utf8.RuneCountInString(indent), pageWidth/2)) {
		out.WriteString(streams.coloured(dim, indent) + streams.coloured(yellow, line) + "\n")
	}
}
