// Command openapi prints the OpenAPI document of the integration API. `make generate`
// writes it to docs/openapi.json.
package main

import (
	"log"
	"os"

	"github.com/foyerhq/foyer/internal/integration/backoffice"
)

func main() {
	if _, err := os.Stdout.Write(backoffice.Document()); err != nil {
		log.Fatal(err)
	}
}
