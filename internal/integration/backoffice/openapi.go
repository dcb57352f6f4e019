package backoffice

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/integration"
)

// Paths of what anybody may read: they hold nothing of the tenant.
const (
	pathOpenAPI     = "/api/v1/openapi.json"
	pathOpenAPIYAML = "/api/v1/openapi.yaml"
	pathDocs        = "/api/v1/docs"
	pathDocsStyle   = "/api/v1/docs/style.css"
)

const (
	securityScheme = "token"
	schemaPrefix   = "#/components/schemas/"
	// apiVersion is that of the interface, not of the release: additions raise the second
	// number, and a break would be /api/v2.
	apiVersion = "1.0.0"
)

const apiDescription = `The provider's own systems keep Foyer's accounts in step with this API, and ask it what applies to whom.

**Requests** carry an API token as ` + "`Authorization: Bearer`" + `. Each operation names the scope that the token needs. Bodies are JSON in UTF-8, at most 1 MiB, and may be compressed (` + "`Content-Encoding: gzip`" + `); unknown fields, and fields that come twice, are refused.

**Errors** are ` + "`application/problem+json`" + ` (RFC 9457) with the field, the rule that it breaks and what is allowed.

**Writing twice** does no harm: PUT and DELETE are idempotent, and a write of a row takes an ` + "`Idempotency-Key`" + ` under which it takes effect once within a day; where it would have no effect it is refused. A refused request leaves its key free.

**Writing quietly**: with ` + "`notify=none`" + ` a write emits no events, so nobody is told of it, as for a first load. Imports and assignments are quiet unless ` + "`notify`" + ` is ` + "`all`" + `. ` + "`/changes`" + ` has everything all the same.

**Writing at the same time** is seen: rows have an entity tag (` + "`ETag`" + `), and with ` + "`If-Match`" + ` a write of something that was changed in between is refused with 412.

**Lists** come in pages: pass ` + "`next`" + ` of a page as ` + "`cursor`" + ` of the next request until there is none. Cursors and positions are opaque.

**Keeping in step**: take ` + "`next`" + ` of ` + "`/changes?after=latest`" + `, read the lists once, then follow ` + "`/changes`" + ` from there.

**Limits**: each token may send 100 requests per second, and 200 at once after a pause, to each replica, unless the operator set others; the headers ` + "`RateLimit`" + ` and ` + "`RateLimit-Policy`" + ` tell, and 429 says with ` + "`Retry-After`" + ` when to go on.

New fields may be added to answers at any time: ignore those that you do not know.`

// newDocument is the OpenAPI document without its operations.
func newDocument() *huma.OpenAPI {
	registry := huma.NewMapRegistry(schemaPrefix, schemaName)
	document := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Foyer integration API", Version: apiVersion, Description: apiDescription,
			License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Servers: []*huma.Server{{URL: "/", Description: "The host that serves this document: the API of one tenant."}},
		Components: &huma.Components{
			Schemas: registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				securityScheme: {
					Type: "http", Scheme: "bearer",
					Description: "An API token of the tenant. The first one is in the Secret that the operator made; it makes the others by POST /api/v1/tokens.",
				},
				signatureScheme: {
					Type: "apiKey", In: "header", Name: "webhook-signature",
					Description: "A signature of Standard Webhooks over webhook-id, webhook-timestamp and the body, at most 5 minutes old. The secret is in the Secret that the Tenant names in spec.backoffice.eventSigningSecretRef.",
				},
			},
		},
	}
	problemSchema := schemaOf[integration.Problem](registry)
	document.Components.Responses = map[string]*huma.Response{}
	for _, f := range failures {
		document.Components.Responses[f.name] = f.response(problemSchema)
	}
	return document
}

// failure is an answer that says what went wrong, the same for all operations.
type failure struct {
	status      int
	name        string
	description string
	detail      string // of the example
	errors      []integration.FieldProblem
	headers     map[string]string
}

var failures = []failure{
	{status: 400, name: "BadRequest", description: "The body is missing, broke off, or is not what its Content-Encoding says.", detail: "the body is not gzip, as its Content-Encoding says"},
	{
		status: 401, name: "Unauthorized", description: "There is no token, or none of this tenant: unknown, expired and withdrawn ones are answered alike.",
		detail: detailUnauthenticated, headers: map[string]string{"WWW-Authenticate": "How to authenticate."},
	},
	{status: 403, name: "Forbidden", description: "The token has not the scope of the operation.", detail: "the token has no scope sites:write"},
	{status: 404, name: "NotFound", description: "There is none with this id.", detail: "there is none with this id"},
	{status: 406, name: "NotAcceptable", description: "Accept excludes what the operation answers with.", detail: "the answer is application/json, which Accept excludes"},
	{status: 408, name: "RequestTimeout", description: "The body came too slowly.", detail: "the body did not come within 10 seconds"},
	{status: 409, name: "Conflict", description: "Something else is in the way, as rows that refer to it.", detail: `site "s-1" cannot be deleted: there are services of it`},
	{status: 410, name: "Gone", description: "Changes after this position are not kept any more, or never were.", detail: detailGone},
	{status: 412, name: "PreconditionFailed", description: "It was changed, created or deleted since it was read.", detail: "Site is at version 4, not 3: read it again and repeat the change"},
	{status: 413, name: "ContentTooLarge", description: "The body is too large.", detail: "the body is larger than 1048576 bytes"},
	{status: 415, name: "UnsupportedMediaType", description: "The body is of a type or an encoding that is not taken here.", detail: "send the body as Content-Type: application/json"},
	{
		status: 422, name: "UnprocessableContent", description: "Fields or parameters are not allowed; errors names each. Or the Idempotency-Key was used for another request.",
		detail: detailInvalid, errors: []integration.FieldProblem{{Field: "name", Rule: "maxLength", Message: "is longer than 200 characters"}},
	},
	{
		status: 429, name: "TooManyRequests", description: "The token, or the address with wrong tokens, sends too many requests.",
		detail: "the token sends more than 100 requests per second: slow down, or send many rows at once by an import",
		headers: map[string]string{
			"Retry-After": "Seconds to wait.", "RateLimit": "What is left, as \"token\";r=0;t=2.", "RateLimit-Policy": "The limit, as \"token\";q=200;w=2.",
		},
	},
	{status: 500, name: "InternalServerError", description: "A defect of the server. Its log has the request id.", detail: detailInternal},
	{
		status: 503, name: "ServiceUnavailable", description: "The database or the settings are away for the moment.",
		detail: detailUnavailable, headers: map[string]string{"Retry-After": "Seconds to wait."},
	},
}

func (f failure) response(schema *huma.Schema) *huma.Response {
	example := problem(f.status, f.detail)
	example.Errors, example.RequestID = f.errors, "6f1d8e0a4b2c9735"
	text, err := json.Marshal(example)
	if err != nil {
		panic(err) // a problem is made to be encoded
	}
	response := &huma.Response{
		Description: f.description,
		Content:     map[string]*huma.MediaType{integration.ProblemMediaType: {Schema: schema, Example: json.RawMessage(text)}},
	}
	for name, description := range f.headers {
		if response.Headers == nil {
			response.Headers = map[string]*huma.Header{}
		}
		response.Headers[name] = textHeader(description)
	}
	return response
}

func textHeader(description string) *huma.Header {
	return &huma.Header{Description: description, Schema: &huma.Schema{Type: huma.TypeString}}
}

// tag declares a group of operations and returns its name.
func (a *api) tag(name, description string) string {
	document := a.huma.OpenAPI()
	if !slices.ContainsFunc(document.Tags, func(t *huma.Tag) bool { return t.Name == name }) {
		document.Tags = append(document.Tags, &huma.Tag{Name: name, Description: description})
	}
	return name
}

func (a *api) response(description, media string, schema *huma.Schema) *huma.Response {
	return &huma.Response{Description: description, Content: map[string]*huma.MediaType{media: {Schema: schema}}}
}

// document completes the OpenAPI document: what every operation may answer with is
// written here once, by what the operation takes.
func (a *api) document() *huma.OpenAPI {
	document := a.huma.OpenAPI()
	for _, item := range document.Paths {
		for _, o := range operationsOf(item) {
			completeOperation(o)
		}
	}
	slices.SortFunc(document.Tags, func(x, y *huma.Tag) int { return strings.Compare(x.Name, y.Name) })
	for _, schema := range document.Components.Schemas.Map() {
		completeSchema(schema)
	}
	return document
}

func operationsOf(item *huma.PathItem) []*huma.Operation {
	var list []*huma.Operation
	for _, o := range []*huma.Operation{item.Get, item.Put, item.Post, item.Patch, item.Delete} {
		if o != nil {
			list = append(list, o)
		}
	}
	return list
}

func completeOperation(o *huma.Operation) {
	delete(o.Responses, "default")
	if ok := o.Responses["200"]; ok != nil && o.Method == http.MethodPut {
		created := *ok
		created.Description = "Created"
		o.Responses["201"] = &created
	}
	if o.Method == http.MethodPatch {
		o.RequestBody.Content["application/merge-patch+json"] = o.RequestBody.Content["application/json"]
	}
	if slices.ContainsFunc(o.Parameters, func(p *huma.Param) bool { return p.Name == "If-None-Match" }) && o.Method == http.MethodGet {
		o.Responses["304"] = &huma.Response{
			Description: "Nothing changed since the entity tag.", Headers: map[string]*huma.Header{"ETag": o.Responses["200"].Headers["ETag"]},
		}
	}
	for _, status := range failuresOf(o) {
		for _, f := range failures {
			if f.status == status {
				o.Responses[strconv.Itoa(status)] = &huma.Response{Ref: "#/components/responses/" + f.name}
			}
		}
	}
	if scope, _ := o.Metadata[scopeKey].(string); scope != "" {
		o.Description = strings.TrimSpace(o.Description) + "\n\nScope: `" + scope + "`."
	} else {
		o.Description = strings.TrimSpace(o.Description) + "\n\nScope: none, any token will do."
	}
	for _, response := range o.Responses {
		delete(response.Headers, "Content-Type") // content says it
		for _, header := range response.Headers {
			if header.Description == "" && header.Schema != nil {
				header.Description = header.Schema.Description
			}
		}
	}
}

// failuresOf lists what an operation may fail with.
func failuresOf(o *huma.Operation) []int {
	list := []int{401, 429, 500, 503}
	if scope, _ := o.Metadata[scopeKey].(string); scope != "" {
		list = append(list, 403)
	}
	if len(successTypes(o)) > 0 {
		list = append(list, 406)
	}
	if len(o.Parameters) > 0 || o.RequestBody != nil {
		list = append(list, 422)
	}
	if o.RequestBody != nil {
		list = append(list, 400, 408, 413, 415)
	}
	if creates := o.Method == http.MethodPut && strings.Count(o.Path, "{") == 1 && strings.HasSuffix(o.Path, "}"); strings.Contains(o.Path, "{") && !creates {
		list = append(list, 404)
	}
	if slices.ContainsFunc(o.Parameters, func(p *huma.Param) bool { return p.Name == "If-Match" }) {
		list = append(list, 412)
	}
	return append(list, o.Errors...)
}

// formatPatterns are the formats that are our own, as patterns.
var formatPatterns = map[string]string{"decimal": `^-?[0-9]{1,14}(\.[0-9]{1,4})?$`, "currency": "^[A-Z]{3}$"}

// completeSchema turns what only huma and package integration know into what everybody
// knows.
func completeSchema(schema *huma.Schema) {
	if pattern, ours := formatPatterns[schema.Format]; ours && schema.Pattern == "" {
		schema.Pattern = pattern
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		property := schema.Properties[name]
		if property.PatternDescription != "" {
			property.Description = strings.TrimSpace(property.Description + " Allowed: " + property.PatternDescription + ".")
			property.PatternDescription = ""
		}
		completeSchema(property)
	}
	if schema.Items != nil {
		completeSchema(schema.Items)
	}
	for _, nested := range schema.AnyOf {
		completeSchema(nested)
	}
}

// Document is the OpenAPI document in JSON, as it is served and as docs/openapi.json has it.
func Document() []byte {
	a := newAPI(Options{Log: slog.New(slog.DiscardHandler)})
	a.registerAll()
	return encodeDocument(a.document())
}

func encodeDocument(document *huma.OpenAPI) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		panic(err) // the document is made to be encoded
	}
	return text.Bytes()
}

// published are the pages that anybody may read.
func (a *api) published() map[string]http.HandlerFunc {
	document := a.document()
	yaml, err := document.YAML()
	if err != nil {
		panic(err) // as in encodeDocument
	}
	return map[string]http.HandlerFunc{
		pathOpenAPI:     static("application/openapi+json", encodeDocument(document)),
		pathOpenAPIYAML: static("application/openapi+yaml", yaml),
		pathDocs:        serveDocs(renderDocs(document)),
		pathDocsStyle:   static("text/css; charset=utf-8", docsCSS),
	}
}

func static(media string, text []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(text) // a client that has gone notices by itself
	}
}
