package backoffice

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/integration"
)

// importOperation documents the import of a kind.
func (a *api) importOperation(kind integration.Kind) huma.Operation {
	registry := a.huma.OpenAPI().Components.Schemas
	answer := a.response("A refusal for each line that was not applied, in the order of the lines, and the summary as the last line.",
		integration.MediaType, &huma.Schema{OneOf: []*huma.Schema{schemaOf[integration.Refusal](registry), schemaOf[integration.Result](registry)}})
	return huma.Operation{
		OperationID: "import" + title(string(kind)), Method: http.MethodPost, Path: "/api/v1/import/" + string(kind),
		Tags:    []string{a.tag("Import", "Many rows at once: one JSON object per line, created or changed by id, at the speed of the database.")},
		Summary: "Import " + string(kind),
		Description: "Creates and changes " + string(kind) + " by their ids, one JSON object per line, up to 1 GiB. Lines are handled while they come in, " +
			"in batches that are each applied whole. When an import ends early, the last line of the answer has a problem that says from which line to send again.",
		Parameters: importParameters(kind),
		RequestBody: &huma.RequestBody{
			Required:    true,
			Description: "One JSON object per line, at most 64 KiB each.",
			Content:     map[string]*huma.MediaType{integration.MediaType: {Schema: &huma.Schema{Type: huma.TypeString}}},
		},
		Responses: map[string]*huma.Response{"200": answer},
	}
}
