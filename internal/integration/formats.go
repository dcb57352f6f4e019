package integration

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/foyerhq/foyer/internal/settings"
)

// formats are the checks of tag format; the answer is what is wrong with a text.
var formats = map[string]func(string) string{
	"date":      checkDate,
	"date-time": checkTime,
	"decimal":   checkDecimal,
	"currency":  checkCurrency,
	"email":     checkEmail,
	"uri":       checkURI,
}

// Days and times outside of these years are a slip of the sender.
const firstYear, lastYear = 1900, 2199

var errDate = errors.New("is not a date, allowed is YYYY-MM-DD from 1900-01-01 to 2199-12-31")

// ParseDate reads a day as the API writes it.
func ParseDate(value string) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, value)
	if err != nil || day.Year() < firstYear || day.Year() > lastYear {
		return time.Time{}, errDate
	}
	return day, nil
}

func checkDate(text string) string {
	if _, err := ParseDate(text); err != nil {
		return err.Error()
	}
	return ""
}

const timeAllowed = "is not a time, allowed is one of the years 1900 to 2199 as 2026-02-28T12:00:00Z, with any time zone"

func parseTime(text string) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, text)
	return at, err == nil && at.Year() >= firstYear && at.Year() <= lastYear
}

func checkTime(text string) string {
	if _, ok := parseTime(text); !ok {
		return timeAllowed
	}
	return ""
}

// readTime is the rule of a time.
func readTime(d *jsontext.Decoder, into reflect.Value) ([]FieldProblem, error) {
	if d.PeekKind() != '"' {
		return notA("a string", d)
	}
	raw, err := d.ReadValue()
	if err != nil {
		return nil, err
	}
	text, err := unquoted(raw)
	if err != nil {
		return nil, err
	}
	at, ok := parseTime(string(text))
	if !ok {
		return one("format", "%q %s", shorten(string(text)), timeAllowed), nil
	}
	*into.Addr().Interface().(*time.Time) = at //nolint:forcetypeassert // the rule of this type
	return nil, nil
}

const decimalAllowed = `allowed is a decimal string such as "12.50" with at most 14 digits before and 4 after the point`

func checkDecimal(text string) string {
	digits := strings.TrimPrefix(text, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if !isDigits(whole, 14) || (point && !isDigits(fraction, 4)) {
		return "is not an amount, " + decimalAllowed
	}
	return ""
}

func isDigits(text string, most int) bool {
	if text == "" || len(text) > most {
		return false
	}
	for i := 0; i < len(text); i++ {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

func checkCurrency(text string) string {
	if problems := (settings.Attributes{Currency: text}).Validate(); len(problems) > 0 {
		return "is not a currency, allowed is an ISO 4217 code such as EUR"
	}
	return ""
}

func checkEmail(text string) string {
	if !settings.IsEmail(text) {
		return "is not an email address"
	}
	return ""
}

func checkURI(text string) string {
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "https" || address.Hostname() == "" || address.User != nil {
		return fmt.Sprintf("is not an address, allowed is one that begins with %q", "https://")
	}
	return ""
}
