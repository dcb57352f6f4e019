package backoffice

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// secretPrefix lets people and scanners of source code tell what a secret is.
const secretPrefix = "foyer_"

// newSecret has 256 random bits.
func newSecret() string {
	random := make([]byte, 32)
	rand.Read(random) // never fails
	return secretPrefix + base64.RawURLEncoding.EncodeToString(random)
}

const scopeTokens = "tokens:write"

// registerTokens adds the operations on API tokens.
func (a *api) registerTokens() {
	tag := a.tag("Tokens", "The tokens of the tenant's systems. Each has scopes, as accounts:read or invoices:write; events:read:invoice.paid and events:read:invoice.* are parts of events:read, and so are events:write:custom.* and the like of events:write; * is all of them.")
	operation := func(method, path, id, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/api/v1/tokens" + path, Tags: []string{tag}, Summary: summary, Description: description}
	}
	handle(a, "tokens:read", operation(http.MethodGet, "", "listTokens", "List tokens",
		"All tokens by name, for a month also those that have expired. Their secrets are never shown."), a.listTokens)
	create := operation(http.MethodPost, "", "createToken", "Make a token",
		"The answer has the secret, which is never shown again; the database keeps a hash of it. Give each system a token of its own with the scopes that it needs. "+
			"A token can only give scopes that it has, and for no longer than itself. It takes no Idempotency-Key: names are given once, and if the answer is lost, delete the token and make another.")
	create.DefaultStatus = http.StatusCreated
	handle(a, scopeTokens, create, a.createToken)
	handle(a, "", operation(http.MethodGet, "/self", "getOwnToken", "Read what the token is that asks", "Its name, scopes and expiry."), a.ownToken)
	withdraw := operation(http.MethodDelete, "/{id}", "deleteToken", "Withdraw a token",
		"Every replica refuses it within five seconds, and its imports end. A token can only withdraw one whose scopes it has: itself, and those that it made. "+
			"Those that the withdrawn one made stay: createdBy of the list tells them. The token of the operator is not deleted here: 409.")
	withdraw.Errors = []int{http.StatusConflict}
	handle(a, scopeTokens, withdraw, a.deleteToken)
}

type (
	tokenListOutput struct{ Body Page[integration.Token] }
	tokenOutput     struct{ Body integration.Token }
	newTokenInput   struct{ Body body[integration.NewToken] }
	newTokenOutput  struct {
		Location string `header:"Location" doc:"Where it is withdrawn."`
		Body     integration.CreatedToken
	}
	deleteTokenInput struct {
		ID string `path:"id" minLength:"1" maxLength:"64" doc:"The id of the token."`
	}
)

func showToken(t store.Token) integration.Token {
	shown := integration.Token{ID: t.ID, Name: t.Name, Scopes: t.Scopes, CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt}
	if t.ExpiresAt != nil {
		shown.ExpiresAt = *t.ExpiresAt
	}
	if t.LastUsedAt != nil {
		shown.LastUsedAt = *t.LastUsedAt
	}
	return shown
}

func (a *api) listTokens(ctx context.Context, _ *struct{}) (*tokenListOutput, error) {
	found, err := a.Store.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	out := &tokenListOutput{Page[integration.Token]{Items: make([]integration.Token, len(found))}}
	for i, t := range found {
		out.Body.Items[i] = showToken(t)
	}
	return out, nil
}

func (a *api) ownToken(ctx context.Context, _ *struct{}) (*tokenOutput, error) {
	return &tokenOutput{showToken(tokenOf(ctx).Token)}, nil
}

func (a *api) createToken(ctx context.Context, in *newTokenInput) (*newTokenOutput, error) {
	wanted, problems := integration.Decode[integration.NewToken](in.Body.text)
	if problems == nil {
		problems = a.mayGive(tokenOf(ctx).Token, wanted)
	}
	if problems != nil {
		return nil, invalid(problems)
	}
	secret := newSecret()
	item := store.NewToken{Name: wanted.Name, SecretHash: store.TokenHash(secret), Scopes: wanted.Scopes, ExpiresAt: tokenOf(ctx).ExpiresAt}
	if !wanted.ExpiresAt.IsZero() {
		item.ExpiresAt = &wanted.ExpiresAt
	}
	var made store.Token
	by := tokenOf(ctx).hash
	_, _, err := a.write(ctx, request{}, func(ctx context.Context, w *store.Writer) (store.Answer, error) {
		created, refused, err := w.CreateToken(ctx, by[:], item)
		if refused != nil {
			err = invalid([]integration.FieldProblem{{Field: refused.Field, Message: refused.Message}})
		}
		made = created
		return store.Answer{}, err
	})
	if err != nil {
		return nil, err
	}
	return &newTokenOutput{
		Location: "/api/v1/tokens/" + made.ID,
		Body:     integration.CreatedToken{Token: showToken(made), Secret: secret},
	}, nil
}

// mayGive says what a token asks for that it must not give to another one.
func (a *api) mayGive(giver store.Token, wanted integration.NewToken) []integration.FieldProblem {
	var problems []integration.FieldProblem
	for i, scope := range wanted.Scopes {
		field := fmt.Sprintf("scopes[%d]", i)
		switch {
		case !a.scopes[scope] && !a.isEventScope(scope):
			problems = append(problems, integration.FieldProblem{
				Field: field, Rule: "enum", Message: fmt.Sprintf("there is no scope %q, allowed are %s", scope, listed(slices.Sorted(maps.Keys(a.scopes)))+", and events:read:<type>, events:write:<type>"),
			})
		case !giver.May(scope):
			problems = append(problems, integration.FieldProblem{Field: field, Message: fmt.Sprintf("the token that asks has no scope %s, so it cannot give it", scope)})
		}
	}
	switch expires := wanted.ExpiresAt; {
	case expires.IsZero():
	case !expires.After(a.now()):
		problems = append(problems, integration.FieldProblem{Field: "expiresAt", Rule: "minimum", Message: "is in the past"})
	case giver.ExpiresAt != nil && expires.After(*giver.ExpiresAt):
		problems = append(problems, integration.FieldProblem{
			Field: "expiresAt", Rule: "maximum", Message: "is later than the token that asks ends: " + giver.ExpiresAt.UTC().Format(time.RFC3339),
		})
	}
	return problems
}

func (a *api) deleteToken(ctx context.Context, in *deleteTokenInput) (*struct{}, error) {
	by := tokenOf(ctx).hash
	_, _, err := a.write(ctx, request{}, func(ctx context.Context, w *store.Writer) (store.Answer, error) {
		result, err := w.DeleteToken(ctx, by[:], in.ID)
		if err == nil && result.Outcome == store.Refused {
			err = problem(http.StatusConflict, result.Message)
		}
		return store.Answer{}, err
	})
	if err != nil {
		return nil, err
	}
	a.tokens.forget(func(_ tokenHash, known believedToken) bool { return known.ID == in.ID })
	return nil, nil
}
