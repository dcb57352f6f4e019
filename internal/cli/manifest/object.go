package manifest

import (
	"regexp"
	"strconv"
	"strings"

	tree "sigs.k8s.io/yaml/goyaml.v3"
)

// Object is one object of a file.
type Object struct {
	File string
	// Content is the object as JSON decoded into maps, whole numbers as int64.
	Content map[string]any

	node   *tree.Node
	before int // lines of the file before the document
}

// Line is the line on which the object begins, from 1.
func (o Object) Line() int { return o.before + o.node.Line }

// text returns a field of the object itself; empty if it is not there.
func (o Object) text(field string) string {
	text, _ := o.Content[field].(string)
	return text
}

// LineOf is the line of a field, as spec.actions[0].email, or of the nearest one
// around it that is in the file.
func (o Object) LineOf(field string) int {
	if found := o.find(field); found.line > 0 {
		return o.before + found.line
	}
	return o.Line()
}

// LineIn is the line of the file that has a line of a text, where the text is written
// line by line (after "|"). Else it is the line of the field.
func (o Object) LineIn(field string, line int) int {
	found := o.find(field)
	if !found.whole || found.value.Style&tree.LiteralStyle == 0 {
		return o.LineOf(field)
	}
	return o.before + found.value.Line + line
}

// place is where a field is.
type place struct {
	line  int // of its name; 0: nothing of it was found
	value *tree.Node
	whole bool // it is the field itself, not one around it
}

var segments = regexp.MustCompile(`[^.\[\]]+|\[[^\]]*\]`)

// find walks down a path as far as the file has it.
func (o Object) find(field string) place {
	found := place{value: resolve(o.node), whole: true}
	for _, segment := range segments.FindAllString(field, -1) {
		line, value := child(found.value, segment)
		if value == nil {
			found.whole = false
			return found
		}
		found.line, found.value = line, resolve(value)
	}
	return found
}

// child finds a field of a mapping, with the line of its name, or an element of a list.
func child(node *tree.Node, segment string) (int, *tree.Node) {
	name := strings.Trim(segment, "[]")
	if node.Kind == tree.SequenceNode {
		i, err := strconv.Atoi(name)
		if err != nil || i < 0 || i >= len(node.Content) {
			return 0, nil
		}
		return node.Content[i].Line, node.Content[i]
	}
	if node.Kind != tree.MappingNode {
		return 0, nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i].Line, node.Content[i+1]
		}
	}
	return 0, nil
}

// Clear sets the value of a field of an object to null.
func Clear(content map[string]any, field string) {
	path := segments.FindAllString(field, -1)
	if len(path) == 0 {
		return
	}
	var at any = content
	for _, segment := range path[:len(path)-1] {
		at = within(at, segment)
	}
	name := strings.Trim(path[len(path)-1], "[]")
	switch around := at.(type) {
	case map[string]any:
		around[name] = nil
	case []any:
		if i, err := strconv.Atoi(name); err == nil && i < len(around) {
			around[i] = nil
		}
	}
}

// within returns a field of an object, or an element of a list; nil: there is none.
func within(value any, segment string) any {
	name := strings.Trim(segment, "[]")
	switch around := value.(type) {
	case map[string]any:
		return around[name]
	case []any:
		if i, err := strconv.Atoi(name); err == nil && i < len(around) {
			return around[i]
		}
	}
	return nil
}

func resolve(node *tree.Node) *tree.Node {
	if node.Kind == tree.AliasNode {
		return node.Alias
	}
	return node
}

// Duplicate is a field that is set twice.
type Duplicate struct {
	Field       string
	Line, First int // where it is set again, and where it was set before
}

// Duplicates lists the fields that are set twice. YAML readers take the last one.
func (o Object) Duplicates() []Duplicate { return o.duplicates("", o.node, nil) }

func (o Object) duplicates(path string, node *tree.Node, found []Duplicate) []Duplicate {
	switch node.Kind {
	case tree.SequenceNode:
		for i, item := range node.Content {
			found = o.duplicates(path+"["+strconv.Itoa(i)+"]", item, found)
		}
	case tree.MappingNode:
		first := map[string]int{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			name := node.Content[i]
			field := strings.TrimPrefix(path+"."+name.Value, ".")
			if line, twice := first[name.Value]; twice {
				found = append(found, Duplicate{field, o.before + name.Line, o.before + line})
			} else {
				first[name.Value] = name.Line
			}
			found = o.duplicates(field, node.Content[i+1], found)
		}
	}
	return found
}
