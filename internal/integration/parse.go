package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/settings"
)

// Lengths in characters. Ids and group names are as long as a MyAccountProfile can
// name them.
const (
	maxID     = 64
	maxGroups = 64
	maxGrants = 64
	maxName   = 200
	maxPerson = 100
	maxEmail  = 254
	maxHash   = 512
)

var (
	usernamePattern = regexp.MustCompile(`^[A-Za-z0-9_.@+-]{2,80}$`)
	moneyPattern    = regexp.MustCompile(`^-?[0-9]{1,14}(\.[0-9]{1,4})?$`)
)

// parseLine reads one line of a kind. The refusal has no line number; the id is there
// when it could be read.
func parseLine[T any](line []byte, read func(*object) (T, *refused), key string) (T, *Refusal) {
	var none T
	o, problem := parseObject("", line)
	if problem == nil {
		var value T
		if value, problem = read(o); problem == nil {
			return value, nil
		}
	}
	refusal := &Refusal{Field: problem.field, Message: problem.message}
	if o != nil {
		if id, bad := o.text(key, maxID); bad == nil {
			refusal.ID = id
		}
	}
	return none, refusal
}

// ParseGroup reads a line of the import of groups.
func ParseGroup(line []byte) (Group, *Refusal) { return parseLine(line, readGroup, "name") }

// ParseAccount reads a line of the import of accounts.
func ParseAccount(line []byte) (Account, *Refusal) { return parseLine(line, readAccount, "id") }

// ParseContact reads a line of the import of contacts.
func ParseContact(line []byte) (Contact, *Refusal) { return parseLine(line, readContact, "id") }

// ParseInvoice reads a line of the import of invoices.
func ParseInvoice(line []byte) (Invoice, *Refusal) { return parseLine(line, readInvoice, "id") }

// reader reads fields until one is refused, so that a line is read top to bottom
// without a check after each field.
type reader struct {
	*object
	problem *refused
}

func (r *reader) keep(problem *refused) {
	if r.problem == nil {
		r.problem = problem
	}
}

func (r *reader) must(name string, most int) string {
	value, problem := r.required(name, most)
	r.keep(problem)
	return value
}

func (r *reader) may(name string, most int) string {
	value, problem := r.text(name, most)
	r.keep(problem)
	return value
}

func (r *reader) flag(name string) bool {
	value, problem := r.boolean(name)
	r.keep(problem)
	return value
}

func readGroup(o *object) (Group, *refused) {
	r := &reader{object: o}
	r.keep(o.onlyFields("id", "name", "displayName"))
	key := "name"
	if !o.has("name") {
		key = "id"
	}
	g := Group{Name: r.must(key, maxID), DisplayName: r.may("displayName", maxName)}
	if id := r.may("id", maxID); id != "" && id != g.Name {
		r.keep(refuse("id", "%q differs from name %q, write one of them", id, g.Name))
	}
	return g, r.problem
}

func readAccount(o *object) (Account, *refused) {
	r := &reader{object: o}
	r.keep(o.onlyFields("id", "name", "status", "accountProfile", "myAccountProfile", "groups", "attributes"))
	a := Account{
		ID:               r.must("id", maxID),
		Name:             r.optional("name", maxName),
		AccountProfile:   r.optional("accountProfile", maxName),
		MyAccountProfile: r.optional("myAccountProfile", maxName),
	}
	if o.has("name") && a.Name.Value == "" {
		r.keep(refuse("name", "must not be empty, leave it out to keep the name"))
	}
	if o.isNull("status") {
		r.keep(refuse("status", "cannot be cleared, allowed are %s", joined(settings.AccountStatuses())))
	}
	if o.given("status") {
		status, problem := oneOf(o, "status", settings.AccountStatuses())
		r.keep(problem)
		a.Status = Of(status)
	}
	if o.has("groups") {
		groups, problem := o.texts("groups", maxGroups, maxID)
		r.keep(problem)
		a.Groups = Optional[[]string]{Present: true, Null: o.isNull("groups"), Value: groups}
	}
	if o.has("attributes") {
		a.Attributes = Optional[settings.Attributes]{Present: true, Null: o.isNull("attributes")}
		if o.given("attributes") {
			attributes, problem := readAttributes(o.values["attributes"])
			r.keep(problem)
			a.Attributes.Value = attributes
		}
	}
	return a, r.problem
}

// optional reads a string that null clears; so does the empty string.
func (r *reader) optional(name string, most int) Optional[string] {
	if !r.has(name) {
		return Optional[string]{}
	}
	value := r.may(name, most)
	return Optional[string]{Present: true, Null: value == "", Value: value}
}

// readAttributes reads the attributes that the registry declares; null leaves one
// unset.
func readAttributes(text []byte) (settings.Attributes, *refused) {
	var none, attributes settings.Attributes
	given, problem := attributesByKey(text)
	if problem != nil {
		return none, problem
	}
	for _, a := range settings.AttributeRegistry() {
		value, isGiven := given[a.Key]
		if !isGiven {
			continue
		}
		single := fmt.Appendf(nil, "{%q: %s}", a.Key, value)
		if outer, inner, nested := strings.Cut(a.Key, "."); nested {
			single = fmt.Appendf(nil, "{%q: {%q: %s}}", outer, inner, value)
		}
		if err := json.Unmarshal(single, &attributes); err != nil || string(value) == `""` {
			return none, refuse("attributes."+a.Key, "%s is not allowed, allowed is %s", shorten(string(value)), a.Allowed)
		}
	}
	if problems := attributes.Validate(); len(problems) > 0 {
		return none, refuse("attributes."+problems[0].Field, "%s", problems[0].Message)
	}
	return attributes, nil
}

// attributesByKey takes the attributes apart into what is given by the keys of the
// registry, those of objects with their dots.
func attributesByKey(text []byte) (map[string]json.RawMessage, *refused) {
	var fields []string
	inside := map[string][]string{}
	for _, a := range settings.AttributeRegistry() {
		outer, inner, nested := strings.Cut(a.Key, ".")
		if !slices.Contains(fields, outer) {
			fields = append(fields, outer)
		}
		if nested {
			inside[outer] = append(inside[outer], inner)
		}
	}
	given := map[string]json.RawMessage{}
	add := func(o *object, prefix, name string) {
		if o.given(name) {
			given[prefix+name] = o.values[name]
		}
	}
	o, problem := parseObject("attributes.", text)
	if problem == nil {
		problem = o.onlyFields(fields...)
	}
	if problem != nil {
		return nil, problem
	}
	for _, name := range fields {
		if len(inside[name]) == 0 || !o.given(name) {
			add(o, "", name)
			continue
		}
		inner, problem := parseObject("attributes."+name+".", o.values[name])
		if problem == nil {
			problem = inner.onlyFields(inside[name]...)
		}
		if problem != nil {
			return nil, problem
		}
		for _, field := range inside[name] {
			add(inner, name+".", field)
		}
	}
	return given, checkCustom(given["custom"])
}

// checkCustom refuses what the elements of a list of custom attributes do not have. That
// they are a list of objects is found when they are read.
func checkCustom(text json.RawMessage) *refused {
	var elements []json.RawMessage
	if json.Unmarshal(text, &elements) != nil {
		return nil
	}
	for i, element := range elements {
		o, problem := parseObject(fmt.Sprintf("attributes.custom[%d].", i), element)
		if problem == nil {
			problem = o.onlyFields("name", "value")
		}
		if problem != nil {
			return problem
		}
	}
	return nil
}

func readContact(o *object) (Contact, *refused) {
	r := &reader{object: o}
	r.keep(o.onlyFields("id", "accountId", "firstName", "lastName", "email", "owner", "grants", "access", "user"))
	c := Contact{
		ID:        r.must("id", maxID),
		AccountID: r.must("accountId", maxID),
		FirstName: r.may("firstName", maxPerson),
		LastName:  r.may("lastName", maxPerson),
		Email:     r.email("email"),
		Owner:     r.flag("owner"),
		Grants:    r.grants(),
		Access:    r.must("access", MaxLineBytes),
	}
	if r.problem == nil {
		_, problem := oneOf(o, "access", []string{AccessActive, AccessDisabled})
		r.keep(problem)
	}
	if o.isNull("user") {
		r.keep(refuse("user", "cannot be cleared, set access to Disabled to close the portal to the contact"))
	}
	if r.problem == nil && o.given("user") {
		user, problem := readUser(o.values["user"])
		r.keep(problem)
		c.User = &user
	}
	return c, r.problem
}

func (r *reader) email(name string) string {
	value := r.may(name, maxEmail)
	if value == "" {
		return ""
	}
	address, err := mail.ParseAddress(value)
	if err != nil || address.Address != value || strings.ContainsAny(value, `"<> `) {
		r.keep(refuse(r.prefix+name, "%q is not an email address", shorten(value)))
	}
	return value
}

func (r *reader) grants() []settings.Feature {
	names, problem := r.texts("grants", maxGrants, maxID)
	if problem != nil {
		r.keep(problem)
		return nil
	}
	grants := make([]settings.Feature, 0, len(names))
	for _, name := range names {
		if _, known := settings.LookupFeature(settings.Feature(name)); !known {
			r.keep(refuse("grants", "%q is not a feature, allowed are %s", shorten(name), joined(features())))
		}
		grants = append(grants, settings.Feature(name))
	}
	return grants
}

func features() []settings.Feature {
	registry := settings.FeatureRegistry()
	list := make([]settings.Feature, len(registry))
	for i, info := range registry {
		list[i] = info.Feature
	}
	return list
}

func readUser(text []byte) (User, *refused) {
	o, problem := parseObject("user.", text)
	if problem != nil {
		return User{}, problem
	}
	r := &reader{object: o}
	r.keep(o.onlyFields("username", "email", "emailVerified", "passwordHash"))
	u := User{
		Username:      r.must("username", MaxLineBytes),
		Email:         r.email("email"),
		EmailVerified: r.flag("emailVerified"),
		PasswordHash:  r.may("passwordHash", maxHash),
	}
	if r.problem != nil {
		return u, r.problem
	}
	if u.EmailVerified && u.Email == "" {
		return u, refuse("user.emailVerified", "is true without an email")
	}
	return u, checkUsername(u)
}

func checkUsername(u User) *refused {
	if !usernamePattern.MatchString(u.Username) {
		return refuse("user.username", "%q is not allowed, allowed are 2 to 80 of the characters A-Z a-z 0-9 _ . @ + -", shorten(u.Username))
	}
	if strings.Contains(u.Username, "@") && (!u.EmailVerified || !strings.EqualFold(u.Username, u.Email)) {
		return refuse("user.username", "%q contains @, so it must be the user's own verified email", u.Username)
	}
	return nil
}

func readInvoice(o *object) (Invoice, *refused) {
	r := &reader{object: o}
	r.keep(o.onlyFields("id", "accountId", "number", "issuedOn", "dueOn", "currency", "total", "balance", "status"))
	i := Invoice{
		ID:        r.must("id", maxID),
		AccountID: r.must("accountId", maxID),
		Number:    r.must("number", maxID),
		IssuedOn:  r.date("issuedOn", true),
		DueOn:     r.date("dueOn", false),
		Currency:  r.currency(),
		Total:     r.money("total", true),
		Balance:   r.money("balance", false),
		Status:    r.must("status", MaxLineBytes),
	}
	if r.problem != nil {
		return i, r.problem
	}
	if _, problem := oneOf(o, "status", []string{InvoiceOpen, InvoicePaid, InvoiceVoid}); problem != nil {
		return i, problem
	}
	if i.DueOn != "" && i.DueOn < i.IssuedOn {
		return i, refuse("dueOn", "%s is before issuedOn %s", i.DueOn, i.IssuedOn)
	}
	return i, nil
}

// date reads a day of the years 1900 to 2199: outside is a slip of the sender.
func (r *reader) date(name string, needed bool) string {
	read := r.may
	if needed {
		read = r.must
	}
	value := read(name, MaxLineBytes)
	if value == "" {
		return ""
	}
	if _, err := ParseDate(value); err != nil {
		r.keep(refuse(name, "%q %s", shorten(value), err))
	}
	return value
}

var errDate = errors.New("is not a date, allowed is YYYY-MM-DD from 1900-01-01 to 2199-12-31")

// ParseDate reads a day as an invoice's line writes it.
func ParseDate(value string) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, value)
	if err != nil || day.Year() < 1900 || day.Year() > 2199 {
		return time.Time{}, errDate
	}
	return day, nil
}

func (r *reader) currency() string {
	value := r.may("currency", MaxLineBytes)
	if value == "" {
		return ""
	}
	if problems := (settings.Attributes{Currency: shorten(value)}).Validate(); len(problems) > 0 {
		r.keep(refuse("currency", "%s", problems[0].Message))
	}
	return value
}

func (r *reader) money(name string, needed bool) string {
	const allowed = `allowed is a decimal string such as "12.50" with at most 14 digits before and 4 after the point`
	if r.given(name) && kindOf(r.values[name]) == "a number" {
		r.keep(refuse(name, "must be a string, not a number, which may lose digits on the way: %s", allowed))
		return ""
	}
	read := r.may
	if needed {
		read = r.must
	}
	value := read(name, MaxLineBytes)
	if value != "" && !moneyPattern.MatchString(value) {
		r.keep(refuse(name, "%q is not an amount, %s", shorten(value), allowed))
	}
	return value
}

// String helps logs of callers; it holds no secret.
func (r Refusal) String() string {
	return fmt.Sprintf("line %d %s %s %s", r.Line, r.ID, r.Field, r.Message)
}
