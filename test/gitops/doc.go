// Package gitops tests what pipelines see of Foyer: the health that Argo CD and Flux read, and
// that files can be applied again and again without a difference.
package gitops
