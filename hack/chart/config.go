package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// configFile is one file that a kustomization lists.
type configFile struct {
	path    string            // as config/rbac/role.yaml
	labels  map[string]string // that kustomizations add to its objects
	objects []*yaml.Node
}

// name is where the template is, below the folder of templates.
func (f configFile) name() string { return strings.TrimPrefix(f.path, "config/") }

// folder is the one below config, as rbac.
func (f configFile) folder() string {
	folder, _, _ := strings.Cut(f.name(), "/")
	return folder
}

// kustomization is what our own ones have. Others fail to be read.
type kustomization struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Resources  []string `yaml:"resources"`
	Labels     []struct {
		Pairs map[string]string `yaml:"pairs"`
	} `yaml:"labels"`
	ConfigMaps []configMap `yaml:"configMapGenerator"`
}

// configMap is one that kustomize makes of files.
type configMap struct {
	Name      string   `yaml:"name"`
	Namespace string   `yaml:"namespace"`
	Files     []string `yaml:"files"`
	Options   struct {
		DisableNameSuffixHash bool      `yaml:"disableNameSuffixHash"`
		Labels                yaml.Node `yaml:"labels"`
	} `yaml:"options"`
}

// readConfig reads the files of kustomizations in the order that they are listed.
func readConfig(folders ...string) ([]configFile, error) {
	var files []configFile
	for _, folder := range folders {
		found, err := readKustomization(folder, nil)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

func readKustomization(folder string, labels map[string]string) ([]configFile, error) {
	path := filepath.Join(folder, "kustomization.yaml")
	content, err := os.ReadFile(path) //nolint:gosec // a file of the checkout
	if err != nil {
		return nil, fmt.Errorf("read a kustomization: %w", err)
	}
	var k kustomization
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&k); err != nil {
		return nil, fmt.Errorf("%s: the chart is made of resources, labels and ConfigMaps only: %w", path, err)
	}
	labels = maps.Clone(labels)
	for _, group := range k.Labels {
		if labels == nil {
			labels = map[string]string{}
		}
		maps.Copy(labels, group.Pairs)
	}
	var files []configFile
	for _, resource := range k.Resources {
		path := filepath.Join(folder, resource)
		if filepath.Ext(path) != ".yaml" {
			below, err := readKustomization(path, labels)
			if err != nil {
				return nil, err
			}
			files = append(files, below...)
			continue
		}
		objects, err := readObjects(path)
		if err != nil {
			return nil, err
		}
		files = append(files, configFile{path, labels, objects})
	}
	for _, c := range k.ConfigMaps {
		object, err := c.object(folder)
		if err != nil {
			return nil, err
		}
		files = append(files, configFile{filepath.Join(folder, c.Name+".yaml"), labels, []*yaml.Node{object}})
	}
	return files, nil
}

func (c configMap) object(folder string) (*yaml.Node, error) {
	data := &yaml.Node{Kind: yaml.MappingNode}
	for _, name := range c.Files {
		content, err := os.ReadFile(filepath.Join(folder, name)) //nolint:gosec // a file of the checkout
		if err != nil {
			return nil, fmt.Errorf("read a file of ConfigMap %s: %w", c.Name, err)
		}
		value := scalar(string(content))
		value.Style = yaml.LiteralStyle
		data.Content = append(data.Content, scalar(filepath.Base(name)), value)
	}
	return mapping(
		"apiVersion", scalar("v1"),
		"kind", scalar("ConfigMap"),
		"metadata", mapping("name", scalar(c.Name), "namespace", scalar(c.Namespace), "labels", &c.Options.Labels),
		"data", data,
	), nil
}

// readObjects reads the documents of a file, with their comments.
func readObjects(path string) ([]*yaml.Node, error) {
	content, err := os.ReadFile(path) //nolint:gosec // a file of the checkout
	if err != nil {
		return nil, fmt.Errorf("read an object: %w", err)
	}
	var objects []*yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	for {
		document := &yaml.Node{}
		err := decoder.Decode(document)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		object := document.Content[0]
		if object.HeadComment == "" {
			object.HeadComment = document.HeadComment
		}
		objects = append(objects, object)
	}
}

// at follows keys of mappings and names of list items, and is nil where one is missing.
func at(node *yaml.Node, path ...string) *yaml.Node {
	for _, key := range path {
		var next *yaml.Node
		switch {
		case node == nil:
		case node.Kind == yaml.MappingNode:
			if i := keyIndex(node, key); i >= 0 {
				next = node.Content[i+1]
			}
		case node.Kind == yaml.SequenceNode:
			for _, item := range node.Content {
				if name := at(item, "name"); name != nil && name.Value == key {
					next = item
				}
			}
		}
		node = next
	}
	return node
}

// text is the value at a path, empty where it is missing.
func text(node *yaml.Node, path ...string) string {
	if found := at(node, path...); found != nil {
		return found.Value
	}
	return ""
}

func keyIndex(mapping *yaml.Node, key string) int {
	for i := 0; i < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// mapping makes one of keys and nodes in turn.
func mapping(pairs ...any) *yaml.Node {
	made := &yaml.Node{Kind: yaml.MappingNode}
	for _, part := range pairs {
		switch part := part.(type) {
		case string:
			made.Content = append(made.Content, scalar(part))
		case *yaml.Node:
			made.Content = append(made.Content, part)
		}
	}
	return made
}

func scalar(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}
