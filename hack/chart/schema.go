package main

import (
	"encoding/json"
	"fmt"
)

type object = map[string]any

const (
	names = `^[a-z0-9]([-a-z0-9]*[a-z0-9])?$` // of namespaces and the like
	cidr  = `^[0-9a-fA-F:.]+(/[0-9]{1,3})?$`
)

// rules say more of a value than the type of its default does. A list, a map and what has
// no default need one.
var rules = map[string]object{
	"replicas":                    {"minimum": 0},
	"image.repository":            {"minLength": 1},
	"image.digest":                {"pattern": "^(sha256:[0-9a-f]{64})?$"},
	"image.pullPolicy":            {"enum": []string{"Always", "IfNotPresent", "Never"}},
	"imagePullSecrets":            list(strict(object{"name": object{"type": "string", "minLength": 1}}, "name")),
	"serviceAccount.annotations":  texts(),
	"watchNamespaces":             {"type": "array", "uniqueItems": true, "items": object{"type": "string", "pattern": names, "maxLength": 63}},
	"clusterID":                   {"pattern": "^([A-Za-z0-9-]{8,64})?$"},
	"trustedProxies":              networks(),
	"allowOutgoing":               networks(),
	"api.requestsPerSecond":       {"minimum": 0},
	"api.requestBurst":            {"minimum": 0},
	"networkPolicies.mode":        {"enum": []string{"Managed", "None"}},
	"networkPolicies.ingressFrom": peers(),
	"networkPolicies.metricsFrom": peers(),
	"networkPolicies.dnsAt":       peers(),
	"networkPolicies.dnsPorts":    {"type": "array", "minItems": 1, "items": object{"type": "integer", "minimum": 1, "maximum": 65535}},
	"waveSize":                    {"minimum": 1, "maximum": 1000},
	"canarySoakSeconds":           {"minimum": 0, "maximum": 86400},
	"monitoring.labels":           texts(),
	"metrics.port":                port(),
	"metrics.tlsConfig":           object{"type": "object"},
	"health.port":                 port(),
	"extraArgs":                   list(object{"type": "string", "pattern": "^--[a-z]"}),
	"extraEnv": list(strict(object{
		"name":      object{"type": "string", "minLength": 1},
		"value":     object{"type": "string"},
		"valueFrom": object{"type": "object"},
	}, "name")),
	"resources":             strict(object{"requests": quantities(), "limits": quantities(), "claims": list(object{"type": "object"})}),
	"goMemoryLimit":         {"pattern": "^([0-9]+([KMGT]i)?B|off)$"},
	"deploymentAnnotations": texts(),
	"podAnnotations":        texts(),
	"podLabels":             texts(),
	"nodeSelector":          texts(),
	"tolerations": list(strict(object{
		"key":               object{"type": "string"},
		"operator":          object{"enum": []string{"Exists", "Equal", "Lt", "Gt"}},
		"value":             object{"type": "string"},
		"effect":            object{"enum": []string{"NoSchedule", "PreferNoSchedule", "NoExecute"}},
		"tolerationSeconds": object{"type": "integer"},
	})),
	"affinity":                  strict(object{"nodeAffinity": object{"type": "object"}, "podAffinity": object{"type": "object"}, "podAntiAffinity": object{"type": "object"}}),
	"topologySpreadConstraints": list(object{"type": "object", "required": []string{"maxSkew", "topologyKey", "whenUnsatisfiable"}}),
}

func list(items object) object { return object{"type": "array", "items": items} }
func texts() object {
	return object{"type": "object", "additionalProperties": object{"type": "string"}}
}
func networks() object { return list(object{"type": "string", "pattern": cidr}) }
func peers() object    { return list(object{"type": "string", "minLength": 1}) }
func port() object     { return object{"minimum": 1, "maximum": 65535} }
func quantities() object {
	return object{"type": "object", "additionalProperties": object{"type": []string{"string", "number"}}}
}

// strict is an object that has no other fields.
func strict(properties object, required ...string) object {
	schema := object{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

// schemaOf makes the schema by which Helm refuses values that are none.
func schemaOf(values []value) ([]byte, error) {
	// A chart that has this one as a part hands its global values down.
	root := strict(object{"global": object{"type": "object"}})
	root["$schema"] = "https://json-schema.org/draft-07/schema#"
	root["title"] = "Values of the chart foyer"
	used := map[string]bool{}
	for _, v := range values {
		schema := object{"description": v.comment}
		rule, ruled := rules[v.name()]
		used[v.name()] = true
		for key, part := range rule {
			schema[key] = part
		}
		if _, typed := schema["type"]; !typed {
			name, err := typeOf(v.standard)
			if err != nil {
				return nil, fmt.Errorf("%s: %w (ruled: %t)", v.name(), err, ruled)
			}
			schema["type"] = name
		}
		parent := root
		for _, key := range v.path[:len(v.path)-1] {
			properties := parent["properties"].(object) //nolint:forcetypeassert // made by strict
			if properties[key] == nil {
				properties[key] = strict(object{})
			}
			parent = properties[key].(object) //nolint:forcetypeassert // made by strict
		}
		parent["properties"].(object)[v.path[len(v.path)-1]] = schema //nolint:forcetypeassert // made by strict
	}
	for name := range rules {
		if !used[name] {
			return nil, fmt.Errorf("there is a rule for %s, and no such value", name)
		}
	}
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return append(text, '\n'), nil
}

func typeOf(standard any) (string, error) {
	switch standard.(type) {
	case bool:
		return "boolean", nil
	case int:
		return "integer", nil
	case string:
		return "string", nil
	}
	return "", fmt.Errorf("a default of type %T needs a rule in hack/chart/schema.go", standard)
}
