package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTheGuideIsTrue runs the pages on the API from top to bottom, each on a tenant as
// config/samples declares it: every request gets the answer that the page shows, every
// command prints what the page shows. A block of any other kind fails, so that none is
// left out.
func TestTheGuideIsTrue(t *testing.T) {
	for page, least := range map[string]int{"integration-api.md": 20, "import.md": 4} {
		t.Run(page, func(t *testing.T) {
			blocks := blocksOf(t, page)
			if len(blocks) < least {
				t.Fatalf("only %d examples were found", len(blocks))
			}
			newGuide(t).follow(t, blocks)
		})
	}
}

func (g *guide) follow(t *testing.T, blocks []block) {
	t.Helper()
	if slices.ContainsFunc(blocks, func(b block) bool { return strings.Contains(b.text, "kubectl foyer") }) {
		g.buildPlugin(t)
	}
	for i := 0; i < len(blocks); i++ {
		b := blocks[i]
		switch b.language {
		case "http":
			g.exchange(t, b)
		case "sh":
			out := g.run(t, b)
			if i+1 < len(blocks) && blocks[i+1].language == "text" {
				i++
				compare(t, blocks[i], "it prints", blocks[i].text, out)
			}
		default:
			t.Errorf("%s: a block of %q cannot be run", b.place, b.language)
		}
	}
}

// TestFollowProgram runs the program that keeps a copy: from nothing, when nothing changed,
// and after changes.
func TestFollowProgram(t *testing.T) {
	g := newGuide(t)
	g.write(t, "follow.mjs", content(t, filepath.Join(root(t), "docs", "follow.mjs")))
	const put = `put() { curl -sf -o /dev/null -X PUT -H "Authorization: Bearer $TOKEN" --json "$2" "$API/$1"; }
`
	steps := []struct{ do, want string }{
		{`put accounts/A '{"name": "Ada"}'; put sites/s-1 '{"accountId": "A", "name": "Home"}'`, "2 rows"},
		{"true", "2 rows"},
		{`put accounts/A '{"name": "Ada Lee"}'; curl -sf -X DELETE -H "Authorization: Bearer $TOKEN" $API/sites/s-1`, "Upsert account A\nDelete site s-1\n1 rows"},
		{`put sites/s-2 '{"accountId": "A", "name": "Gone"}'; curl -sf -X DELETE -H "Authorization: Bearer $TOKEN" $API/sites/s-2`, "Upsert site s-2\nDelete site s-2\n1 rows"},
	}
	for _, step := range steps {
		b := block{place: "follow.mjs", text: put + step.do + "; node follow.mjs"}
		compare(t, b, "it prints after "+step.do, step.want, g.run(t, b))
	}
}

// guide is a reader who tries what the guide shows.
type guide struct {
	*sample
	dir  string            // where commands run
	last map[string]string // texts and headers of the last answer, for {name} in a request
}

func newGuide(t *testing.T) *guide {
	t.Helper()
	g := &guide{sample: newSample(t, "acme"), dir: t.TempDir(), last: map[string]string{}}
	g.write(t, "kubectl", kubectl)
	return g
}

func (g *guide) buildPlugin(t *testing.T) {
	t.Helper()
	plugin := exec.CommandContext(t.Context(), "go", "build", "-o", g.dir, "./cmd/kubectl-foyer")
	plugin.Dir = root(t)
	if out, err := plugin.CombinedOutput(); err != nil {
		t.Fatalf("build kubectl foyer: %v\n%s", err, out)
	}
}

// kubectl stands in for the cluster: the port is forwarded already, the Secret is there,
// and the plugin reaches the API by its address.
const kubectl = `#!/bin/bash
case "$*" in
*port-forward*) ;;
*"get secret acme-cli"*) printf %s "$SECRET" ;;
"foyer "*)
    args=("${@:2}")
    for i in "${!args[@]}"; do
        if [ "${args[i]}" = -n ]; then unset "args[i]" "args[i+1]"; fi
    done
    exec kubectl-foyer "${args[@]}" --server "$SERVER" --token-file token ;;
*) echo "not expected: kubectl $*" >&2; exit 1 ;;
esac
`

func (g *guide) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(g.dir, name), []byte(text), 0o700); err != nil { //nolint:gosec // some are run
		t.Fatal(err)
	}
}

// addresses are those of a reader, who has forwarded a port or runs the demo.
var addresses = regexp.MustCompile(`http://localhost:8082|https://api\.acme\.localhost`)

// run runs the commands of a block and returns what they print.
func (g *guide) run(t *testing.T, b block) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	g.write(t, "token", g.token)
	text := addresses.ReplaceAllString(b.text, g.url)
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", text) //nolint:gosec // the guide's own commands
	cmd.Dir = g.dir
	cmd.Env = append(os.Environ(), "PATH="+g.dir+":"+os.Getenv("PATH"), "SERVER="+g.url, "API="+g.url+"/api/v1", "TOKEN="+g.token,
		"SECRET="+base64.StdEncoding.EncodeToString([]byte(g.token)), "NODE_NO_WARNINGS=1", "NO_COLOR=1")
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		t.Errorf("%s: %v\n%s\n%s%s", b.place, err, text, out.String(), complaints.String())
	}
	return out.String()
}

var named = regexp.MustCompile(`\{[A-Za-z-]+\}`)

// exchange sends the request of a block and wants the answer that follows it.
func (g *guide) exchange(t *testing.T, b block) {
	t.Helper()
	e, err := parseExchange(b.text)
	if err != nil {
		t.Fatalf("%s: %v", b.place, err)
	}
	method, path, _ := strings.Cut(g.fill(t, b, e.request.first), " ")
	request, err := http.NewRequestWithContext(t.Context(), method, g.url+path, strings.NewReader(e.request.body))
	if err != nil {
		t.Fatalf("%s: %v", b.place, err)
	}
	request.Header.Set("Authorization", "Bearer "+g.token)
	if e.request.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, h := range e.request.header {
		request.Header.Set(h.name, g.fill(t, b, h.value))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatalf("%s: %v", b.place, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s: %v", b.place, err)
	}
	answer := "HTTP/1.1 " + response.Status
	for _, h := range e.answer.header {
		answer += fmt.Sprintf("\n%s: %s", h.name, response.Header.Get(h.name))
	}
	compare(t, b, "the answer begins", e.answer.head(), answer)
	compare(t, b, "the answer is", e.answer.body, string(body))
	g.remember(response.Header, body)
}

// fill puts what the last answer had into a request: {next} is its field or header next.
func (g *guide) fill(t *testing.T, b block, text string) string {
	t.Helper()
	return named.ReplaceAllStringFunc(text, func(name string) string {
		value, known := g.last[strings.ToLower(strings.Trim(name, "{}"))]
		if !known {
			t.Errorf("%s: the answer before has no %s", b.place, name)
		}
		return value
	})
}

func (g *guide) remember(header http.Header, body []byte) {
	g.last = map[string]string{}
	for name := range header {
		g.last[strings.ToLower(name)] = header.Get(name)
	}
	var fields map[string]any
	if json.Unmarshal(body, &fields) != nil {
		return
	}
	for name, value := range fields {
		if text, ok := value.(string); ok {
			g.last[strings.ToLower(name)] = text
		}
	}
}
