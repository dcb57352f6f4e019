package portal

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/foyerhq/foyer/internal/store"
)

// documentTimeout is how long the provider's PDF, of 10 MiB at most, may take on its way.
const documentTimeout = 5 * time.Minute

// invoiceDocument sends the provider's own PDF of an invoice.
func (p *Portal) invoiceDocument(w http.ResponseWriter, r *http.Request, v *visit) error {
	document, err := p.Store.DocumentOf(r.Context(), v.session.Account.ID, r.PathValue("id"), r.Method != http.MethodHead)
	if err != nil {
		return err
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(documentTimeout)) // not supported by test recorders only
	h := w.Header()
	h.Set("Content-Type", document.MediaType)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": fileName(document)}))
	h.Set("Content-Length", strconv.FormatInt(document.Size, 10))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(document.Body) // the browser went away
	return nil
}

// fileName is a name under which every system keeps a file, in no other folder than the
// person's own: what some system gives a meaning becomes a hyphen.
func fileName(document store.SentDocument) string {
	name := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || strings.ContainsRune(`/\:*?"<>|%`, r) {
			return '-'
		}
		return r
	}, strings.ToValidUTF8(document.Name, "-"))
	if name = strings.Trim(name, ". "); name == "" || name == "pdf" {
		return "document.pdf"
	}
	return name
}
