package portal

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/web"
)

// form is what a person sent, and what is wrong with it. A page that is shown again has
// the person's input as it came, each field that is wrong marked with a sentence.
type form struct {
	v        *visit
	values   url.Values
	problems []web.FieldProblem
}

// readForm reads the body of a POST. What no browser sends for a page of ours is a
// [web.BadRequest].
func (v *visit) readForm(w http.ResponseWriter, r *http.Request) (*form, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	if err := r.ParseForm(); err != nil {
		return nil, web.BadRequest(fmt.Errorf("read form: %w", err))
	}
	return &form{v: v, values: r.PostForm}, nil
}

// get is a field as it came.
func (f *form) get(field string) string { return f.values.Get(field) }

// all are the values of a field that can be there several times, as check boxes are.
func (f *form) all(field string) []string { return f.values[field] }

// on says whether a check box is ticked.
func (f *form) on(field string) bool { return f.values.Get(field) != "" }

// wrong marks a field with a sentence that helps, in the person's language already.
func (f *form) wrong(field, sentence string) {
	problem := web.FieldProblem{Field: field, Text: sentence}
	if title, known := fieldTitles[field]; known {
		problem.Label = f.v.T(title)
	}
	f.problems = append(f.problems, problem)
}

// fieldTitles are what pages call the fields, for the summary of what is wrong.
var fieldTitles = map[string]string{
	"address":   web.Text("Address"),
	"code":      web.Text("Code"),
	"comment":   web.Text("Comment"),
	"current":   web.Text("Current password"),
	"email":     web.Text("Email"),
	"firstName": web.Text("First name"),
	"lastName":  web.Text("Last name"),
	"locale":    web.Text("Language and formats"),
	"login":     web.Text("Username or email"),
	"name":      web.Text("Name"),
	"phone":     web.Text("Telephone"),
	"repeat":    web.Text("New password once more"),
	"site":      web.Text("Site"),
	"subject":   web.Text("Subject"),
	"taxId":     web.Text("Tax number"),
	"text":      web.Text("What do you need?"),
	"timeZone":  web.Text("Time zone"),
	"username":  web.Text("Username"),
}

// seen is what the person saw in a field when the form was filled, where that goes along.
func (f *form) seen(field string) string {
	return strings.ReplaceAll(f.get("seen-"+field), "\r\n", "\n")
}

// untouched says whether a field is as the person saw it. What the provider wrote there may
// be what no person could have, and is no reason to keep them from changing another field.
func (f *form) untouched(field, text string) bool {
	return f.values.Has("seen-"+field) && f.seen(field) == text
}

// ok says whether nothing is wrong so far.
func (f *form) ok() bool { return len(f.problems) == 0 }

// rule bounds a text.
type rule struct {
	required bool
	most     int  // characters; 0: 200
	lines    bool // line breaks may be in it
}

// text reads a field of one line, or of several, without spaces around it. Control
// characters are refused: nothing that shows them later could be trusted. All else that
// people write is theirs, whatever the script and its direction.
func (f *form) text(field string, r rule) string {
	text := strings.TrimSpace(strings.ReplaceAll(f.get(field), "\r\n", "\n"))
	if r.most == 0 {
		r.most = 200
	}
	switch {
	case text == "" && r.required:
		f.wrong(field, f.v.T("This is needed."))
	case utf8.RuneCountInString(text) > r.most:
		f.wrong(field, f.v.T("This is too long: at most %d characters fit.", r.most))
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) && !(r.lines && c == '\n') }):
		f.wrong(field, f.v.T("There is a character in this that cannot be stored. Please type it again."))
	}
	return text
}
