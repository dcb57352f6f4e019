package identity

import (
	"strings"
	"testing"

	"github.com/foyerhq/foyer/internal/config"
)

func TestCheckUsername(t *testing.T) {
	for _, test := range []struct {
		username, email string
		want            UsernameProblem
	}{
		{"", "", UsernameTooShort},
		{"d", "", UsernameTooShort},
		{"é", "", UsernameTooShort},
		{"da", "", ""},
		{"Dana.Miller_2-x+y", "", ""},
		{strings.Repeat("x", 80), "", ""},
		{strings.Repeat("x", 81), "", UsernameTooLong},
		{"dana miller", "", UsernameCharacters},
		{"däna", "", UsernameCharacters},
		{"dana\x00", "", UsernameCharacters},
		{"dana\n", "", UsernameCharacters},
		{"דנה", "", UsernameCharacters},
		{"dana🙂", "", UsernameCharacters},
		{"dana\u202e", "", UsernameCharacters},
		{"ԁana", "", UsernameCharacters}, // looks like one of ours
		{"dana@x.example", "", UsernameNotOwn},
		{"dana@x.example", "sam@x.example", UsernameNotOwn},
		{"dana@x.example", "dana@x.example", ""},
		{"DANA@x.example", "dana@X.example", ""},
		{"@dana", "dana@x.example", UsernameNotOwn},
	} {
		if got := CheckUsername(test.username, test.email); got != test.want {
			t.Errorf("CheckUsername(%q, %q) = %q, want %q", test.username, test.email, got, test.want)
		}
	}
}

func TestFixedUsername(t *testing.T) {
	for _, test := range []struct {
		rule             config.Usernames
		owner            bool
		accountID, email string
		want             string
	}{
		{config.UsernamesFree, true, "10042", "dana@x.example", ""},
		{config.UsernamesEmail, true, "10042", "dana@x.example", "dana@x.example"},
		{config.UsernamesEmail, false, "10042", "dana@x.example", "dana@x.example"},
		{config.UsernamesEmail, false, "10042", "", ""},
		{config.UsernamesEmail, false, "10042", "o'brien@x.example", ""}, // chosen freely
		{config.UsernamesAccountID, true, "10042", "dana@x.example", "10042"},
		{config.UsernamesAccountID, true, "1", "dana@x.example", ""},
		{config.UsernamesAccountID, true, "a/b", "dana@x.example", ""},
		{config.UsernamesAccountID, true, "sam@x.example", "dana@x.example", ""},
		{config.UsernamesAccountID, false, "10042", "dana@x.example", "dana@x.example"},
	} {
		if got := FixedUsername(test.rule, test.owner, test.accountID, test.email); got != test.want {
			t.Errorf("%+v: got %q", test, got)
		}
	}
}

func FuzzCheckUsername(f *testing.F) {
	f.Add("dana", "dana@x.example")
	f.Add("dana@x.example", "dana@x.example")
	f.Fuzz(func(t *testing.T, username, email string) {
		if CheckUsername(username, email) != "" {
			return
		}
		if strings.ContainsFunc(username, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			t.Errorf("%q is allowed", username)
		}
		if strings.Contains(username, "@") && !strings.EqualFold(username, email) {
			t.Errorf("%q is allowed to somebody with %q", username, email)
		}
	})
}
