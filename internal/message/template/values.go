package template

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/locale"
)

const (
	maxElements = 1000 // of a list
	maxDigits   = 64   // of a number
)

// values makes what a template is given: maps, lists, strings, truth values and *value,
// none of which a template can call or change.
type values struct {
	locale   string
	zone     *time.Location
	currency string
	plain    bool // as in the payload, for JSON
}

// value is a number, an amount, a date or a time. It is a pointer in the data, so that
// "if" finds it when it is there, 0 too.
type value struct {
	in       *values
	typ      catalog.Type
	text     string // as in the payload
	time     time.Time
	currency string
}

// String writes a value for people.
func (v *value) String() string {
	if v.in.plain {
		return v.text
	}
	switch v.typ {
	case catalog.Money:
		return locale.Money(v.in.locale, v.currency, v.text)
	case catalog.Date:
		return locale.Date(v.in.locale, v.time)
	case catalog.Time:
		return locale.DateTime(v.in.locale, v.time, v.in.zone)
	}
	return v.text
}

func newValues(fields []catalog.Field, data Data, format Format) (map[string]any, error) {
	in := &values{locale: data.Locale, zone: data.Zone, currency: data.Currency, plain: format == JSON}
	if in.zone == nil {
		in.zone = time.UTC
	}
	made, wrong := in.object(fields, data.Payload)
	if wrong != nil {
		return nil, wrong
	}
	return made, nil
}

// wrongField is a place where a payload is not one of the event. It names the place and
// not what is there, which may be a secret.
type wrongField struct{ path, is string }

func (w *wrongField) Error() string { return "the payload is not one of the event: " + w.path + w.is }

// in puts the field or element before the path that it is in.
func (w *wrongField) in(outer string) *wrongField {
	if strings.HasPrefix(w.path, "[") || w.path == "" {
		return &wrongField{outer + w.path, w.is}
	}
	return &wrongField{outer + "." + w.path, w.is}
}

// objectIsThere keeps an object from being empty, which "with" would take for missing.
const objectIsThere = ""

func (in *values) object(fields []catalog.Field, payload map[string]any) (map[string]any, *wrongField) {
	made := make(map[string]any, len(fields)+1)
	made[objectIsThere] = true
	for _, f := range fields {
		raw := payload[f.Name]
		if raw == nil {
			if !f.Optional {
				return nil, &wrongField{f.Name, " is missing"}
			}
			continue
		}
		v, wrong := in.value(f, raw, payload)
		if wrong != nil {
			return nil, wrong.in(f.Name)
		}
		made[f.Name] = v
	}
	return made, nil
}

func (in *values) value(f catalog.Field, raw any, beside map[string]any) (any, *wrongField) {
	switch f.Type {
	case catalog.Object:
		if object, ok := raw.(map[string]any); ok {
			return in.object(f.Fields, object)
		}
	case catalog.List:
		if list, ok := raw.([]any); ok {
			return in.list(f.Fields, list)
		}
	case catalog.Boolean:
		if b, ok := raw.(bool); ok {
			return b, nil
		}
	case catalog.Integer:
		if n, ok := raw.(json.Number); ok && integer.MatchString(string(n)) {
			return &value{in: in, typ: f.Type, text: string(n)}, nil
		}
	default:
		if s, ok := raw.(string); ok {
			if v := in.text(f.Type, s, beside); v != nil {
				return v, nil
			}
		}
	}
	return nil, &wrongField{"", " is not " + forms[f.Type]}
}

func (in *values) list(fields []catalog.Field, list []any) (any, *wrongField) {
	if len(list) > maxElements {
		return nil, &wrongField{"", fmt.Sprintf(" has %d elements, allowed are %d", len(list), maxElements)}
	}
	made := make([]any, len(list))
	for i, element := range list {
		object, ok := element.(map[string]any)
		wrong := &wrongField{"", " is not " + forms[catalog.Object]}
		if ok {
			made[i], wrong = in.object(fields, object)
		}
		if wrong != nil {
			return nil, wrong.in("[" + strconv.Itoa(i) + "]")
		}
	}
	return made, nil
}

var (
	integer = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,18})$`)
	decimal = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
)

// text makes the value of a field that is a string in JSON; nil: it is not of the type.
func (in *values) text(typ catalog.Type, s string, beside map[string]any) any {
	v := &value{in: in, typ: typ, text: s}
	switch typ {
	case catalog.Text:
		return clean(s)
	case catalog.URL, catalog.Link:
		if isHTTPS(s) {
			return s
		}
	case catalog.Decimal, catalog.Money:
		if len(s) <= maxDigits && decimal.MatchString(s) {
			v.text = withoutZeros(s)
			v.currency = in.currency
			if own, _ := beside["currency"].(string); own != "" {
				v.currency = clean(own)
			}
			return v
		}
	case catalog.Date:
		var err error
		if v.time, err = time.Parse(time.DateOnly, s); err == nil {
			return v
		}
	case catalog.Time:
		var err error
		if v.time, err = time.Parse(time.RFC3339, s); err == nil {
			return v
		}
	}
	return nil
}

var forms = map[catalog.Type]string{
	catalog.Text:    "a string",
	catalog.Integer: "a whole number",
	catalog.Decimal: `a decimal string, as "12.5"`,
	catalog.Money:   `a decimal string, as "12.50"`,
	catalog.Date:    `a day, as "2026-11-21"`,
	catalog.Time:    `a time in RFC 3339, as "2026-11-21T09:00:00Z"`,
	catalog.Boolean: "true or false",
	catalog.URL:     "an address that begins with https://",
	catalog.Link:    "an address that begins with https://",
	catalog.Object:  "an object",
	catalog.List:    "a list",
}

func isHTTPS(s string) bool {
	address, err := url.Parse(s)
	return err == nil && address.Scheme == "https" && address.Hostname() != "" && clean(s) == s && !strings.ContainsAny(s, " \n\t")
}

// withoutZeros leaves leading zeros out, which JSON does not allow.
func withoutZeros(s string) string {
	digits, negative := strings.CutPrefix(s, "-")
	for len(digits) > 1 && digits[0] == '0' && digits[1] != '.' {
		digits = digits[1:]
	}
	if negative {
		return "-" + digits
	}
	return digits
}

// clean makes a text of a payload harmless to mail, SMS and databases: it is UTF-8, has
// lines that end in \n, and no control characters.
func clean(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, isControl) < 0 {
		return s
	}
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case isControl(r):
			return -1
		}
		return r
	}, s)
}
