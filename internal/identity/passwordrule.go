package identity

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of a password, in characters.
const (
	MinPasswordLength = 8
	MaxPasswordLength = 128
)

// PasswordProblem says why a password may not be chosen; empty: it may.
type PasswordProblem string

// The problems of passwords.
const (
	PasswordTooShort PasswordProblem = "TooShort"
	PasswordTooLong  PasswordProblem = "TooLong"
	PasswordCommon   PasswordProblem = "Common"   // many people have it, so it is tried first
	PasswordPersonal PasswordProblem = "Personal" // little more than a word that others know of the person
)

// CheckPassword says whether a person may choose a password. It is taken as it is typed:
// any characters, nothing trimmed, nothing that has to be in it. about are words that
// others connect with the person: the provider, the username, the account's name.
func CheckPassword(password string, about ...string) PasswordProblem {
	length := utf8.RuneCountInString(password)
	switch {
	case length < MinPasswordLength:
		return PasswordTooShort
	case length > MaxPasswordLength || len(password) > MaxPasswordBytes:
		return PasswordTooLong
	case isCommon(password), oneCharacter(password):
		return PasswordCommon
	case isPersonal(password, about):
		return PasswordPersonal
	}
	return ""
}

// commonPasswords are those of the list that are long enough, in lower case and sorted,
// each on a line. hack/passwords makes it.
//
//go:embed passwords.txt
var commonPasswords string

// isCommon looks the password up by halves, in the text itself: nothing is kept in memory
// but the program.
func isCommon(password string) bool {
	wanted := strings.ToLower(password)
	if strings.Contains(wanted, "\n") {
		return false
	}
	low, high := 0, len(commonPasswords) // both at the begin of a line
	for low < high {
		begin := low + (high-low)/2
		begin = low + strings.LastIndexByte(commonPasswords[low:begin], '\n') + 1
		line, _, _ := strings.Cut(commonPasswords[begin:], "\n")
		switch strings.Compare(wanted, line) {
		case 0:
			return true
		case -1:
			high = begin
		default:
			low = begin + len(line) + 1
		}
	}
	return false
}

// oneCharacter says whether it is one character over and over.
func oneCharacter(password string) bool {
	first, _ := utf8.DecodeRuneInString(password)
	return strings.Trim(password, string(first)) == ""
}

// Words that are shorter than this are in passwords by chance. As many characters must
// be left of a password without the words.
const shortestWord = 4

// isPersonal says whether little is left of a password without the words that others know.
func isPersonal(password string, about []string) bool {
	rest := strings.ToLower(password)
	for _, text := range about {
		for _, word := range wordsOf(strings.ToLower(text)) {
			rest = strings.ReplaceAll(rest, word, "")
		}
	}
	return rest != strings.ToLower(password) && utf8.RuneCountInString(rest) < shortestWord
}

// wordsOf is a text as it is, without what is not a letter or digit, and each of its words.
func wordsOf(text string) []string {
	apart := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	parts := strings.FieldsFunc(text, apart)
	all := append([]string{text, strings.Join(parts, "")}, parts...)
	kept := all[:0]
	for _, word := range all {
		if utf8.RuneCountInString(word) >= shortestWord {
			kept = append(kept, word)
		}
	}
	return kept
}
