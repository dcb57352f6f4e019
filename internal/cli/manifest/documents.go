package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
	tree "sigs.k8s.io/yaml/goyaml.v3"
)

// Set is what was read.
type Set struct {
	Objects  []Object
	Problems []Problem
	// Others is the number of documents of files in directories that are no objects.
	Others int
}

// Problem is a document that cannot be read.
type Problem struct {
	File    string
	Line    int
	Message string
}

// add reads the documents of a file.
func (s *Set) add(f file, content []byte) {
	for _, d := range split(content) {
		s.addDocument(f, d)
	}
}

// document is a part of a file.
type document struct {
	content []byte
	before  int // lines of the file before it
}

// split cuts a file at the lines that end a document.
func split(content []byte) []document {
	var documents []document
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	current := document{}
	number := 0
	for line := range bytes.Lines(content) {
		text := strings.TrimRight(string(line), " \t\r\n")
		starts := text == "---" || strings.HasPrefix(text, "--- ") || strings.HasPrefix(text, "---\t")
		if starts || text == "..." {
			documents = append(documents, current)
			current = document{before: number}
		}
		number++
		if text == "..." {
			line = []byte("\n")
		}
		current.content = append(current.content, line...)
	}
	return append(documents, current)
}

func (s *Set) addDocument(f file, d document) {
	refuse := func(line int, message string) {
		s.Problems = append(s.Problems, Problem{f.name, line, message})
	}
	root := tree.Node{}
	if err := tree.Unmarshal(d.content, &root); err != nil {
		line, message := yamlError(err)
		refuse(d.before+max(line, 1), "this is neither YAML nor JSON: "+message)
		return
	}
	if len(root.Content) == 0 || root.Content[0].Tag == "!!null" {
		return // nothing but comments
	}
	node := root.Content[0]
	content, err := values(d.content)
	if err != nil {
		line, message := yamlError(err)
		refuse(d.before+max(line, node.Line), message)
		return
	}
	object, isObject := content.(map[string]any)
	if !isObject {
		object = nil
	}
	s.addObject(f, Object{File: f.name, Content: object, node: node, before: d.before}, refuse)
}

// addObject takes what is an object of Kubernetes, and the objects of a list.
func (s *Set) addObject(f file, o Object, refuse func(int, string)) {
	apiVersion, kind := o.text("apiVersion"), o.text("kind")
	switch {
	case apiVersion == "" && kind == "" && !f.asked:
		s.Others++
	case apiVersion == "" && kind == "" && isKustomization(f.name):
		refuse(o.Line(), "this is a kustomization and no object: lint what it makes, by `kubectl kustomize DIRECTORY | kubectl foyer lint -f -`")
	case apiVersion == "" && kind == "":
		refuse(o.Line(), "this is no object of Kubernetes: it has neither apiVersion nor kind")
	case apiVersion == "":
		refuse(o.Line(), fmt.Sprintf("apiVersion: this object of kind %s has none", kind))
	case kind == "":
		refuse(o.Line(), fmt.Sprintf("kind: this object of %s has none", apiVersion))
	case apiVersion == "v1" && kind == "List":
		s.addItems(f, o, refuse)
	default:
		s.Objects = append(s.Objects, o)
	}
}

func (s *Set) addItems(f file, list Object, refuse func(int, string)) {
	items, _ := list.Content["items"].([]any)
	for i, item := range items {
		content, _ := item.(map[string]any)
		node := list.find(fmt.Sprintf("items[%d]", i)).value
		f.asked = true // an item of a list is meant to be an object
		s.addObject(f, Object{File: list.File, Content: content, node: node, before: list.before}, refuse)
	}
}

// values reads a document as kubectl does: YAML 1.1 as JSON, whole numbers as such.
func values(content []byte) (any, error) {
	encoded, err := yaml.YAMLToJSON(content)
	if err != nil {
		return nil, err
	}
	var decoded any
	if err := json.Unmarshal(encoded, &decoded); err != nil {
		return nil, err
	}
	return decoded, nil
}

var yamlMessage = regexp.MustCompile(`^(?:error converting YAML to JSON: )?yaml: (?:line (\d+): )?(.*)$`)

// yamlError takes the place out of a message of the YAML reader; line 0 where it says none.
func yamlError(err error) (line int, message string) {
	var many *tree.TypeError
	if errors.As(err, &many) {
		return 0, strings.Join(many.Errors, ", ")
	}
	parts := yamlMessage.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
	if parts == nil {
		return 0, err.Error()
	}
	line, _ = strconv.Atoi(parts[1])
	if line > 0 && strings.HasPrefix(parts[2], "did not find expected") {
		line++ // in these messages the reader counts from 0
	}
	return line, parts[2]
}
