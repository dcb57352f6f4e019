package template

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/message"
)

const (
	maxDepth    = 8    // of if, with and range in each other
	maxNodes    = 4000 // texts, actions and what is in them
	maxProblems = 20
)

// checker goes through the tree of one template.
type checker struct {
	source   string
	format   Format
	fields   []catalog.Field
	problems []message.Problem
	nodes    int
	cost     cost
	stopped  bool // too large or too deep for the checks that come after
	scopes   int
	// printed are the actions whose value is known to be printable, with its type.
	printed map[*parse.ActionNode]catalog.Type
}

func newChecker(source string, format Format, fields []catalog.Field) *checker {
	return &checker{source: source, format: format, fields: fields, printed: map[*parse.ActionNode]catalog.Type{}}
}

func (c *checker) problem(at parse.Pos, format string, args ...any) {
	if len(c.problems) < 4*maxProblems {
		c.problems = append(c.problems, problemAt(c.source, int(at), format, args...))
	}
}

// sorted are the first problems, by their place.
func (c *checker) sorted() []message.Problem {
	slices.SortStableFunc(c.problems, func(a, b message.Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	problems := slices.Compact(c.problems)
	return problems[:min(len(problems), maxProblems)]
}

// tooLarge counts a node, and says whether there are too many to go on.
func (c *checker) tooLarge(at parse.Pos) bool {
	c.nodes++
	if c.nodes == maxNodes+1 {
		c.stopped = true
		c.problem(at, "the template has more than %d parts: make it shorter", maxNodes)
	}
	return c.nodes > maxNodes
}

func (c *checker) list(list *parse.ListNode, at place) uses {
	found := uses{}
	if list == nil {
		return found
	}
	for _, node := range list.Nodes {
		if c.tooLarge(node.Position()) {
			return found
		}
		found = found.add(c.node(node, at))
	}
	return found
}

func (c *checker) node(node parse.Node, at place) uses {
	switch node := node.(type) {
	case *parse.TextNode, *parse.CommentNode:
	case *parse.ActionNode:
		return c.print(node, at)
	case *parse.IfNode:
		return c.branch(&node.BranchNode, at, c.ifBodies)
	case *parse.WithNode:
		return c.branch(&node.BranchNode, at, c.withBodies)
	case *parse.RangeNode:
		return c.branch(&node.BranchNode, at, c.rangeBodies)
	case *parse.TemplateNode:
		c.problem(c.actionStart(node.Pos), "template is not allowed: write the text where it is needed")
	case *parse.BreakNode:
		c.problem(c.actionStart(node.Pos), "break is not allowed")
	case *parse.ContinueNode:
		c.problem(c.actionStart(node.Pos), "continue is not allowed")
	default:
		c.problem(node.Position(), "%s is not allowed", node)
	}
	return nil
}

// actionStart is where the action begins that a place is in.
func (c *checker) actionStart(pos parse.Pos) parse.Pos {
	return parse.Pos(max(strings.LastIndex(c.source[:pos], leftDelim), 0))
}

// branch checks what if, with and range have in common.
func (c *checker) branch(node *parse.BranchNode, at place, bodies func(*parse.BranchNode, place) uses) uses {
	if at.depth == maxDepth {
		c.stopped = true
		c.problem(node.Pos, "too deep: at most %d of if, with and range may be in each other", maxDepth)
		return nil
	}
	if len(node.Pipe.Decl) > 0 {
		c.problem(node.Pipe.Decl[0].Pos, noVariables)
		return nil
	}
	at.depth++
	return bodies(node, at)
}

// elseBody checks what is behind {{else}}. An {{else if}} is not deeper than its if.
func (c *checker) elseBody(list *parse.ListNode, at place) uses {
	if list != nil && len(list.Nodes) == 1 {
		switch list.Nodes[0].(type) {
		case *parse.IfNode, *parse.WithNode:
			at.depth--
		}
	}
	return c.list(list, at)
}

func (c *checker) ifBodies(node *parse.BranchNode, at place) uses {
	asked := c.condition(c.pipe(node.Pipe, at))
	found := c.list(node.List, at.knowing(asked.yes))
	return found.both(c.elseBody(node.ElseList, at.knowing(asked.no)))
}

func (c *checker) withBodies(node *parse.BranchNode, at place) uses {
	asked := c.pipe(node.Pipe, at)
	if asked.ref == nil {
		if asked.typ != "" {
			c.problem(node.Pipe.Pos, "with takes a field, as {{with .account}}")
		}
		c.elseBody(node.ElseList, at)
		return nil
	}
	inside := at.knowing(asked.ref.optional)
	inside.dot = *asked.ref
	found := c.list(node.List, inside)
	if other := c.elseBody(node.ElseList, at); asked.typ != catalog.Object || asked.ref.mayMiss(at) {
		return found.both(other)
	}
	return found
}

func (c *checker) rangeBodies(node *parse.BranchNode, at place) uses {
	listed := c.pipe(node.Pipe, at)
	c.elseBody(node.ElseList, at)
	switch {
	case listed.typ == "":
	case listed.ref == nil || listed.typ != catalog.List:
		c.problem(listed.pos, "range goes through a List, and %s", listed.is())
	case at.scope != listed.ref.scope:
		// Lists times lists would take longer than anybody waits.
		c.problem(listed.pos, "inside of a range, another one goes through a List of its element, which %s is not", listed.text)
	default:
		c.scopes++
		at = at.around().knowing(listed.ref.optional)
		at.scope = c.scopes
		at.dot = ref{scope: c.scopes, shown: listed.ref.shown, field: catalog.Field{Type: catalog.Object, Fields: listed.ref.field.Fields}}
		c.list(node.List, at)
	}
	return nil
}

// print checks an action that writes a value.
func (c *checker) print(node *parse.ActionNode, at place) uses {
	if len(node.Pipe.Decl) > 0 {
		c.problem(node.Pipe.Decl[0].Pos, noVariables)
		return nil
	}
	e := c.pipe(node.Pipe, at)
	if e.typ == "" || !c.printable(e, at) {
		return nil
	}
	c.printed[node] = e.typ
	if e.ref == nil || e.ref.scope != 0 {
		return nil
	}
	return uses{e.ref.path: true}
}

func (c *checker) printable(e expr, at place) bool {
	switch e.typ {
	case catalog.Object:
		c.problem(e.pos, "%s: print one of its fields (there are: %s)", e.is(), strings.Join(fieldNames(e.ref.field.Fields), ", "))
		return false
	case catalog.List:
		if c.format == JSON {
			c.problem(e.pos, "%s: write it whole, as in {{json %s}}, or go through it, as in {{range %s}}", e.is(), e.text, e.text)
			return false
		}
		c.problem(e.pos, "%s: go through it, as in {{range %s}}", e.is(), e.text)
		return false
	case catalog.Boolean:
		if c.format != JSON || e.onlyAsked {
			c.problem(e.pos, "%s: ask for it, as in {{if %s}}yes{{else}}no{{end}}", e.is(), e.text)
			return false
		}
	case catalog.Link:
		if reason := noLink[c.format]; reason != "" {
			c.problem(e.pos, "%s, which lets in whoever has it: %s", e.is(), reason)
			return false
		}
	}
	return c.there(e, at)
}

// noLink says why a format may not hold secret addresses.
var noLink = map[Format]string{
	Subject: "a subject is shown and stored in many places, put it into the text of the mail",
	JSON:    "a webhook may not carry it",
	Note:    "a note may not carry it",
	Banner:  "a banner may not hold it",
}

// there refuses a field that may be missing.
func (c *checker) there(e expr, at place) bool {
	if e.ref == nil || !e.ref.mayMiss(at) {
		return true
	}
	message := fmt.Sprintf("%s may be missing: ask first, as in {{if %s}}", e.text, e.text)
	if !slices.Contains(notForDefault, e.typ) {
		message += fmt.Sprintf(`, or write {{%s | default "..."}}`, e.text)
	}
	c.problem(e.pos, "%s", message)
	return false
}
