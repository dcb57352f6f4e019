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
	host, user string
	pages      []page
}

// page is one of the portal, with some of what is on it.
type page struct {
	path   string
	status int
	texts  []string
}

func shows(path string, texts ...string) page { return page{path, http.StatusOK, texts} }

// locked is a page that says who may open it to those that see it in the navigation.
func locked(path string, texts ...string) page { return page{path, http.StatusForbidden, texts} }

// expectations are the Business and Residential case of Emersion, the two portal
// profiles of SAFE, the denied page of WHMCS, the contacts of a customer who may do
// different things, and the languages.
func expectations() []expectation {
	const acme, nordlicht = "acme.localhost", "nordlicht.localhost"
	return []expectation{
		{acme, "dana", []page{
			shows("/", "Dana Whitfield", "Harbour Lane Coffee Pty Ltd", "21 days"), shows("/invoices"), shows("/payments"), shows("/services", "Fibre 500"),
			shows("/orders", "O-4471"), shows("/requests", "R-812"), shows("/profile", "ABN 51 824 753 556"), shows("/activity", "Activity"),
			shows("/portal-settings", "Sam Okafor", "Nina Castellano"), shows("/security"), shows("/sessions"), shows("/preferences"),
		}},
		{acme, "sam", []page{shows("/", "Sam Okafor", "21 days"), shows("/invoices"), locked("/activity", "Sam", "Invoices"), locked("/portal-settings")}},
		{acme, "bella", []page{shows("/", "Bella Ruiz"), shows("/invoices"), shows("/payments"), shows("/orders/new", "Backup line"), locked("/services", "Bella")}},
		{acme, "theo", []page{shows("/", "Theo Lindqvist"), shows("/services", "Business voice"), locked("/invoices", "Theo")}},
		{acme, "kit", []page{shows("/", "Kit Marlowe"), shows("/requests", "R-812"), shows("/requests/new", "Station kiosk"), locked("/invoices", "Kit")}},
		{acme, "ravi", []page{shows("/", "Ravi Menon", "14 days"), shows("/invoices"), shows("/profile"), locked("/activity", "Ravi", "Invoices")}},
		{acme, "june", []page{shows("/", "June Abbott", "21 days"), shows("/invoices"), locked("/activity", "June", "uspended")}},
		{acme, "camille", []page{shows("/", "Bonjour, Camille", "Factures"), shows("/portal-settings", "Paramètres du portail")}},
		{nordlicht, "lena", []page{shows("/", "Lena Petersen", "Petersen Segelmacher GmbH", "Rechnungen"), shows("/invoices"), shows("/services", "Server M"), shows("/activity")}},
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
		note("%-7s sees what they should at https://%s", want.user, want.host)
	}
	client, err := visit.Client(stateDir)
	if err != nil {
		return err
	}
	visitor := visit.Person{Client: client, Origin: "https://" + inboxHost}
	return visitor.Expect(ctx, "/", http.StatusOK, []string{"Inbox"})
}

func checkPerson(ctx context.Context, want expectation) error {
	person, err := visit.SignIn(ctx, stateDir, want.host, want.user, people.Password)
	if err != nil {
		return err
	}
	for _, p := range want.pages {
		if err := person.Expect(ctx, p.path, p.status, p.texts); err != nil {
			return err
		}
	}
	_, err = person.Post(ctx, "/sign-out", nil)
	return err
}
