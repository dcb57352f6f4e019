package backoffice

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/foyerhq/foyer/internal/integration"
	"github.com/foyerhq/foyer/internal/store"
)

// entityTag is the entity tag of a version.
func entityTag(version int64) string { return `"v` + strconv.FormatInt(version, 10) + `"` }

// matches says whether a list of entity tags has one.
func matches(header, tag string) bool {
	for known := range strings.SplitSeq(header, ",") {
		known = strings.TrimSpace(known)
		if known == "*" || strings.TrimPrefix(known, "W/") == tag {
			return true
		}
	}
	return false
}

// version is the version that If-Match asks for; 0: any.
func (in WriteInput) version() (int64, *integration.Problem) {
	if in.IfNoneMatch != "" && in.IfNoneMatch != "*" {
		return 0, invalid([]integration.FieldProblem{{Field: "If-None-Match", Rule: "enum", Message: "a write takes * only, and is then refused if there is one already"}})
	}
	if in.IfMatch == "" || in.IfMatch == "*" {
		return 0, nil
	}
	digits, ours := strings.CutPrefix(strings.Trim(in.IfMatch, `"`), "v")
	version, err := strconv.ParseInt(digits, 10, 64)
	if !ours || err != nil || version < 1 {
		return 0, problem(http.StatusPreconditionFailed, `If-Match takes the one entity tag that was read, as "v3"`)
	}
	return version, nil
}

// request is how one change takes effect: with once, only once; quiet, without events.
type request struct {
	once  *store.Once
	quiet bool
}

// request says what makes a request the same as an earlier one, where it has a key.
func (in WriteInput) request(path string, text []byte, merge bool) request {
	r := request{quiet: in.Notify == string(integration.NotifyNone)}
	if in.IdempotencyKey != "" {
		digest := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n%s\n%t\n%t\n%s", path, in.ID, in.IfMatch, in.IfNoneMatch, r.quiet, merge, text))
		r.once = &store.Once{Key: in.IdempotencyKey, Request: digest[:]}
	}
	return r
}

// write runs one change of the API. replayed is "true" if the answer is that of an
// earlier request.
func (a *api) write(ctx context.Context, r request, work func(context.Context, *store.Writer) (store.Answer, error)) (answer store.Answer, replayed string, err error) {
	token := tokenOf(ctx)
	origin := store.Origin{Actor: token.actor(), IP: token.ip, Now: a.now(), Quiet: r.quiet}
	err = a.Store.Write(ctx, origin, func(ctx context.Context, w *store.Writer) error {
		replayed = ""
		if r.once == nil {
			answer, err = work(ctx, w)
			return err
		}
		once := *r.once
		once.Token = token.ID
		earlier, err := w.Repeated(ctx, once)
		if err != nil {
			return err
		}
		if earlier != nil {
			answer, replayed = *earlier, "true"
			return nil
		}
		if answer, err = work(ctx, w); err != nil {
			return err
		}
		return w.Remember(ctx, once, answer)
	})
	return answer, replayed, err
}
