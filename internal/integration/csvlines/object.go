package csvlines

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// object is how the cells of a row lie in the JSON object of a line.
type object struct {
	name   string
	at     int // the cell, of what has no members
	column column
	custom bool // members are items of a list of {name, value}
	list   []*object
}

// add puts the cell of a column below the names of its path.
func (o *object) add(path []string, at int, c column) {
	if len(path) == 0 {
		if c.form == asCustom {
			o.custom = true
			o.list = append(o.list, &object{name: c.name, at: at, column: c})
			return
		}
		o.at, o.column = at, c
		return
	}
	i := slices.IndexFunc(o.list, func(member *object) bool { return member.name == path[0] })
	if i < 0 {
		i = len(o.list)
		o.list = append(o.list, &object{name: path[0]})
	}
	o.list[i].add(path[1:], at, c)
}

// problem is a cell that its column cannot hold.
type problem struct {
	title   string
	message string
}

// append adds the value to text; nothing if all of its cells are empty.
func (o *object) append(text []byte, cells []cell) ([]byte, *problem) {
	if len(o.list) == 0 {
		return o.column.append(text, cells[o.at])
	}
	if o.custom {
		return o.appendCustom(text, cells)
	}
	begin := len(text)
	text = append(text, '{')
	for _, member := range o.list {
		before := len(text)
		if before > begin+1 {
			text = append(text, ',')
		}
		text = append(appendText(text, []byte(member.name)), ':')
		value := len(text)
		var wrong *problem
		if text, wrong = member.append(text, cells); wrong != nil {
			return text, wrong
		}
		if len(text) == value {
			text = text[:before]
		}
	}
	if len(text) == begin+1 {
		return text[:begin], nil
	}
	return append(text, '}'), nil
}

// appendCustom adds the list of the provider's own attributes, which replaces the former
// one: nothing if all of their cells are empty. A cell that clears is an item less.
func (o *object) appendCustom(text []byte, cells []cell) ([]byte, *problem) {
	begin, given := len(text), false
	text = append(text, '[')
	for _, item := range o.list {
		before := len(text)
		if before > begin+1 {
			text = append(text, ',')
		}
		text = appendText(append(text, `{"name":`...), []byte(item.name))
		text = append(text, `,"value":`...)
		value := len(text)
		var wrong *problem
		if text, wrong = item.column.append(text, cells[item.at]); wrong != nil {
			return text, wrong
		}
		written := string(text[value:])
		given = given || written != ""
		if written == "" || written == "null" {
			text = text[:before]
			continue
		}
		text = append(text, '}')
	}
	if !given {
		return text[:begin], nil
	}
	return append(text, ']'), nil
}

// holdsText says whether the text null can be meant, which is in quotes then.
func (c column) holdsText() bool { return c.form == asText || c.form == asCustom || c.form == asTexts }

// append adds a cell as the column's form wants it; nothing of an empty one.
func (c column) append(text []byte, from cell) ([]byte, *problem) {
	if !utf8.Valid(from.text) {
		return text, &problem{c.title, notUTF8}
	}
	if len(from.text) == 0 {
		return text, nil
	}
	trimmed := bytes.TrimSpace(from.text)
	if c.clearable && string(trimmed) == "null" && !(from.quoted && c.holdsText()) {
		return append(text, "null"...), nil
	}
	switch {
	case c.form == asText, c.form == asCustom:
		return appendText(text, from.text), nil
	case len(trimmed) == 0:
		return text, nil
	case c.form == asTexts:
		return appendTexts(text, trimmed), nil
	case c.form == asBoolean:
		return c.boolean(text, string(trimmed))
	}
	return c.number(text, trimmed)
}

func (c column) boolean(text []byte, cell string) ([]byte, *problem) {
	switch {
	case strings.EqualFold(cell, "true"):
		return append(text, "true"...), nil
	case strings.EqualFold(cell, "false"):
		return append(text, "false"...), nil
	}
	return text, &problem{c.title, fmt.Sprintf("%q is not allowed, allowed are true and false", shorten(cell))}
}

func (c column) number(text, cell []byte) ([]byte, *problem) {
	if c.form == asWholeNumber {
		n, err := strconv.ParseInt(string(cell), 10, 64)
		if err != nil {
			return text, &problem{c.title, fmt.Sprintf("%q is not a whole number", shorten(string(cell)))}
		}
		return strconv.AppendInt(text, n, 10), nil
	}
	if cell[0] != '-' && (cell[0] < '0' || cell[0] > '9') || !json.Valid(cell) {
		return text, &problem{c.title, fmt.Sprintf("%q is not a number, allowed is one such as 12.5", shorten(string(cell)))}
	}
	return append(text, cell...), nil
}

func appendTexts(text, cell []byte) []byte {
	text = append(text, '[')
	first := true
	for item := range bytes.SplitSeq(cell, []byte(";")) {
		if item = bytes.TrimSpace(item); len(item) == 0 {
			continue
		}
		if !first {
			text = append(text, ',')
		}
		text, first = appendText(text, item), false
	}
	return append(text, ']')
}

// appendText adds valid UTF-8 as a string of JSON.
func appendText(text, value []byte) []byte {
	const digits = "0123456789abcdef"
	text = append(text, '"')
	for _, b := range value {
		switch {
		case b == '"' || b == '\\':
			text = append(text, '\\', b)
		case b == '\n':
			text = append(text, `\n`...)
		case b < ' ':
			text = append(text, '\\', 'u', '0', '0', digits[b>>4], digits[b&15])
		default:
			text = append(text, b)
		}
	}
	return append(text, '"')
}

// shorten keeps a refusal readable whatever is in a cell.
func shorten(value string) string {
	const most = 64
	if runes := []rune(value); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return value
}
