// Package template checks and fills in the texts of event templates.
package template
