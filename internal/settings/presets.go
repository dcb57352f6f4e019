package settings

import (
	"slices"
	"strings"
)

// A preset stands for the features that people of one kind are granted.
var presets = map[Feature]func(Feature) bool{
	"Owner":       func(Feature) bool { return true },
	"Billing":     oneOfFeatures("ViewInvoices", "DownloadInvoices", "PayInvoices", "ViewPayments", "PlaceOrders"),
	"Technical":   oneOfFeatures("ViewServices", "ViewTickets", "OpenTickets"),
	"SiteContact": oneOfFeatures("RequestService"),
	"ReadOnly":    func(f Feature) bool { return strings.HasPrefix(string(f), "View") },
}

func oneOfFeatures(list ...Feature) func(Feature) bool {
	return func(f Feature) bool { return slices.Contains(list, f) }
}

// Presets lists the names of the presets.
func Presets() []Feature {
	return []Feature{"Owner", "Billing", "Technical", "SiteContact", "ReadOnly"}
}

// ExpandPresets returns the features of a list of features and presets, each once and in
// the order of the registry. A preset has those of its features that are in the registry.
func ExpandPresets(list []Feature) []Feature {
	expanded := []Feature{}
	for _, info := range featureRegistry {
		for _, f := range list {
			if holds := presets[f]; f == info.Feature || holds != nil && holds(info.Feature) {
				expanded = append(expanded, info.Feature)
				break
			}
		}
	}
	return expanded
}
