package template

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/catalog"
	"github.com/foyerhq/foyer/internal/locale"
)

// values makes what a template is given: maps, lists, strings, truth values and *value,
// none of which a template can call or change.
type values struct {
	locale   string
	zone     *time.Location
	currency string
	format   Format
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
	if v.in.format == JSON {
		return v.text // as in the payload
	}
	switch v.typ {
	case catalog.Decimal:
		if v.in.format == Invoice {
			return locale.Decimal(v.in.locale, v.text)
		}
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
	in := &values{locale: data.Locale, zone: data.Zone, currency: data.Currency, format: format}
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
	case catalog.Text:
		if text, ok := raw.(string); ok && f.Type.Fits(clean(text)) {
			return clean(text), nil
		}
	default:
		if f.Type.Fits(raw) {
			return in.fitting(f.Type, raw, beside), nil
		}
	}
	return nil, notOf(f.Type)
}

func notOf(typ catalog.Type) *wrongField { return &wrongField{"", " is not " + typ.Form()} }

func (in *values) list(fields []catalog.Field, list []any) (any, *wrongField) {
	if len(list) > catalog.MaxList {
		return nil, notOf(catalog.List)
	}
	made := make([]any, len(list))
	for i, element := range list {
		object, ok := element.(map[string]any)
		wrong := notOf(catalog.Object)
		if ok {
			made[i], wrong = in.object(fields, object)
		}
		if wrong != nil {
			return nil, wrong.in("[" + strconv.Itoa(i) + "]")
		}
	}
	return made, nil
}

// fitting makes the value of a field that is of its type.
func (in *values) fitting(typ catalog.Type, raw any, beside map[string]any) any {
	v := &value{in: in, typ: typ, text: fmt.Sprint(raw)}
	switch typ {
	case catalog.Boolean, catalog.URL, catalog.Link:
		return raw
	case catalog.Decimal, catalog.Money:
		v.text = withoutZeros(v.text)
		v.currency = in.currency
		if own, _ := beside["currency"].(string); own != "" {
			v.currency = clean(own)
		}
	case catalog.Date:
		v.time, _ = time.Parse(time.DateOnly, v.text) // as the catalogue has done
	case catalog.Time:
		v.time, _ = time.Parse(time.RFC3339Nano, v.text)
	}
	return v
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
