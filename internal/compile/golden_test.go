package compile_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Each folder of testdata/golden holds objects.yaml, perhaps live.json, live-routing.json
// and usage.yaml, and what comes of them: settings.json, routing.json and report.txt.
// `go test -update` writes the latter three; read the difference before you commit it.
func TestGolden(t *testing.T) {
	folders, err := filepath.Glob("testdata/golden/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no golden folders: %v", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			out := mustCompile(t, readInput(t, folder))
			golden(t, filepath.Join(folder, "settings.json"), out.Document)
			golden(t, filepath.Join(folder, "routing.json"), out.Routing)
			golden(t, filepath.Join(folder, "report.txt"), []byte(report(out)))
			if out.Document != nil {
				if live := mustLoad(t, out.Document); live.Digest != out.Digest {
					t.Errorf("digest %s, the loader says %s", out.Digest, live.Digest)
				}
			}
			if out.Routing != nil {
				if live := mustRoute(t, out.Routing); live.Digest != out.RoutingDigest {
					t.Errorf("digest %s, the loader says %s", out.RoutingDigest, live.Digest)
				}
			}
		})
	}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func readInput(t *testing.T, folder string) compile.Input {
	t.Helper()
	var in compile.Input
	objects := optional(t, filepath.Join(folder, "objects.yaml"))
	for _, document := range strings.Split(string(objects), "\n---\n") {
		var head struct{ Kind string }
		decode(t, document, &head)
		switch head.Kind {
		case "Tenant":
			in.Tenant = &v1alpha1.Tenant{}
			decode(t, document, in.Tenant)
		case "AccountProfile":
			in.AccountProfiles = append(in.AccountProfiles, v1alpha1.AccountProfile{})
			decode(t, document, &in.AccountProfiles[len(in.AccountProfiles)-1])
		case "MyAccountProfile":
			in.MyAccountProfiles = append(in.MyAccountProfiles, v1alpha1.MyAccountProfile{})
			decode(t, document, &in.MyAccountProfiles[len(in.MyAccountProfiles)-1])
		case "EventTemplate":
			in.EventTemplates = append(in.EventTemplates, v1alpha1.EventTemplate{})
			decode(t, document, &in.EventTemplates[len(in.EventTemplates)-1])
		default:
			t.Fatalf("kind %q in %s", head.Kind, folder)
		}
	}
	in.Live = optional(t, filepath.Join(folder, "live.json"))
	in.LiveRouting = optional(t, filepath.Join(folder, "live-routing.json"))
	if counts := optional(t, filepath.Join(folder, "usage.yaml")); counts != nil {
		in.Usage = &config.Usage{}
		decode(t, string(counts), in.Usage)
	}
	in.Acknowledged = in.Live != nil
	return in
}

func decode(t *testing.T, document string, into any) {
	t.Helper()
	unmarshal := yaml.UnmarshalStrict
	if _, isHead := into.(*struct{ Kind string }); isHead {
		unmarshal = yaml.Unmarshal
	}
	if err := unmarshal([]byte(document), into); err != nil {
		t.Fatal(err)
	}
}

func optional(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return content
}

// report writes an output as a person would want to read it.
func report(out compile.Output) string {
	var b bytes.Buffer
	object := func(what string, o compile.Outcome) {
		fmt.Fprintf(&b, "%s: live generation %d, newest %v, accounts %s\n", what, o.LiveGeneration, o.Live, number(o.Accounts))
		fmt.Fprintf(&b, "  Accepted=%v %s: %s\n", o.Accepted.Status, o.Accepted.Reason, o.Accepted.Message)
		fmt.Fprintf(&b, "  ResolvedRefs=%v %s: %s\n", o.ResolvedRefs.Status, o.ResolvedRefs.Reason, o.ResolvedRefs.Message)
		for _, w := range o.Warnings {
			fmt.Fprintf(&b, "  warning: %s\n", w)
		}
		if o.Conflicted.Status {
			fmt.Fprintf(&b, "  Conflicted %s: %s\n", o.Conflicted.Reason, o.Conflicted.Message)
		}
		for _, e := range o.Events {
			if e.Source != v1alpha1.MessagesStandard {
				fmt.Fprintf(&b, "  event: %s %s %q\n", e.Event, e.Source, e.Templates)
			}
		}
		if o.SMSSegments > 0 {
			fmt.Fprintf(&b, "  SMS segments: %d\n", o.SMSSegments)
		}
	}
	object("Tenant", out.Tenant)
	for _, name := range slices.Sorted(maps.Keys(out.AccountProfiles)) {
		object("AccountProfile "+name, out.AccountProfiles[name])
	}
	for _, name := range slices.Sorted(maps.Keys(out.MyAccountProfiles)) {
		object("MyAccountProfile "+name, out.MyAccountProfiles[name])
	}
	for _, name := range slices.Sorted(maps.Keys(out.EventTemplates)) {
		object("EventTemplate "+name, out.EventTemplates[name])
	}
	fmt.Fprintf(&b, "default: %s (%s)\n", out.Default.Name, out.Default.Source)
	for _, o := range out.Orphaned {
		fmt.Fprintf(&b, "orphaned: %s %s, accounts %s\n", o.Kind, o.Name, number(o.Accounts))
	}
	fmt.Fprintf(&b, "customers: %q\n", out.Customers)
	return b.String()
}

func number(n *int64) string {
	if n == nil {
		return "unknown"
	}
	return fmt.Sprint(*n)
}
