package backoffice

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// cursor is what the cursor of a page holds: the place of its last row, and which list
// it belongs to, so that it cannot be used for another one.
type cursor struct {
	List      string    `json:"l"`
	ID        string    `json:"i"`
	UpdatedAt time.Time `json:"u,omitzero"`
}

// name is the list that a cursor belongs to: the collection and its filters.
func (in *ListInput) name(path string) string {
	name := path + "?" + in.AccountID
	if !in.UpdatedSince.IsZero() {
		name += "?" + in.UpdatedSince.UTC().Format(time.RFC3339Nano)
	}
	return name
}

func (in *ListInput) cursor(path string, place store.Place) string {
	c := cursor{List: in.name(path), ID: place.ID}
	if !in.UpdatedSince.IsZero() {
		c.UpdatedAt = place.UpdatedAt
	}
	return encodeCursor(c)
}

func encodeCursor(c any) string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // a cursor is made to be encoded
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func decodeCursor(text string, c any) error {
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(decoded, c)
}

// after reads the cursor of a request.
func (in *ListInput) after(path string) (store.Place, *integration.Problem) {
	if in.Cursor == "" {
		return store.Place{}, nil
	}
	var c cursor
	if err := decodeCursor(in.Cursor, &c); err != nil || c.ID == "" {
		return store.Place{}, badCursor("cursor", "is not a cursor of this API")
	}
	if c.List != in.name(path) {
		return store.Place{}, badCursor("cursor", "belongs to another list: repeat the filters of the page that it came with")
	}
	return store.Place{ID: c.ID, UpdatedAt: c.UpdatedAt}, nil
}

func badCursor(parameter, what string) *integration.Problem {
	return invalid([]integration.FieldProblem{{Field: parameter, Rule: "format", Message: what}})
}
