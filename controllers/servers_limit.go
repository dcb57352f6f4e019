package controllers

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/controllers/status"
	"github.com/foyerhq/foyer/internal/store/admin"
)

// maxConnections reads how many connections a tenant may ask for; 0: any number.
func maxConnections(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	most, err := strconv.Atoi(text)
	if err != nil || most <= 0 {
		return 0, fmt.Errorf("%q is not a number above 0", text)
	}
	return most, nil
}

// tooMany refuses a Tenant whose pods may open more connections than the platform team lets
// one of them have: what they take is missing to the other tenants of the server. So does a
// bound that nobody can read. Neither keeps the server from being used (see boundDatabase).
func (s *server) tooMany(t *v1alpha1.Tenant) *admin.Problem {
	if s.noMost != nil {
		return s.invalid(keyMaxConnections, s.noMost)
	}
	if s.most == 0 {
		return nil
	}
	asked := 0
	var parts []string
	for _, c := range provision.Components() {
		replicas := provision.Replicas(t, c)
		limit := admin.ConnectionLimit(replicas)
		asked += limit
		parts = append(parts, fmt.Sprintf("%d for %d of the %s", limit, replicas, c))
	}
	if asked <= s.most {
		return nil
	}
	return &admin.Problem{
		Reason: status.ReasonTooManyConnections,
		Message: fmt.Sprintf("The pods of the Tenant may open %d connections to database server %q (%s), and a tenant may have %d there: lower their replicas, "+
			"or ask the platform team, which has set that in key %s of the server's Secret. Until then what is live stays, and the data is kept up; no edit, release or new login comes to the Tenant, "+
			"and a workload that is changed or deleted by hand is not set back.",
			asked, s.name, strings.Join(parts, ", "), s.most, keyMaxConnections),
	}
}
