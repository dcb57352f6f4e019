package identity

import (
	"slices"
	"strings"
	"testing"
)

func TestCheckPassword(t *testing.T) {
	about := []string{"dana.miller@mail.example", "dana.miller", "Harbour Lane Coffee", "Acme Telecom"}
	for _, test := range []struct {
		password string
		want     PasswordProblem
	}{
		{"", PasswordTooShort},
		{"1234567", PasswordTooShort},
		{"זזזזזזז", PasswordTooShort}, // 14 bytes
		{"ö7 Zeich", ""},
		{"🦊🐻🐼🐨🐯🦁🐮🐷", ""},
		{"\x00\x01\x02\x03\x04\x05\x06\x07", ""},
		{" leading and trailing ", ""},
		{"correct horse battery staple", ""},
		{strings.Repeat("abcdefgh", 16), ""},
		{strings.Repeat("abcdefgh", 16) + "x", PasswordTooLong},
		{strings.Repeat("🦊🐻", 64), ""}, // 128 characters, 512 bytes
		{"password", PasswordCommon},
		{"PassWord", PasswordCommon},
		{"!qaz2wsx", PasswordCommon}, // the first of the list
		{"12345678", PasswordCommon},
		{"aaaaaaaaaaaaaaaaaaaaaaa", PasswordCommon},
		{"acmetelecom", PasswordPersonal},
		{"AcmeTelecom1!", PasswordPersonal},
		{"dana.miller", PasswordPersonal},
		{"dana.miller99", PasswordPersonal},
		{"harbourlane", PasswordPersonal},
		{"HarbourCoffee!", PasswordPersonal},
		{"harbour the coffee bridge", ""},
		{"millerscrossing", ""},
	} {
		if got := CheckPassword(test.password, about...); got != test.want {
			t.Errorf("CheckPassword(%q) = %q, want %q", test.password, got, test.want)
		}
	}
}

// TestEveryCommonPasswordIsFound, and nothing beside them.
func TestEveryCommonPasswordIsFound(t *testing.T) {
	list := strings.Split(strings.TrimSuffix(commonPasswords, "\n"), "\n")
	if len(list) < 17_000 || !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
		t.Fatalf("the list has %d lines, or is not sorted, or has some twice", len(list))
	}
	for _, password := range list {
		if !isCommon(password) || CheckPassword(password) == "" {
			t.Fatalf("%q is not found", password)
		}
		if isCommon(password + "~\x7f") {
			t.Fatalf("%q with something behind it is found", password)
		}
	}
	for _, password := range []string{"", "\n", "~~~~~~~~~~", "        ", list[0] + "\n" + list[1]} {
		if isCommon(password) {
			t.Errorf("%q is found", password)
		}
	}
}

func BenchmarkCheckPassword(b *testing.B) {
	for b.Loop() {
		CheckPassword("correct horse battery staple", "dana", "Acme Telecom")
	}
}
