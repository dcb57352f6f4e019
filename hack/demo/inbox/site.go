package inbox

import (
	_ "embed"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

//go:embed site.html
var siteHTML string

//go:embed site.css
var siteCSS string

var pages = template.Must(template.New("site").Funcs(template.FuncMap{
	"clock": func(t time.Time) string { return t.Local().Format("2 Jan 15:04:05") },
}).Parse(siteHTML))

// Site is the page of the inbox and its JSON:
//
//	GET /                             the list: ?tenant=acme&to=dana
//	GET /messages/ID                  a message; .../html is what a mail looks like, .../source how it came
//	GET /api/messages?after=ID        the list as JSON, the oldest first
func (b *Inbox) Site() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", b.listPage)
	mux.HandleFunc("GET /messages/{id}", b.one(b.messagePage))
	mux.HandleFunc("GET /messages/{id}/html", b.one(htmlPage))
	mux.HandleFunc("GET /messages/{id}/source", b.one(sourcePage))
	mux.HandleFunc("GET /api/messages", func(w http.ResponseWriter, r *http.Request) { answer(w, http.StatusOK, b.List(filterOf(r))) })
	mux.HandleFunc("GET /site.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write([]byte(siteCSS)) // the browser went away
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

func filterOf(r *http.Request) Filter {
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	return Filter{Tenant: r.URL.Query().Get("tenant"), To: r.URL.Query().Get("to"), After: after}
}

// mostListed bounds the list of the page.
const mostListed = 200

func (b *Inbox) listPage(w http.ResponseWriter, r *http.Request) {
	f := filterOf(r)
	list := b.List(f)
	slices.Reverse(list)
	render(w, "list", map[string]any{
		"Filter": f, "Tenants": slices.Sorted(maps.Keys(b.Passwords)), "Count": len(list), "Messages": list[:min(len(list), mostListed)],
	})
}

func (b *Inbox) messagePage(w http.ResponseWriter, m Message) { render(w, "message", m) }

// htmlPage is what a mail looks like, for a frame: nothing of it can run, send or call
// anybody, and pictures are those that it brings.
func htmlPage(w http.ResponseWriter, m Message) {
	w.Header().Set("Content-Security-Policy", "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(m.HTML)) // the browser went away
}

func sourcePage(w http.ResponseWriter, m Message) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(m.Source)) // the browser went away
}

// one is a page of one message.
func (b *Inbox) one(show func(http.ResponseWriter, Message)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.PathValue("id"))
		m, ok := b.Get(id)
		if !ok {
			http.Error(w, "The inbox has no such message: it keeps the last ones, until the demo is started anew.", http.StatusNotFound)
			return
		}
		show(w, m)
	}
}

func render(w http.ResponseWriter, page string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := pages.ExecuteTemplate(w, page, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
