package web

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// Input is a field in which a person writes.
type Input struct {
	Name         string // of the field, which is its id too
	Label        string
	Value        string
	Type         string // of the input; empty: text
	Hint         string // what helps to fill it in
	Problem      string // why it was not accepted
	Autocomplete string // token of the HTML standard, as "given-name"
	InputMode    string // which keys a telephone shows, as "numeric"
	Required     bool
	MaxLength    int
	Rows         int // more than none: a textarea
}

func (in Input) kind() string {
	if in.Type == "" {
		return "text"
	}
	return in.Type
}

func (in Input) attributes() templ.Attributes {
	a := described(in.Name, in.Hint, in.Problem)
	if in.Problem != "" {
		a["aria-invalid"] = "true"
	}
	set := func(name string, value any, present bool) {
		if present {
			a[name] = value
		}
	}
	set("autocomplete", in.Autocomplete, in.Autocomplete != "")
	set("inputmode", in.InputMode, in.InputMode != "")
	set("required", true, in.Required)
	set("maxlength", strconv.Itoa(in.MaxLength), in.MaxLength > 0)
	set("dir", "auto", in.Rows > 0 || in.kind() == "text" || in.kind() == "search")
	literal := in.Type == "email" || in.Type == "url" || strings.HasSuffix(in.Autocomplete, "username") || in.Autocomplete == "one-time-code"
	set("autocapitalize", "none", literal)
	set("spellcheck", "false", literal)
	return a
}

// Choice is a field of which one option is chosen.
type Choice struct {
	Name    string
	Label   string
	Value   string // of the option that is chosen
	Options []Option
	Hint    string
	Problem string
}

// Option is one of the answers of a [Choice]. Hint is for radio buttons.
type Option struct {
	Value    string
	Label    string
	Hint     string
	Disabled bool
}

// Check is a box that is ticked or not. Its value is "on" unless it says another.
type Check struct {
	Name     string
	Value    string
	Label    string
	Hint     string
	On       bool
	Disabled bool
}

func (c Check) value() string {
	if c.Value == "" {
		return "on"
	}
	return c.Value
}

// id tells boxes of one name apart.
func (c Check) id() string {
	if c.Value == "" {
		return c.Name
	}
	return c.Name + "-" + c.Value
}

// Fields are several fields under one legend. Name is what a [FieldProblem] calls them.
type Fields struct {
	Name    string
	Legend  string
	Hint    string
	Problem string
}

// FieldProblem marks a field of a form with a sentence that helps.
type FieldProblem struct {
	Field string // the name of the field, which is its id too
	Label string // what the page calls the field, for the summary; may be empty
	Text  string
}

// ProblemAt is what is wrong with a field, empty if nothing.
func ProblemAt(problems []FieldProblem, field string) string {
	for _, p := range problems {
		if p.Field == field {
			return p.Text
		}
	}
	return ""
}

// described ties a field to its hint and its problem.
func described(name, hint, problem string) templ.Attributes {
	a := templ.Attributes{}
	var ids []string
	if hint != "" {
		ids = append(ids, name+"-hint")
	}
	if problem != "" {
		ids = append(ids, name+"-problem")
	}
	if len(ids) > 0 {
		a["aria-describedby"] = strings.Join(ids, " ")
	}
	return a
}

func noticeIcon(kind string) string {
	switch kind {
	case "good":
		return "check"
	case "warn", "bad":
		return "alert"
	}
	return "info"
}
