package main

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// deployment puts the values into the manager's Deployment.
func (t *template) deployment(object *yaml.Node) error {
	t.optional(at(object, "metadata"), "annotations", "$.Values.deploymentAnnotations")
	pod := at(object, "spec", "template")
	t.lines(at(pod, "metadata", "labels"), func(indent int) string {
		return fmt.Sprintf("{{- with $.Values.podLabels }}\n%s{{- toYaml . | nindent %d }}\n{{- end }}", strings.Repeat(" ", indent), indent)
	})
	t.optional(at(pod, "metadata"), "annotations", "$.Values.podAnnotations")
	spec := at(pod, "spec")
	container := at(spec, "containers", "manager")
	for _, edit := range []struct {
		node       *yaml.Node
		what       string
		expression string
	}{
		{at(object, "spec", "replicas"), "replicas", "$.Values.replicas"},
		{at(spec, "serviceAccountName"), "serviceAccountName", `include "foyer.serviceAccount" $`},
		{at(container, "image"), "image", `include "foyer.image" $ | quote`},
		{at(container, "imagePullPolicy"), "imagePullPolicy", "$.Values.image.pullPolicy"},
		{at(container, "env", "FOYER_IMAGE", "value"), "FOYER_IMAGE", `default (include "foyer.image" $) $.Values.tenantImage | quote`},
		{at(container, "env", "GOMEMLIMIT", "value"), "GOMEMLIMIT", "$.Values.goMemoryLimit | quote"},
		{at(container, "ports", "metrics", "containerPort"), "port metrics", "$.Values.metrics.port"},
		{at(container, "ports", "health", "containerPort"), "port health", "$.Values.health.port"},
	} {
		if edit.node == nil {
			return fmt.Errorf("the Deployment has no %s, which a value is for", edit.what)
		}
		*edit.node = *scalar(t.expression(edit.expression))
	}
	if err := t.pod(spec); err != nil {
		return err
	}
	return t.container(container)
}

func (t *template) pod(spec *yaml.Node) error {
	if err := t.otherwise(spec, "topologySpreadConstraints", "$.Values.topologySpreadConstraints"); err != nil {
		return err
	}
	t.lines(spec, func(indent int) string {
		space := strings.Repeat(" ", indent)
		return fmt.Sprintf("{{- with $.Values.metrics.certSecret }}\n%[1]svolumes:\n%[1]s  - name: metrics-certificate\n%[1]s    secret:\n%[1]s      secretName: {{ . }}\n{{- end }}", space)
	})
	t.optional(spec, "imagePullSecrets", "$.Values.imagePullSecrets")
	t.lines(spec, func(indent int) string {
		return "{{- with $.Values.priorityClassName }}\n" + strings.Repeat(" ", indent) + "priorityClassName: {{ . }}\n{{- end }}"
	})
	t.optional(spec, "nodeSelector", "$.Values.nodeSelector")
	t.optional(spec, "tolerations", "$.Values.tolerations")
	t.optional(spec, "affinity", "$.Values.affinity")
	return nil
}

func (t *template) container(container *yaml.Node) error {
	ports := at(container, "ports")
	if err := t.conditional(ports, at(ports, "metrics"), "$.Values.metrics.enabled"); err != nil {
		return err
	}
	t.lines(at(container, "env"), func(indent int) string {
		return fmt.Sprintf("{{- with $.Values.extraEnv }}\n%s{{- toYaml . | nindent %d }}\n{{- end }}", strings.Repeat(" ", indent), indent)
	})
	if at(container, "args") == nil || at(container, "resources") == nil {
		return fmt.Errorf("the manager has no args or no resources, which values are for")
	}
	remove(container, "args")
	t.lines(container, func(indent int) string {
		space := strings.Repeat(" ", indent)
		return fmt.Sprintf("{{- with include \"foyer.args\" $ | trim }}\n%sargs:\n%s  {{- . | nindent %d }}\n{{- end }}", space, space, indent+2)
	})
	t.lines(container, func(indent int) string {
		space := strings.Repeat(" ", indent)
		return fmt.Sprintf("{{- if $.Values.metrics.certSecret }}\n%[1]svolumeMounts:\n%[1]s  - name: metrics-certificate\n%[1]s    mountPath: /etc/foyer/metrics\n%[1]s    readOnly: true\n{{- end }}", space)
	})
	remove(container, "resources")
	t.optional(container, "resources", "$.Values.resources")
	return nil
}

// monitoringLabels are those by which Prometheus looks for its objects.
func (t *template) monitoringLabels(object *yaml.Node) {
	t.lines(at(object, "metadata", "labels"), func(indent int) string {
		return fmt.Sprintf("{{- with $.Values.monitoring.labels }}\n%s{{- toYaml . | nindent %d }}\n{{- end }}", strings.Repeat(" ", indent), indent)
	})
}

// serviceMonitor scrapes as config/prometheus does, or by HTTPS as its part secure does.
func (t *template) serviceMonitor(object *yaml.Node) error {
	secure, err := readObjects(secureFolder + "/servicemonitor.yaml")
	if err != nil {
		return err
	}
	spec := at(object, "spec")
	plain, patched := keyIndex(spec, "endpoints"), at(secure[0], "spec")
	if plain < 0 || keyIndex(patched, "endpoints") != 0 || len(patched.Content) != 2 {
		return fmt.Errorf("the patch of %s is not of the endpoints alone", secureFolder)
	}
	if err := t.otherwise(patched.Content[1].Content[0], "tlsConfig", "$.Values.metrics.tlsConfig"); err != nil {
		return err
	}
	texts := make([]string, 2)
	for i, endpoints := range []*yaml.Node{patched, {Kind: yaml.MappingNode, Content: spec.Content[plain : plain+2]}} {
		if texts[i], err = t.plain(endpoints); err != nil {
			return err
		}
	}
	remove(spec, "endpoints")
	t.lines(spec, func(indent int) string {
		space := strings.Repeat(" ", indent)
		return "{{- if $.Values.metrics.secure }}\n" + t.fill(indented(texts[0], space)) + "{{- else }}\n" + indented(texts[1], space) + "{{- end }}"
	})
	return nil
}

// otherwise keeps what the configuration has at a key, unless a value is set.
func (t *template) otherwise(mapping *yaml.Node, key, value string) error {
	i := keyIndex(mapping, key)
	if i < 0 {
		return fmt.Errorf("there is no %s, which a value is for", key)
	}
	kept, err := t.plain(&yaml.Node{Kind: yaml.MappingNode, Content: mapping.Content[i : i+2]})
	if err != nil {
		return err
	}
	remove(mapping, key)
	t.lines(mapping, func(indent int) string {
		space := strings.Repeat(" ", indent)
		return fmt.Sprintf("%s%s:\n{{- with %s }}\n%s  {{- toYaml . | nindent %d }}\n{{- else }}\n%s{{- end }}",
			space, key, value, space, indent+2, indented(strings.TrimPrefix(kept, key+":\n"), space))
	})
	return nil
}

// conditional makes an item of a list depend on a value.
func (t *template) conditional(list, item *yaml.Node, condition string) error {
	kept, err := t.plain(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{item}})
	if err != nil {
		return err
	}
	for i, other := range list.Content {
		if other != item {
			continue
		}
		mark := &yaml.Node{Kind: yaml.SequenceNode}
		t.lines(mark, func(indent int) string {
			return "{{- if " + condition + " }}\n" + t.fill(indented(kept, strings.Repeat(" ", indent))) + "{{- end }}"
		})
		list.Content[i] = mark.Content[0]
	}
	return nil
}

func remove(mapping *yaml.Node, key string) {
	if i := keyIndex(mapping, key); i >= 0 {
		mapping.Content = append(mapping.Content[:i:i], mapping.Content[i+2:]...)
	}
}

func indented(text, space string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString(space + line)
	}
	return out.String()
}
