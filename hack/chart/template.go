package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	ownNamespace = "foyer-system"
	managerName  = "foyer-manager"
	ownPrefix    = "foyer-" // of names that are the release's
)

// template is an object in which marks stand for what Helm fills in. A mark is a word that
// YAML leaves as it is; in the end each is replaced by its text.
type template struct {
	texts []func(indent int) string
}

var (
	lineMark = regexp.MustCompile(`(?m)^( *)(?:- )?MARK(\d+)KRAM: null$`)
	wordMark = regexp.MustCompile(`MARK(\d+)KRAM`)
)

func (t *template) mark(text func(indent int) string) string {
	t.texts = append(t.texts, text)
	return fmt.Sprintf("MARK%dKRAM", len(t.texts)-1)
}

// expression is a mark for a value, or for a part of one.
func (t *template) expression(expression string) string {
	return t.mark(func(int) string { return "{{ " + expression + " }}" })
}

// lines adds a mark to a mapping or a list for whole lines. They begin where a key of the
// mapping, or the dash of the list, would.
func (t *template) lines(to *yaml.Node, text func(indent int) string) {
	mark := scalar(t.mark(text))
	null := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
	if to.Kind == yaml.SequenceNode {
		to.Content = append(to.Content, &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{mark, null}})
		return
	}
	to.Content = append(to.Content, mark, null)
}

// optional adds a key to a mapping that is there where a value is set.
func (t *template) optional(to *yaml.Node, key, value string) {
	t.lines(to, func(indent int) string {
		space := strings.Repeat(" ", indent)
		return fmt.Sprintf("{{- with %s }}\n%s%s:\n%s  {{- toYaml . | nindent %d }}\n{{- end }}", value, space, key, space, indent+2)
	})
}

// write returns the template: YAML in which Helm's braces are only ours.
func (t *template) write(object *yaml.Node) (string, error) {
	plain, err := t.plain(object)
	if err != nil {
		return "", err
	}
	return t.fill(plain), nil
}

func (t *template) plain(object *yaml.Node) (string, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(object); err != nil {
		return "", fmt.Errorf("write YAML: %w", err)
	}
	return strings.ReplaceAll(out.String(), "{{", `{{ "{{" }}`), nil
}

func (t *template) fill(text string) string {
	text = lineMark.ReplaceAllStringFunc(text, func(line string) string {
		parts := lineMark.FindStringSubmatch(line)
		return t.textOf(parts[2], len(parts[1]))
	})
	return wordMark.ReplaceAllStringFunc(text, func(word string) string {
		return t.textOf(wordMark.FindStringSubmatch(word)[1], 0)
	})
}

func (t *template) textOf(number string, indent int) string {
	i, _ := strconv.Atoi(number) // the expressions let only numbers through
	return t.texts[i](indent)
}

// templateOf is the template of all objects of a file. It is empty where the chart has
// none of them.
func templateOf(file configFile) (string, error) {
	var parts []string
	for _, object := range file.objects {
		if text(object, "kind") == "Namespace" {
			continue // helm install --create-namespace
		}
		open, end := guard(file.folder(), object) // by the name that it has here
		part, err := objectTemplate(file, object)
		if err != nil {
			return "", err
		}
		parts = append(parts, open+part+end)
	}
	if len(parts) == 0 {
		return "", nil
	}
	head := fmt.Sprintf("{{- /* Written by make generate from %s: edit that. */}}\n", file.path)
	return head + strings.Join(parts, "---\n"), nil
}

// guard says when an object is in the chart.
func guard(folder string, object *yaml.Node) (open, end string) {
	kind, name := text(object, "kind"), text(object, "metadata", "name")
	condition := ""
	switch {
	case folder == "crd":
		condition = "$.Values.crds.enabled"
	case folder == "prometheus":
		condition = monitoring[kind]
	case folder == "roles":
		condition = "$.Values.roles.enabled"
	case folder == "namespaced":
		return "{{- range $namespace := $.Values.watchNamespaces }}\n---\n", "{{- end }}\n"
	case kind == "ServiceAccount":
		condition = "$.Values.serviceAccount.create"
	case kind == "PodDisruptionBudget":
		condition = "$.Values.podDisruptionBudget.enabled"
	case name == managerName+"-cluster":
		condition = "not $.Values.clusterID" // which watchNamespaces asks for
	case kind == "ClusterRole", kind == "ClusterRoleBinding":
		condition = "not $.Values.watchNamespaces"
	default:
		return "", ""
	}
	return "{{- if " + condition + " }}\n", "{{- end }}\n"
}

// monitoring says which value brings the objects of a kind. Roles are of /metrics by HTTPS.
var monitoring = map[string]string{
	"Service":            "$.Values.monitoring.scrape",
	"ServiceMonitor":     "$.Values.monitoring.scrape",
	"PodMonitor":         "$.Values.monitoring.scrape",
	"PrometheusRule":     "$.Values.monitoring.alerts",
	"ConfigMap":          "$.Values.monitoring.dashboards",
	"ClusterRole":        "$.Values.metrics.secure",
	"ClusterRoleBinding": "$.Values.metrics.secure",
}

func objectTemplate(file configFile, object *yaml.Node) (string, error) {
	t := &template{}
	if err := t.metadata(file, object); err != nil {
		return "", err
	}
	t.references(object)
	switch text(object, "kind") {
	case "CustomResourceDefinition":
		t.crd(object)
	case "ServiceAccount":
		t.optional(at(object, "metadata"), "annotations", "$.Values.serviceAccount.annotations")
	case "PrometheusRule":
		t.monitoringLabels(object)
	case "PodMonitor":
		t.monitoringLabels(object)
		if err := t.otherwise(at(object, "spec"), "namespaceSelector", `(and $.Values.watchNamespaces (dict "matchNames" $.Values.watchNamespaces))`); err != nil {
			return "", err
		}
	case "ServiceMonitor":
		t.monitoringLabels(object)
		if err := t.serviceMonitor(object); err != nil {
			return "", err
		}
	case "Deployment":
		if err := t.deployment(object); err != nil {
			return "", err
		}
	}
	return t.write(object)
}

// metadata gives an object its name, namespace and labels of the release.
func (t *template) metadata(file configFile, object *yaml.Node) error {
	metadata := at(object, "metadata")
	name := at(metadata, "name")
	if name == nil {
		return fmt.Errorf("an object of kind %q has no name", text(object, "kind"))
	}
	switch {
	case text(object, "kind") == "ServiceAccount":
		name.Value = t.expression(`include "foyer.serviceAccount" $`)
	case file.folder() == "roles": // for people: the same names everywhere
	default:
		t.rename(name)
	}
	if file.folder() == "namespaced" {
		metadata.Content = append(metadata.Content, scalar("namespace"), scalar(t.expression("$namespace")))
	}
	t.relocate(at(metadata, "namespace"))
	labels := &yaml.Node{Kind: yaml.MappingNode}
	t.lines(labels, func(indent int) string {
		return fmt.Sprintf("%s{{- include \"foyer.labels\" $ | nindent %d }}", strings.Repeat(" ", indent), indent)
	})
	for _, label := range []string{"app.kubernetes.io/component"} {
		if value, found := file.labels[label]; found {
			labels.Content = append(labels.Content, scalar(label), scalar(value))
		}
	}
	if own := at(metadata, "labels"); own != nil {
		for i := 0; i < len(own.Content); i += 2 {
			if key := own.Content[i].Value; key != "app.kubernetes.io/name" && keyIndex(labels, key) < 0 {
				labels.Content = append(labels.Content, own.Content[i], own.Content[i+1])
			}
		}
		*own = *labels
		return nil
	}
	metadata.Content = append(metadata.Content, scalar("labels"), labels)
	return nil
}

// references are names of the chart's own objects in others.
func (t *template) references(object *yaml.Node) {
	t.rename(at(object, "roleRef", "name"))
	if subjects := at(object, "subjects"); subjects != nil {
		for _, subject := range subjects.Content {
			if name := at(subject, "name"); name != nil && name.Value == managerName {
				name.Value = t.expression(`include "foyer.serviceAccount" $`)
			}
			t.relocate(at(subject, "namespace"))
		}
	}
}

// rename makes a name of ours one of the release.
func (t *template) rename(name *yaml.Node) {
	if name == nil {
		return
	}
	if rest, ok := strings.CutPrefix(name.Value+"-", ownPrefix); ok {
		rest = strings.TrimSuffix("-"+rest, "-")
		name.Value = t.expression(`include "foyer.fullname" $`) + rest
	}
}

func (t *template) relocate(namespace *yaml.Node) {
	if namespace != nil && namespace.Value == ownNamespace {
		namespace.Value = t.expression("$.Release.Namespace")
	}
}

func (t *template) crd(object *yaml.Node) {
	t.lines(at(object, "metadata", "annotations"), func(indent int) string {
		return "{{- if $.Values.crds.keep }}\n" + strings.Repeat(" ", indent) + "helm.sh/resource-policy: keep\n{{- end }}"
	})
}
