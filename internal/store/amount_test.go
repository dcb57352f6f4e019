package store

import "testing"

func TestAmounts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text, want string
		positive   bool
	}{
		{"100", "100", true},
		{"100.00", "100", true},
		{"100.10", "100.1", true},
		{"0.0001", "0.0001", true},
		{"007.5000", "7.5", true},
		{"99999999999999.9999", "99999999999999.9999", true},
		{"0", "0", false},
		{"0.0000", "0", false},
		{"-0.00", "0", false},
		{"00", "0", false},
		{"-7.50", "-7.5", false},
		{"-0.0001", "-0.0001", false},
		{"-99999999999999.9999", "-99999999999999.9999", false},
	} {
		if got := amount(test.text); got != test.want || amount(got) != got {
			t.Errorf("%s is written as %s, and again as %s, want %s", test.text, got, amount(got), test.want)
		}
		if got := positive(test.text); got != test.positive {
			t.Errorf("%s is positive: %t", test.text, got)
		}
	}
}

func TestInvoiceStates(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status, balance string
		owed, settled   bool
	}{
		{InvoiceOpen, "0.01", true, false},
		{InvoiceOpen, "0.00", false, true},
		{InvoiceOpen, "-5", false, true},
		{InvoicePaid, "0", false, true},
		{InvoiceVoid, "100", false, false},
		{InvoiceVoid, "0", false, false},
	} {
		v := Invoice{Status: test.status, Balance: test.balance}
		if v.Owed() != test.owed || v.Settled() != test.settled {
			t.Errorf("%s with %s: owed %t, settled %t", test.status, test.balance, v.Owed(), v.Settled())
		}
	}
}
