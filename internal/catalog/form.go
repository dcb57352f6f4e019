package catalog

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/settings"
)

// Bounds of a payload.
const (
	MaxText = 10_000 // characters
	MaxList = 1_000  // elements
	maxURL  = 2_048  // characters
)

// form is how a value of a type is written in JSON.
type form struct {
	allowed string         // in words, for messages: "must be ..."
	pattern *regexp.Regexp // of a string; the JSON Schema has the same
	format  string         // what JSON Schema calls it, if it has a name for it
	longest int            // characters; 0: the pattern bounds it
}

var forms = map[Type]form{
	Text:    {allowed: "a text of at most 10,000 characters", longest: MaxText},
	Integer: {allowed: "a whole number, as 3", pattern: regexp.MustCompile(`^-?(0|[1-9][0-9]{0,18})$`)},
	Decimal: {
		allowed: `a decimal in quotes, as "12.5", with at most 14 digits before and 9 after the point`,
		pattern: regexp.MustCompile(`^-?[0-9]{1,14}(\.[0-9]{1,9})?$`),
	},
	Money: {
		allowed: `an amount in quotes, as "120.00", with at most 14 digits before and 4 after the point`,
		pattern: regexp.MustCompile(`^-?[0-9]{1,14}(\.[0-9]{1,4})?$`),
	},
	Date: {
		allowed: `a date, as "2026-11-21", from 1900-01-01 to 2199-12-31`, format: "date",
		pattern: regexp.MustCompile(`^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}$`),
	},
	Time: {
		allowed: `a time in RFC 3339, as "2026-11-21T09:00:00Z", from 1900 to 2199`, format: "date-time",
		pattern: regexp.MustCompile(`^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$`),
	},
	Boolean: {allowed: "true or false"},
	URL:     addressForm,
	Link:    addressForm,
	Object:  {allowed: "an object"},
	List:    {allowed: "a list of at most 1,000 objects"},
}

var addressForm = form{
	allowed: "an address that begins with https://, in ASCII, of at most 2,048 characters", format: "uri",
	pattern: regexp.MustCompile(`^https://[A-Za-z0-9.:_\[\]-]+([/?#][!-~]*)?$`), longest: maxURL,
}

var currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)

const currencyAllowed = `an ISO 4217 code, as "EUR"`

// isCurrency says whether the field names the currency of amounts beside it.
func isCurrency(f Field, beside []Field) bool {
	if f.Name != "currency" || f.Type != Text {
		return false
	}
	for _, other := range beside {
		if other.Type == Money {
			return true
		}
	}
	return false
}

func knownCurrency(code string) bool {
	return currencyPattern.MatchString(code) && len(settings.Attributes{Currency: code}.Validate()) == 0
}

// Form is how a value of the type is written in JSON, in words behind "must be".
func (t Type) Form() string { return forms[t].allowed }

// Fits says whether a string, number (decoded with UseNumber) or boolean of a payload is a
// value of the type.
func (t Type) Fits(value any) bool {
	switch t {
	case Object, List:
		return false
	case Boolean:
		_, ok := value.(bool)
		return ok
	case Integer:
		number, ok := value.(json.Number)
		if !ok || !forms[t].pattern.MatchString(number.String()) {
			return false
		}
		_, err := strconv.ParseInt(number.String(), 10, 64)
		return err == nil
	default:
		s, ok := value.(string)
		return ok && t.fitsString(s)
	}
}

func (t Type) fitsString(s string) bool {
	f := forms[t]
	if f.longest > 0 && utf8.RuneCountInString(s) > f.longest || f.pattern != nil && !f.pattern.MatchString(s) {
		return false
	}
	var err error
	switch t {
	case Text: // what PostgreSQL cannot hold
		return utf8.ValidString(s) && !strings.ContainsRune(s, 0)
	case Date:
		_, err = time.Parse(time.DateOnly, s)
	case Time:
		_, err = time.Parse(time.RFC3339Nano, s)
	case URL, Link:
		var u *url.URL
		u, err = url.Parse(s)
		return err == nil && u.Hostname() != ""
	}
	return err == nil
}
