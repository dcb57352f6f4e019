// Package crd holds the schemas of the kinds, for programs that check objects without
// an API server.
package crd

import "embed"

// Bases are the CustomResourceDefinitions, one file per kind.
//
//go:embed bases/*.yaml
var Bases embed.FS
