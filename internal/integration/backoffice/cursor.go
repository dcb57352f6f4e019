package backoffice

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
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
func (in *listInput) name(path string) string {
	name := path + "?" + in.AccountID
	if !in.UpdatedSince.IsZero() {
		name += "?" + in.UpdatedSince.UTC().Format(time.RFC3339Nano)
	}
	return name
}

func (in *listInput) cursor(path string, place store.Place) string {
	c := cursor{List: in.name(path), ID: place.ID}
	if !in.UpdatedSince.IsZero() {
		c.UpdatedAt = place.UpdatedAt
	}
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // a cursor is made to be encoded
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// after reads the cursor of a request.
func (in *listInput) after(path string) (store.Place, *integration.Problem) {
	if in.Cursor == "" {
		return store.Place{}, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(in.Cursor)
	var c cursor
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil || c.ID == "" {
		return store.Place{}, badCursor("is not a cursor of this API")
	}
	if c.List != in.name(path) {
		return store.Place{}, badCursor("belongs to another list: repeat the filters of the page that it came with")
	}
	return store.Place{ID: c.ID, UpdatedAt: c.UpdatedAt}, nil
}

func badCursor(what string) *integration.Problem {
	p := problem(http.StatusUnprocessableEntity, "the cursor cannot be used")
	p.Errors = []integration.FieldProblem{{Field: "cursor", Rule: "format", Message: what}}
	return p
}
