package identity

import (
	"strings"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/config"
)

// The bounds of a username, in characters.
const (
	MinUsernameLength = 2
	MaxUsernameLength = 80
)

// UsernameProblem says why a username may not be chosen; empty: it may, if nobody has it.
type UsernameProblem string

// The problems of usernames.
const (
	UsernameTooShort   UsernameProblem = "TooShort"
	UsernameTooLong    UsernameProblem = "TooLong"
	UsernameCharacters UsernameProblem = "Characters" // others than letters, digits and _ . @ + -
	UsernameNotOwn     UsernameProblem = "NotOwn"     // it has an @ and is not the person's own verified email
)

// CheckUsername says whether a person may have a username. email is the person's own
// address that is verified, or "": nobody can have somebody else's address as username,
// and so sign in where mail of that address would lead.
func CheckUsername(username, email string) UsernameProblem {
	length := utf8.RuneCountInString(username)
	switch {
	case length < MinUsernameLength:
		return UsernameTooShort
	case length > MaxUsernameLength:
		return UsernameTooLong
	case strings.ContainsFunc(username, notInUsername):
		return UsernameCharacters
	case strings.Contains(username, "@") && !strings.EqualFold(username, email):
		return UsernameNotOwn
	}
	return ""
}

func notInUsername(r rune) bool {
	letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	return !letter && !strings.ContainsRune("_.@+-", r)
}

// FixedUsername is the username that the tenant's rule leaves to a person, or "" if they
// choose it themselves: also where the rule's one cannot be a username.
func FixedUsername(rule config.Usernames, owner bool, accountID, email string) string {
	var fixed string
	switch {
	case rule == config.UsernamesAccountID && owner:
		fixed = accountID
	case rule == config.UsernamesAccountID, rule == config.UsernamesEmail:
		fixed = email
	}
	if CheckUsername(fixed, email) != "" {
		return ""
	}
	return fixed
}
