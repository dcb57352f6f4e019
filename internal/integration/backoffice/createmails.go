package backoffice

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/settings"
	"github.com/foyerhq/foyer/internal/store"
)

const (
	// mailBatch is how many mails are sent in one transaction.
	mailBatch = 200
	// mailTime bounds the answer to a request with the most mails.
	mailTime = 3 * time.Minute
)

const createMailsDescription = "For customers who came before the portal did: the mail to create a sign-in, to contacts or to the owners of accounts, at most 5,000 at once. " +
	"Accounts are Active or Suspended, and contacts have no password yet; others are refused, each with the reason, and the rest is sent. " +
	"What was sent stays sent when the request ends early: sent again with the same Idempotency-Key it goes on where it ended, and nobody gets a second mail."

func (a *api) registerCreateMails() {
	o := huma.Operation{
		OperationID: "sendCreateMails", Method: http.MethodPost, Path: "/api/v1/create-mails", DefaultStatus: http.StatusOK,
		Summary: "Send the mail to create a sign-in to many", Description: createMailsDescription, Tags: []string{"Contacts"},
	}
	o.Middlewares = huma.Middlewares{takesTime(mailTime)}
	handle(a, "contacts:write", o, a.createMails)
}

type createMailsInput struct {
	KeyInput
	Body body[integration.CreateMails]
}

type createMailsOutput struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true: this is what was answered when the request took effect."`
	Body     integration.CreateMailsResult
}

func (a *api) createMails(ctx context.Context, in *createMailsInput) (*createMailsOutput, error) {
	wanted, problems := integration.Decode[integration.CreateMails](in.Body.text)
	if problems == nil && (wanted.Contacts == nil) == (wanted.Accounts == nil) {
		problems = []integration.FieldProblem{{Rule: "oneOf", Message: "needs exactly one of contacts, accounts"}}
	}
	if problems != nil {
		return nil, invalid(problems)
	}
	live, err := a.live()
	if err != nil {
		return nil, err
	}
	m := &mailing{api: a, live: live, accounts: wanted.Accounts != nil, results: map[string]integration.CreateMailResult{}}
	m.request = WriteInput{ChangeInput: ChangeInput{KeyInput: in.KeyInput}}.request("create-mails", in.Body.text, false)
	ids := slices.Concat(wanted.Contacts, wanted.Accounts)
	if err := m.all(ctx, slices.Sorted(slices.Values(ids))); err != nil {
		return nil, err
	}
	out := &createMailsOutput{Replayed: m.replayed}
	for _, id := range ids {
		result := m.results[id]
		if result.Outcome == mailSent {
			out.Body.Sent++
		} else {
			out.Body.Refused++
		}
		out.Body.Items = append(out.Body.Items, result)
	}
	return out, nil
}

// The outcomes of a mail.
const (
	mailSent    = "Sent"
	mailRefused = "Refused"
)

// mailing is one request that sends to many.
type mailing struct {
	*api
	live     *config.Live
	accounts bool // the ids are those of accounts
	request  request
	results  map[string]integration.CreateMailResult // by id of the request
	replayed string
}

// all sends batch by batch. The ids are in order, so that two requests for the same
// contacts do not wait for each other. An error says that nothing was sent; what ends it
// later is told of those that are left.
func (m *mailing) all(ctx context.Context, ids []string) error {
	m.replayed = "true"
	n := 0
	for batch := range slices.Chunk(ids, mailBatch) {
		results, replayed, err := m.batch(ctx, n, batch)
		switch {
		case err != nil && n == 0:
			return err
		case err != nil:
			m.notTried(ids[n*mailBatch:], m.problemOf(ctx, err).Detail)
			m.replayed = ""
			return nil
		case replayed == "":
			m.replayed = ""
		}
		for _, result := range results {
			m.results[result.ID] = result
		}
		n++
	}
	return nil
}

func (m *mailing) notTried(ids []string, detail string) {
	for _, id := range ids {
		m.results[id] = integration.CreateMailResult{ID: id, Outcome: mailRefused, Message: "it was not tried: " + detail + ": send these again"}
	}
}

// batch sends to some, in one transaction. Each batch is remembered by itself, under the
// key of the request and its own number, which no key of a client can have.
func (m *mailing) batch(ctx context.Context, n int, ids []string) (results []integration.CreateMailResult, replayed string, err error) {
	select {
	case <-m.Stopping:
		return nil, "", problem(http.StatusServiceUnavailable, "the server is being stopped, another one takes over")
	default:
	}
	r := m.request
	if r.once != nil && n > 0 {
		once := *r.once
		once.Key += "\n" + strconv.Itoa(n)
		r.once = &once
	}
	answer, replayed, err := m.write(ctx, r, func(ctx context.Context, w *store.Writer) (store.Answer, error) {
		sent, err := m.send(ctx, w, ids)
		if err != nil {
			return store.Answer{}, err
		}
		text, err := json.Marshal(sent)
		return store.Answer{Status: http.StatusOK, Body: text}, err
	})
	if err != nil {
		return nil, "", err
	}
	return results, replayed, json.Unmarshal(answer.Body, &results)
}

func (m *mailing) send(ctx context.Context, w *store.Writer, ids []string) ([]integration.CreateMailResult, error) {
	var owners map[string]string
	if m.accounts {
		known, err := w.OwnersOf(ctx, ids)
		if err != nil {
			return nil, err
		}
		owners = known
	}
	results := make([]integration.CreateMailResult, len(ids))
	for i, id := range ids {
		contact := id
		if m.accounts {
			contact = owners[id]
		}
		result, err := m.sendOne(ctx, w, contact)
		if err != nil {
			return nil, err
		}
		result.ID = id
		results[i] = result
	}
	return results, nil
}

func (m *mailing) sendOne(ctx context.Context, w *store.Writer, contact string) (integration.CreateMailResult, error) {
	refused := func(message string) (integration.CreateMailResult, error) {
		return integration.CreateMailResult{ContactID: contact, Outcome: mailRefused, Message: message}, nil
	}
	if contact == "" {
		return refused("there is no account with this id that has an owner: write a contact of it with owner true first")
	}
	known, err := w.Credentials(ctx, contact)
	switch status := known.Account.Status; {
	case errors.Is(err, store.ErrNotFound):
		contact = ""
		return refused("there is no contact with this id")
	case err != nil:
		return integration.CreateMailResult{}, err
	case status != settings.Active && status != settings.Suspended:
		return refused("the account is " + string(status) + ": this goes to accounts that are Active or Suspended")
	}
	sent, why, err := identity.SendCreateMail(ctx, w, m.live, contact, w.Now())
	switch {
	case err != nil:
		return integration.CreateMailResult{}, err
	case why != nil:
		return refused(refusedMail(why, store.LinkCreate))
	}
	return integration.CreateMailResult{ContactID: contact, Outcome: mailSent, Addresses: len(sent.Addresses), ExpiresAt: sent.ExpiresAt.UTC()}, nil
}
