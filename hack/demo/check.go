package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/foyerhq/foyer/hack/demo/people"
	"github.com/foyerhq/foyer/hack/demo/visit"
)

// expectation is what one person must and must not see.
type expectation struct {
	host, user    string
	home          []string // texts of the home page
	invoices      int      // status of the page
	activity      int
	activityTexts []string
}

// expectations are the Business and Residential case of Emersion, the two portal
// profiles of SAFE, and the denied page of WHMCS.
func expectations() []expectation {
	return []expectation{
		{"acme.localhost", "dana", []string{"Dana Whitfield", "Harbour Lane Coffee Pty Ltd", "21 days"}, 200, 200, []string{"Activity"}},
		{"acme.localhost", "sam", []string{"Sam Okafor", "21 days"}, 200, 403, []string{"Sam", "Invoices"}},
		{"acme.localhost", "ravi", []string{"Ravi Menon", "14 days"}, 200, 403, []string{"Ravi", "Invoices"}},
		{"acme.localhost", "june", []string{"June Abbott", "21 days"}, 200, 403, []string{"June", "uspended"}},
		{"nordlicht.localhost", "lena", []string{"Lena Petersen", "Petersen Segelmacher GmbH"}, 200, 200, nil},
	}
}

// check is the last step of up by itself, for a demo that runs already.
func check(ctx context.Context) error {
	if err := checkSites(ctx, &demo{}); err != nil {
		return err
	}
	fmt.Println("Every site answers as it should.")
	return nil
}

func checkSites(ctx context.Context, _ *demo) error {
	for _, want := range expectations() {
		if err := checkPerson(ctx, want); err != nil {
			return fmt.Errorf("%s at https://%s: %w", want.user, want.host, err)
		}
		note("%-6s sees what they should at https://%s", want.user, want.host)
	}
	return nil
}

func checkPerson(ctx context.Context, want expectation) error {
	person, err := visit.SignIn(ctx, stateDir, want.host, want.user, people.Password)
	if err != nil {
		return err
	}
	if err := person.Expect(ctx, "/", http.StatusOK, want.home); err != nil {
		return err
	}
	if err := person.Expect(ctx, "/invoices", want.invoices, nil); err != nil {
		return err
	}
	if err := person.Expect(ctx, "/activity", want.activity, want.activityTexts); err != nil {
		return err
	}
	_, err = person.Post(ctx, "/sign-out", nil)
	return err
}
