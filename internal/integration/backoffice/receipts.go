package backoffice

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/integration"
)

const (
	pathReceipts       = "/api/v1/receipts/sms"
	pathTwilioReceipts = pathReceipts + "/twilio"
	mediaTypeForm      = "application/x-www-form-urlencoded"
	maxReceiptBytes    = 64 << 10
)

// registerReceipts adds what providers of text messages call.
func (a *api) registerReceipts() {
	registry := a.huma.OpenAPI().Components.Schemas
	tag := a.tag("Receipts", "What providers of text messages say later of what they took. They can send the token as the password of an address: "+
		"`https://receipts:TOKEN@api.acme.example/api/v1/receipts/sms/twilio`. Make one with the scope receipts:write for it.")
	o := huma.Operation{
		OperationID: "sendReceipt", Method: http.MethodPost, Path: pathReceipts, Tags: []string{tag}, DefaultStatus: http.StatusOK,
		Summary: "Say what became of a text message", Description: "Of one that a provider of type HTTP took, in Foyer's own form.",
	}
	handle(a, "receipts:write", o, func(ctx context.Context, in *receiptInput) (*receiptOutput, error) {
		receipt, problems := integration.Decode[integration.Receipt](in.Body.text)
		if problems != nil {
			return nil, invalid(problems)
		}
		known, err := a.Store.Receipt(ctx, receipt.ID, receipt.Status, a.now())
		return &receiptOutput{integration.ReceiptTaken{Known: known}}, err
	})
	a.handleRaw("receipts:write", huma.Operation{
		OperationID: "sendTwilioReceipt", Method: http.MethodPost, Path: pathTwilioReceipts, Tags: []string{tag},
		Summary:     "Say what became of a text message, as Twilio does",
		Description: "The status callback of Twilio and of those that speak its protocol: MessageSid, and MessageStatus of which delivered, undelivered and failed are kept.",
		Parameters:  []*huma.Param{},
		RequestBody: &huma.RequestBody{Required: true, Description: "The form of the callback.", Content: map[string]*huma.MediaType{mediaTypeForm: {Schema: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"MessageSid", "MessageStatus"}, AdditionalProperties: true,
			Properties: map[string]*huma.Schema{
				"MessageSid":    {Type: huma.TypeString, Description: "The id that the provider gave the message."},
				"MessageStatus": {Type: huma.TypeString, Description: "What became of it.", Examples: []any{"delivered"}},
			},
		}}}},
		Responses: map[string]*huma.Response{"200": a.response("It is noted.", "application/json", schemaOf[integration.ReceiptTaken](registry))},
	}, a.takeTwilioReceipt)
}

type receiptInput struct {
	Body body[integration.Receipt]
}

type receiptOutput struct {
	Body integration.ReceiptTaken
}

// twilioStatuses are the ends of Twilio's statuses. The others come before one of these.
var twilioStatuses = map[string]string{"delivered": "Delivered", "read": "Delivered", "undelivered": "Failed", "failed": "Failed"}

func (a *api) takeTwilioReceipt(w http.ResponseWriter, r *http.Request) {
	known, wrong := a.twilioReceipt(w, r)
	if wrong != nil {
		writeProblem(w, r, wrong)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	encode(w, integration.ReceiptTaken{Known: known})
}

func (a *api) twilioReceipt(w http.ResponseWriter, r *http.Request) (known bool, wrong *integration.Problem) {
	if problems := unknownParameters(r); problems != nil {
		return false, invalid(problems)
	}
	text, wrong := a.readBody(w, r, []string{mediaTypeForm}, maxReceiptBytes)
	if wrong != nil {
		return false, wrong
	}
	form, err := url.ParseQuery(string(text))
	id, status := form.Get("MessageSid"), form.Get("MessageStatus")
	var problems []integration.FieldProblem
	for _, field := range []struct{ name, value string }{{"MessageSid", id}, {"MessageStatus", status}} {
		if err != nil || field.value == "" {
			problems = append(problems, integration.FieldProblem{Field: field.name, Rule: "required", Message: "is missing"})
		}
	}
	if problems != nil {
		return false, invalid(problems)
	}
	receipt, isEnd := twilioStatuses[status]
	if !isEnd {
		return false, nil
	}
	known, err = a.Store.Receipt(r.Context(), id, receipt, a.now())
	if err != nil {
		return false, a.problemOf(r.Context(), err)
	}
	return known, nil
}

// basicToken is the token of a request that has it as a password: providers of text messages
// are told an address and can send no header of their own. Elsewhere it is none.
func basicToken(r *http.Request) string {
	if !slices.Contains([]string{pathReceipts, pathTwilioReceipts}, r.URL.Path) || len(r.Header.Values("Authorization")) != 1 {
		return ""
	}
	scheme, encoded, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return ""
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return ""
	}
	_, token, _ := strings.Cut(string(decoded), ":")
	return token
}
