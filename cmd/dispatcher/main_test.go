package main

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/locale"
	"github.com/foyerhq/foyer/internal/process"
)

// The case of Emersion's documentation, from YAML to the inbox: residential customers have
// 14 days and are reminded by mail on the day that an invoice is due; business customers
// have 21 days, and get a mail and a text message three days after. Who pays hears no more.
func TestEmersion(t *testing.T) {
	zone, err := time.LoadLocation("Australia/Sydney")
	if err != nil {
		t.Fatal(err)
	}
	issued := time.Now().In(zone)
	for issued = issued.AddDate(0, 0, 1); issued.Weekday() != time.Monday; {
		issued = issued.AddDate(0, 0, 1)
	}
	issued = time.Date(issued.Year(), issued.Month(), issued.Day(), 0, 0, 0, 0, time.UTC)
	w := newWorld(t)
	residentialDue := w.customer(t, "res", "residential", issued)
	businessDue := w.customer(t, "biz", "business", issued)
	if got := [2]time.Duration{residentialDue.Sub(issued), businessDue.Sub(issued)}; got != [2]time.Duration{14 * 24 * time.Hour, 21 * 24 * time.Hour} {
		t.Fatalf("terms are %v", got)
	}
	w.run(t)

	seen := 0
	at := func(date time.Time, day, hour int) time.Time {
		return time.Date(date.Year(), date.Month(), date.Day()+day, hour, 5, 0, 0, zone)
	}
	date := locale.Date("en-AU", businessDue)
	for _, step := range []struct {
		at   time.Time
		want []string
		pays string
	}{
		{at: at(residentialDue, -1, 12)},
		{at: at(residentialDue, 0, 9)}, // it is sent at 10
		{at: at(residentialDue, 0, 10), want: []string{"Email dana@res.example Invoice 1001 is due today"}, pays: "res"},
		{at: at(residentialDue, 7, 12)}, // the same day as the due date of the other
		{at: at(businessDue, 2, 12)},
		{at: at(businessDue, 3, 8)}, // it is sent at 9
		{at: at(businessDue, 3, 9), want: []string{
			"Email dana@biz.example Reminder: invoice 1001 was due on " + date,
			"SMS +61491570156 Acme Telecom: invoice 1001 for $89.00 was due on " + date + ". Pay or see it: https://acme.localhost/invoices/inv-biz",
		}, pays: "biz"},
		{at: at(businessDue, 14, 12)},
		{at: at(businessDue, 28, 12)},
	} {
		w.clock(t, step.at)
		got := w.messages(t, &seen)
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("at %s (-want +got):\n%s", step.at, diff)
		}
		if step.pays != "" {
			w.pay(t, step.pays)
		}
	}
}

func TestFlagsAreChecked(t *testing.T) {
	w := newWorld(t)
	for flag, want := range map[string]string{
		"--lease-seconds=5":            "--lease-seconds: 5 is out of range, allowed is 6 to 3600",
		"--allow-outgoing=10.0.0.0/33": `--allow-outgoing: "10.0.0.0/33" is not a CIDR such as 10.0.0.0/8`,
	} {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		err := process.Run(ctx, program(), []string{"--admin-listen=127.0.0.1:0", "--settings-dir=" + w.dir + "/settings", "--database-dir=" + w.dir + "/database", flag}, io.Discard)
		stop()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", flag, err, want)
		}
	}
}
