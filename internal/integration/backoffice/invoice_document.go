package backoffice

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

const (
	mediaTypePDF     = "application/pdf"
	maxDocumentBytes = 10 << 20
	// documentTimeout is how long a client may take to receive a document.
	documentTimeout = 2 * time.Minute
)

type documentInput struct {
	ID          string `path:"id" minLength:"1" maxLength:"64" doc:"The id of the invoice."`
	IfNoneMatch string `header:"If-None-Match" doc:"The entity tag that is known already: the answer is then 304."`
}

type documentOutput struct {
	ETag               string `header:"ETag" doc:"The SHA-256 digest of the document, in hexadecimal digits."`
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition" doc:"The name of the file."`
	Body               []byte
}

type putDocumentInput struct {
	ID          string `path:"id" minLength:"1" maxLength:"64" doc:"The id of the invoice."`
	IfMatch     string `header:"If-Match" doc:"The entity tag of the document that was read: if there is another one by now, nothing is written and the answer is 412."`
	IfNoneMatch string `header:"If-None-Match" doc:"* writes only if there is no document yet."`
	RawBody     []byte `contentType:"application/pdf"`
}

type putDocumentOutput struct {
	Status int
	ETag   string `header:"ETag" doc:"The SHA-256 digest of the document, in hexadecimal digits."`
}

type deleteDocumentInput struct {
	ID      string `path:"id" minLength:"1" maxLength:"64" doc:"The id of the invoice."`
	IfMatch string `header:"If-Match" doc:"The entity tag of the document that was read: if there is another one by now, nothing is deleted and the answer is 412."`
}

// registerInvoiceDocuments adds the provider's own PDF of an invoice, which people
// download in the portal.
func (a *api) registerInvoiceDocuments() {
	operation := func(method, id, summary, description string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: "/api/v1/invoices/{id}/document", Tags: []string{"Invoices"},
			Summary: summary, Description: description, Middlewares: huma.Middlewares{patient},
		}
	}
	get := operation(http.MethodGet, "getInvoiceDocument", "Read the PDF of an invoice", "As it was uploaded. Its entity tag is its SHA-256 digest.")
	get.Responses = map[string]*huma.Response{"200": {
		Description: "The document.",
		Content:     map[string]*huma.MediaType{mediaTypePDF: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
	}}
	handle(a, "invoices:read", get, a.getInvoiceDocument)

	put := operation(http.MethodPut, "putInvoiceDocument", "Upload the PDF of an invoice",
		"At most 10 MiB. The invoice gets another version by it, unless it is the document that it has already.")
	put.MaxBodyBytes, put.DefaultStatus = maxDocumentBytes, http.StatusNoContent
	put.Responses = map[string]*huma.Response{"201": {Description: "Created"}}
	handle(a, "invoices:write", put, a.putInvoiceDocument)

	handle(a, "invoices:write", operation(http.MethodDelete, "deleteInvoiceDocument", "Delete the PDF of an invoice", "The invoice gets another version by it."),
		a.deleteInvoiceDocument)
}

// patient gives a client time for a document.
func patient(ctx huma.Context, next func(huma.Context)) {
	_, w := humago.Unwrap(ctx)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(documentTimeout)) // not supported by test recorders only
	next(ctx)
}

func documentTag(digest []byte) string { return `"` + hex.EncodeToString(digest) + `"` }

// documentDigest is the digest of an entity tag; nil: it is none of a document.
func documentDigest(tag string) []byte {
	digest, err := hex.DecodeString(strings.Trim(strings.TrimPrefix(tag, "W/"), `"`))
	if err != nil || len(digest) != sha256.Size {
		return nil
	}
	return digest
}

// seenDocument is what If-Match and If-None-Match of a write ask for.
func seenDocument(ifMatch, ifNoneMatch string) (store.DocumentSeen, *integration.Problem) {
	seen := store.DocumentSeen{None: ifNoneMatch == "*"}
	if ifNoneMatch != "" && !seen.None {
		return seen, invalid([]integration.FieldProblem{{Field: "If-None-Match", Rule: "enum", Message: "a write takes * only, and is then refused if there is one already"}})
	}
	if ifMatch == "" || ifMatch == "*" {
		return seen, nil
	}
	if seen.SHA256 = documentDigest(ifMatch); seen.SHA256 == nil {
		return seen, problem(http.StatusPreconditionFailed, "If-Match takes the one entity tag of the document that was read")
	}
	return seen, nil
}

func (a *api) getInvoiceDocument(ctx context.Context, in *documentInput) (*documentOutput, error) {
	known := documentDigest(in.IfNoneMatch)
	document, err := a.Store.InvoiceDocument(ctx, in.ID, known)
	if err != nil {
		return nil, a.noDocument(ctx, in.ID, err)
	}
	tag := documentTag(document.SHA256)
	if bytes.Equal(known, document.SHA256) {
		return nil, huma.ErrorWithHeaders(huma.Status304NotModified(), http.Header{"Etag": {tag}})
	}
	return &documentOutput{
		ETag: tag, ContentType: mediaTypePDF, Body: document.Body,
		ContentDisposition: mime.FormatMediaType("attachment", map[string]string{"filename": document.Name}),
	}, nil
}

func (a *api) putInvoiceDocument(ctx context.Context, in *putDocumentInput) (*putDocumentOutput, error) {
	seen, wrong := seenDocument(in.IfMatch, in.IfNoneMatch)
	if wrong != nil {
		return nil, wrong
	}
	if !bytes.HasPrefix(in.RawBody, []byte("%PDF-")) {
		return nil, problem(http.StatusUnprocessableEntity, "the body is not a PDF: it does not begin with %PDF-")
	}
	answer, _, err := a.write(ctx, request{}, func(ctx context.Context, w *store.Writer) (store.Answer, error) {
		result, err := w.PutInvoiceDocument(ctx, in.ID, in.RawBody, seen)
		return documentAnswer(result, err)
	})
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(in.RawBody)
	return &putDocumentOutput{Status: answer.Status, ETag: documentTag(digest[:])}, nil
}

func (a *api) deleteInvoiceDocument(ctx context.Context, in *deleteDocumentInput) (*struct{}, error) {
	seen, wrong := seenDocument(in.IfMatch, "")
	if wrong != nil {
		return nil, wrong
	}
	_, _, err := a.write(ctx, request{}, func(ctx context.Context, w *store.Writer) (store.Answer, error) {
		result, err := w.DeleteInvoiceDocument(ctx, in.ID, seen)
		return documentAnswer(result, err)
	})
	return nil, a.noDocument(ctx, in.ID, err)
}

// noDocument tells an invoice without a document from one that does not exist.
func (a *api) noDocument(ctx context.Context, invoiceID string, err error) error {
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if _, err := a.Store.Invoice(ctx, invoiceID); err != nil {
		return err
	}
	return problem(http.StatusNotFound, "the invoice has no document")
}

func documentAnswer(result store.Result, err error) (store.Answer, error) {
	switch {
	case err != nil:
		return store.Answer{}, err
	case result.Outcome == store.Conflict:
		return store.Answer{}, problem(http.StatusPreconditionFailed, "the document "+result.Message)
	case result.Outcome == store.Created:
		return store.Answer{Status: http.StatusCreated}, nil
	}
	return store.Answer{Status: http.StatusNoContent}, nil
}
