package backoffice

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/foyerhq/foyer/internal/integration"
)

// Bounds of a body that is one JSON object.
const (
	maxJSONBytes = 1 << 20          // after decompression
	bodyTimeout  = 10 * time.Second // for each maxJSONBytes
)

// takesBody reads the body of an operation whole and hands it on decompressed. limit 0 is
// maxJSONBytes.
func (a *api) takesBody(limit int64) func(huma.Context, func(huma.Context)) {
	if limit <= 0 {
		limit = maxJSONBytes
	}
	return func(ctx huma.Context, next func(huma.Context)) {
		wanted := ctx.Operation().RequestBody
		if wanted == nil {
			next(ctx)
			return
		}
		r, w := humago.Unwrap(ctx)
		text, wrong := a.readBody(w, r, slices.Sorted(maps.Keys(wanted.Content)), limit)
		if wrong != nil {
			a.answer(ctx, wrong)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(text))
		next(ctx)
	}
}

const detailNoBody = "the body is missing"

// readBody reads a body of one of some media types, at most limit bytes of it.
func (a *api) readBody(w http.ResponseWriter, r *http.Request, types []string, limit int64) ([]byte, *integration.Problem) {
	text, wrong := a.readBytes(w, r, types, limit)
	if wrong == nil && len(text) == 0 {
		return nil, problem(http.StatusBadRequest, detailNoBody)
	}
	return text, wrong
}

// readBytes is readBody where the body may be empty.
func (a *api) readBytes(w http.ResponseWriter, r *http.Request, types []string, limit int64) ([]byte, *integration.Problem) {
	if wrong := checkMediaType(w, r, types); wrong != nil {
		return nil, wrong
	}
	tooLarge := problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", limit))
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close")
		return nil, tooLarge
	}
	control := http.NewResponseController(w)
	patience := a.bodyTime * time.Duration(max(1, limit/maxJSONBytes))
	_ = control.SetReadDeadline(time.Now().Add(patience)) // not supported by test recorders only
	body, wrong := decompressed(w, r, limit)
	if wrong != nil {
		return nil, wrong
	}
	text, err := io.ReadAll(body)
	switch {
	case errors.Is(err, errBodyTooLarge):
		w.Header().Set("Connection", "close")
		return nil, tooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.Header().Set("Connection", "close")
		return nil, problem(http.StatusRequestTimeout, fmt.Sprintf("the body did not come within %.0f seconds", patience.Seconds()))
	case err != nil:
		return nil, problem(http.StatusBadRequest, "the body broke off or is damaged: "+err.Error())
	}
	_ = control.SetReadDeadline(time.Time{})
	return text, nil
}

// checkMediaType refuses a body of another type. A body without one is of the first.
func checkMediaType(w http.ResponseWriter, r *http.Request, types []string) *integration.Problem {
	header := r.Header.Get("Content-Type")
	if header == "" {
		r.Header.Set("Content-Type", types[0])
		return nil
	}
	media, _, err := mime.ParseMediaType(header)
	if err == nil && slices.Contains(types, media) {
		return nil
	}
	accept := "Accept-Post"
	if r.Method == http.MethodPatch {
		accept = "Accept-Patch"
	}
	w.Header().Set(accept, strings.Join(types, ", "))
	return problem(http.StatusUnsupportedMediaType, "send the body as Content-Type: "+strings.Join(types, " or "))
}

// decompressed is the body as its Content-Encoding says. Neither what comes nor what it
// unfolds to is read past the limit.
func decompressed(w http.ResponseWriter, r *http.Request, limit int64) (io.Reader, *integration.Problem) {
	body := io.Reader(&limitedReader{reader: r.Body, left: limit})
	switch encoding := strings.ToLower(r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
		return body, nil
	case "gzip":
		unzipped, err := gzip.NewReader(body)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, problem(http.StatusBadRequest, "the body is not gzip, as its Content-Encoding says")
		}
		if err != nil {
			return failingReader{err}, nil
		}
		return &limitedReader{reader: unzipped, left: limit}, nil
	default:
		w.Header().Set("Accept-Encoding", "gzip")
		return nil, problem(http.StatusUnsupportedMediaType, fmt.Sprintf("Content-Encoding %q is not supported, allowed is gzip or none", encoding))
	}
}

// failingReader is a body of which nothing came.
type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// answersAsAsked refuses a request whose Accept excludes every type that the operation
// answers with.
func (a *api) answersAsAsked(ctx huma.Context, next func(huma.Context)) {
	r, _ := humago.Unwrap(ctx)
	types := successTypes(ctx.Operation())
	if len(types) > 0 && !acceptable(r.Header.Values("Accept"), types) {
		a.answer(ctx, problem(http.StatusNotAcceptable, "the answer is "+strings.Join(types, " or ")+", which Accept excludes"))
		return
	}
	r.Header.Del("Accept") // huma takes it too literally
	next(ctx)
}

// successTypes are the media types of the answers of an operation that are no errors.
func successTypes(o *huma.Operation) []string {
	found := map[string]bool{}
	for status, response := range o.Responses {
		if strings.HasPrefix(status, "2") {
			for media := range response.Content {
				found[media] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// acceptable says whether headers Accept allow one of some media types. The most specific
// range that matches a type decides.
func acceptable(headers, types []string) bool {
	ranges := acceptRanges(headers)
	if len(ranges) == 0 {
		return true
	}
	for _, media := range types {
		family, _, _ := strings.Cut(media, "/")
		for _, name := range []string{media, family + "/*", "*/*"} {
			if allowed, named := ranges[name]; named {
				if allowed {
					return true
				}
				break
			}
		}
	}
	return false
}

// acceptRanges says of each media range of headers Accept whether it is wanted.
func acceptRanges(headers []string) map[string]bool {
	ranges := map[string]bool{}
	for item := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		name, parameters, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		ranges[name] = strings.Trim(parameters["q"], "0.") != "" || parameters["q"] == ""
	}
	return ranges
}
