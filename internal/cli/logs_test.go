package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/cli/podlog"
	"github.com/foyerhq/foyer/internal/cli/reach"
)

func TestLogLine(t *testing.T) {
	request := podlog.Line{
		Time: time.Date(2026, 11, 22, 19, 0, 1, 5e6, time.UTC), Pod: "acme-portal-5d8f-x7k2p", Component: "portal", Level: "WARN", Message: "notifications failed",
		Keys: []podlog.Key{{Name: "code", Value: "550"}, {Name: "detail", Value: "no such user"}, {Name: "o", Value: `{"a": 1}`}}, Raw: `{"level":"WARN"}`,
	}
	panicked := podlog.Line{Time: request.Time, Pod: "acme-portal-5d8f-x7k2p", Component: "portal", Message: "panic: oh\x1b[2J", Raw: "panic: oh"}
	for name, tt := range map[string]struct {
		line   podlog.Line
		output string
		colour bool
		want   string
	}{
		"text":       {request, "text", false, `2026-11-22 19:00:01.005 portal/x7k2p WARN  notifications failed code=550 detail="no such user" o={"a": 1}` + "\n"},
		"in colour":  {request, "text", true, "\x1b[33mWARN \x1b[0m notifications failed \x1b[2mcode=\x1b[0m550"},
		"of another": {panicked, "text", false, `2026-11-22 19:00:01.005 portal/x7k2p panic: oh\u001b[2J` + "\n"},
		"json":       {request, "json", false, `{"level":"WARN"}` + "\n"},
		"no json":    {panicked, "json", false, `{"component":"portal","msg":"panic: oh","pod":"acme-portal-5d8f-x7k2p","time":"2026-11-22T19:00:01.005Z"}` + "\n"},
	} {
		var out strings.Builder
		if _, err := (terminal{&out, tt.colour}).Write([]byte(logLine(Streams{Colour: tt.colour}, tt.line, tt.output))); err != nil {
			t.Fatal(err)
		}
		if tt.colour && strings.Contains(out.String(), tt.want) {
			continue
		}
		if diff := cmp.Diff(tt.want, out.String()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestLoud(t *testing.T) {
	for level, want := range map[string]string{"debug": "DEBUG INFO WARN ERROR none", "warn": "WARN ERROR none", "ERROR": "ERROR none"} {
		loud := (&logsFlags{level: level}).loud()
		var shown []string
		for _, of := range []string{"DEBUG", "INFO", "WARN", "ERROR", ""} {
			if loud == nil || loud(podlog.Line{Level: of}) {
				shown = append(shown, choose(of == "", "none", of))
			}
		}
		if got := strings.Join(shown, " "); got != want {
			t.Errorf("--level %s shows %s, want %s", level, got, want)
		}
	}
}

// Of the operator's lines those about the tenant are wanted, whoever wrote them.
func TestAbout(t *testing.T) {
	line := func(keys ...string) (l podlog.Line) {
		for i := 0; i < len(keys); i += 2 {
			l.Keys = append(l.Keys, podlog.Key{Name: keys[i], Value: keys[i+1]})
		}
		return l
	}
	acme := reach.Pods{Namespace: "ns", Tenant: "acme"}
	for _, tt := range []struct {
		line podlog.Line
		want bool
	}{
		{line("namespace", "ns", "tenant", "acme", "kind", "EventTemplate", "name", "reminders"), true},
		{line("controller", "tenant", "namespace", "ns", "name", "acme"), true},
		{line("namespace", "ns", "tenant", "beta", "kind", "AccountProfile", "name", "acme"), false},
		{line("namespace", "other", "tenant", "acme"), false},
		{line("address", ":8080"), false},
	} {
		if got := about(tt.line, acme); got != tt.want {
			t.Errorf("%v: %t", tt.line.Keys, got)
		}
	}
}
