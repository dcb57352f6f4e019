package csvlines

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/integration"
)

// Line is what one row of the file became: a JSON object, or the reason why not.
type Line struct {
	First, Last int64  // the lines of the file that it covers, from 1
	Text        []byte // the object, without an end of line; valid until the next call
	Refusal     *integration.Refusal
}

// Reader reads rows as lines of one kind.
type Reader struct {
	rows    *rowReader
	key     string // the field that tells rows apart
	columns []column
	object  *object
	text    []byte
}

// New reads the first row, which names the columns. An [*UnknownColumnError] says which of
// them does not exist.
func New(from io.Reader, kind integration.Kind) (*Reader, error) {
	r := &Reader{rows: newRowReader(from), key: "id", object: &object{}}
	if err := r.rows.beginning(); err != nil {
		return nil, err
	}
	header, err := r.rows.next()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty: its first row names the columns, such as " + strings.Join(columnNames(kind)[:2], ","))
	}
	if err != nil {
		return nil, err
	}
	if header.problem != "" {
		return nil, fmt.Errorf("line %d, which names the columns: %s", header.first, header.problem)
	}
	for i, cell := range header.cells {
		c, err := r.column(kind, i, strings.TrimSpace(string(cell.text)))
		if err != nil {
			return nil, err
		}
		r.columns = append(r.columns, c)
		r.object.add(strings.Split(c.path, "."), i, c)
	}
	if kind == integration.Groups && !slices.ContainsFunc(r.columns, func(c column) bool { return c.path == r.key }) {
		r.key = "name" // which may be written for it
	}
	return r, nil
}

func (r *Reader) column(kind integration.Kind, number int, title string) (column, error) {
	if title == "" {
		return column{}, fmt.Errorf("column %d of the first row has no name", number+1)
	}
	if !utf8.ValidString(title) {
		return column{}, fmt.Errorf("the name of column %d of the first row %s", number+1, notUTF8)
	}
	c, err := columnFor(kind, title)
	if err != nil {
		return column{}, err
	}
	for _, other := range r.columns {
		if other.path == c.path && other.name == c.name {
			return column{}, fmt.Errorf("column %q is there twice", title)
		}
	}
	return c, nil
}

const notUTF8 = "is not valid UTF-8: save the file as CSV UTF-8"

// beginning leaves out a byte order mark, and finds what separates the cells.
func (r *rowReader) beginning() error {
	r.fill()
	data := r.buffer[r.start:r.end]
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return errors.New("the file is UTF-16: save it as CSV UTF-8")
	}
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		r.start += 3
	}
	first, _, _ := bytes.Cut(bytes.TrimLeft(r.buffer[r.start:r.end], " \t\r\n"), newline)
	if bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		r.separator = ';'
	}
	return nil
}

// Next returns the next row as a line. io.EOF ends the file.
func (r *Reader) Next() (Line, error) {
	row, err := r.rows.next()
	if err != nil {
		return Line{}, err
	}
	line := Line{First: row.first, Last: row.last}
	refuse := func(title, message string) (Line, error) {
		line.Refusal = &integration.Refusal{Line: row.first, ID: r.id(row), Field: title, Message: message}
		return line, nil
	}
	if row.problem != "" {
		return refuse("", row.problem)
	}
	if len(row.cells) != len(r.columns) {
		return refuse("", fmt.Sprintf("the row has %s, the first row names %d", cells(len(row.cells)), len(r.columns)))
	}
	text, problem := r.object.append(r.text[:0], row.cells)
	r.text = text
	switch {
	case problem != nil:
		return refuse(problem.title, problem.message)
	case len(text) > integration.MaxLineBytes:
		return refuse("", fmt.Sprintf("the row is longer than %d KiB as JSON", integration.MaxLineBytes>>10))
	}
	line.Text = text
	return line, nil
}

func cells(n int) string {
	if n == 1 {
		return "1 cell"
	}
	return fmt.Sprintf("%d cells", n)
}

// id is that of a row, where its cells are what they seem.
func (r *Reader) id(row *row) string {
	for i, c := range r.columns {
		if c.path == r.key && len(row.cells) == len(r.columns) && utf8.Valid(row.cells[i].text) {
			return shorten(string(row.cells[i].text))
		}
	}
	return ""
}

// SkipTo leaves out the rows that begin at or before a line of the file.
func (r *Reader) SkipTo(line int64) error {
	for r.rows.line <= line {
		if err := r.rows.read(); err != nil {
			return err
		}
	}
	return nil
}

// Column is the title of the column that holds a field of a line, as the file has it.
// Where no column has it, it is the field itself.
func (r *Reader) Column(field string, line []byte) string {
	path, rest, indexed := strings.Cut(field, "[")
	for _, c := range r.columns {
		if c.form == asCustom && c.path+"."+c.name == field {
			return c.title
		}
		if c.path != path || c.form == asCustom && !indexed {
			continue
		}
		if c.form != asCustom || c.name == customName(path, rest, line) {
			return c.title
		}
	}
	return field
}

// customName is the name of the provider's own attribute that an index of a list of them
// means, as "2].value" in this line.
func customName(path, index string, line []byte) string {
	var value any
	if json.Unmarshal(line, &value) != nil {
		return ""
	}
	for part := range strings.SplitSeq(path, ".") {
		object, _ := value.(map[string]any)
		value = object[part]
	}
	list, _ := value.([]any)
	var at int
	if _, err := fmt.Sscanf(index, "%d]", &at); err != nil || at < 0 || at >= len(list) {
		return ""
	}
	item, _ := list[at].(map[string]any)
	name, _ := item["name"].(string)
	return name
}
