package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value is one thing that a user of the chart may set.
type value struct {
	path     []string
	comment  string
	standard any // what it is if nobody sets it
}

func (v value) name() string { return strings.Join(v.path, ".") }

// readValues reads values.yaml: each value with the comment above it.
func readValues(path string) ([]value, error) {
	content, err := os.ReadFile(path) //nolint:gosec // a file of the checkout
	if err != nil {
		return nil, fmt.Errorf("read the chart's values: %w", err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	values, err := valuesBelow(document.Content[0], nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return values, nil
}

func valuesBelow(mapping *yaml.Node, path []string) ([]value, error) {
	var values []value
	for i := 0; i < len(mapping.Content); i += 2 {
		key, node := mapping.Content[i], mapping.Content[i+1]
		v := value{path: append(path[:len(path):len(path)], key.Value), comment: plainComment(key.HeadComment)}
		if _, whole := rules[v.name()]; node.Kind == yaml.MappingNode && len(node.Content) > 0 && !whole {
			below, err := valuesBelow(node, v.path)
			if err != nil {
				return nil, err
			}
			values = append(values, below...)
			continue
		}
		if v.comment == "" {
			return nil, fmt.Errorf("line %d: %s has no comment that says what it is", key.Line, v.name())
		}
		if err := node.Decode(&v.standard); err != nil {
			return nil, fmt.Errorf("line %d: %w", node.Line, err)
		}
		values = append(values, v)
	}
	return values, nil
}

// plainComment is a comment in one line, without its marks.
func plainComment(comment string) string {
	var words []string
	for line := range strings.Lines(comment) {
		words = append(words, strings.Fields(strings.TrimPrefix(line, "#"))...)
	}
	return strings.Join(words, " ")
}

// tableOf is the table of values in the chart's page.
func tableOf(values []value) string {
	var out strings.Builder
	out.WriteString("| value | | if not set |\n|---|---|---|\n")
	for _, v := range values {
		standard, err := json.Marshal(v.standard)
		if err != nil {
			standard = fmt.Append(nil, v.standard)
		}
		fmt.Fprintf(&out, "| `%s` | %s | `%s` |\n", v.name(), strings.ReplaceAll(v.comment, "|", "\\|"), standard)
	}
	return out.String()
}
