package plan

import (
	"cmp"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"
)

// mobile reads a telephone number as people write it: in E.164, if it can be one of a
// mobile phone. New ranges of numbers are in use before the library knows them, so a number
// of a range that it does not know can be one.
func (t *treated) mobile(phone string) (string, bool) {
	if phone == "" {
		return "", false
	}
	number, err := phonenumbers.Parse(phone, t.region())
	if err != nil || phonenumbers.IsPossibleNumberWithReason(number) != phonenumbers.IS_POSSIBLE {
		return "", false
	}
	switch phonenumbers.GetNumberType(number) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.UNKNOWN:
		return phonenumbers.Format(number, phonenumbers.E164), true
	}
	return "", false
}

// region is where numbers without a country code are from: the region of the account's
// locale, else of the tenant's, else the one where most people of the language are.
func (t *treated) region() string {
	own := t.attrs.Locale.Value
	return cmp.Or(regionOf(own, language.Exact), regionOf(t.rules.live.Tenant.Attributes.Locale, language.Exact), regionOf(own, language.Low))
}

// regionOf is the region of a locale, if it is at least so certain.
func regionOf(locale string, least language.Confidence) string {
	tag, err := language.Parse(locale)
	if err != nil {
		return ""
	}
	region, confidence := tag.Region()
	if confidence < least {
		return ""
	}
	return region.String()
}
