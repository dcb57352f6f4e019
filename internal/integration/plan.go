package integration

import (
	"context"
	"net/http"
	"time"

	"github.com/foyerhq/foyer/internal/compare"
)

// PlanQuery asks what other documents would change for customers.
type PlanQuery struct {
	Days    int    `json:"days,omitempty" minimum:"1" maximum:"31" doc:"How many of the coming days to compare what would be sent on. Left out: none, and what waits already is not looked at either."`
	Samples int    `json:"samples,omitempty" minimum:"1" maximum:"100" doc:"How many ids to tell of each change, at most. Left out: 5."`
	Lines   bool   `json:"lines,omitempty" doc:"Tell also every account, person and notification that changes."`
	Cursor  string `json:"cursor,omitempty" maxLength:"1024" doc:"Where to go on: next of the answer before, asked with the same documents."`
	Documents
}

// Plan is what other documents would change for customers: for those that this page looked
// at. Counts of pages add up; what is not of single customers is on the first.
type Plan struct {
	compare.Difference
	From           time.Time      `json:"from" doc:"From when on notifications were compared."`
	To             time.Time      `json:"to" doc:"Until when."`
	Lines          []compare.Line `json:"lines,omitempty" doc:"With lines: every account, person and notification that changes, of those that this page looked at."`
	Next           string         `json:"next,omitempty" doc:"The cursor of the next page. Missing: all customers were looked at."`
	SettingsDigest string         `json:"settingsDigest" doc:"The settings document in force that this is compared with."`
	RoutingDigest  string         `json:"routingDigest,omitempty" doc:"The routing document in force that this is compared with. Missing: there is none."`
	Problems       []string       `json:"problems,omitempty" doc:"What of the documents this release cannot run, or that no dispatcher runs those in force."`
}

// Plan asks what other documents would change: one page.
func (c *Client) Plan(ctx context.Context, q PlanQuery) (Plan, error) {
	return exchange[Plan](ctx, c, "ask what would change", http.MethodPost, "/api/v1/plan", q)
}
