package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/cli/lint"
	"github.com/foyerhq/foyer/internal/cli/manifest"
	"github.com/foyerhq/foyer/internal/cli/reach"
	"github.com/foyerhq/foyer/internal/compile"
	"github.com/foyerhq/foyer/internal/config"
	"github.com/foyerhq/foyer/internal/integration"
)

// changedFlags name files with objects that are not applied yet.
type changedFlags struct {
	files     []string
	recursive bool
}

func (f *changedFlags) add(command *cobra.Command) {
	command.Flags().StringArrayVarP(&f.files, "filename", "f", nil, "file or directory with changed objects, - for standard input; can be repeated")
	command.Flags().BoolVarP(&f.recursive, "recursive", "R", false, "read the directories in directories as well")
}

// documents are what the operator would make of the tenant's objects, if those of the files
// were applied: the objects of the cluster with those of the files in their places. With
// --server the files have to be all that the tenant has.
func (f *changedFlags) documents(ctx context.Context, target targetFlags, streams Streams) (integration.Documents, error) {
	source := sourceFlags{files: f.files, recursive: f.recursive, namespace: cmp.Or(target.cluster.Namespace, "default")}
	set, err := source.read(streams)
	if err != nil {
		return integration.Documents{}, err
	}
	result, err := lint.Check(set, lint.Options{Namespace: source.namespace})
	if err != nil {
		return integration.Documents{}, err
	}
	if err := refuse(streams, result, func(lint.Finding) bool { return true }); err != nil {
		return integration.Documents{}, err
	}
	objects, err := target.objects(ctx, result)
	if err != nil {
		return integration.Documents{}, err
	}
	findings, err := lint.CheckChanges(set.Objects, objects.Object)
	if err != nil {
		return integration.Documents{}, err
	}
	if err := refuse(streams, lint.Result{Findings: findings}, func(lint.Finding) bool { return true }); err != nil {
		return integration.Documents{}, err
	}
	c := &changes{objects: objects}
	for _, o := range set.Objects {
		if err := c.put(o); err != nil {
			return integration.Documents{}, err
		}
	}
	return c.compile(streams)
}

// objects are those that files are to be put in the places of. Of a tenant that is reached by
// its address there are none.
func (f *targetFlags) objects(ctx context.Context, files lint.Result) (reach.Objects, error) {
	if f.server.URL == "" {
		return reach.ClusterObjects(ctx, f.cluster)
	}
	if len(files.Tenants) != 1 {
		return reach.Objects{}, fmt.Errorf("with --server no cluster is asked, so the files must have all objects of the tenant: they have %s", plural(len(files.Tenants), "Tenant"))
	}
	return reach.Objects{Tenant: files.Tenants[0].Name}, nil
}

// changes are objects with those of files in their places.
type changes struct {
	objects reach.Objects
	changed []manifest.Object
}

// put puts an object of a file in its place. What is not Foyer's is left out.
func (c *changes) put(o manifest.Object) (err error) {
	if apiVersion, _ := o.Content["apiVersion"].(string); !strings.HasPrefix(apiVersion, v1alpha1.SchemeGroupVersion.Group+"/") {
		return nil
	}
	c.changed = append(c.changed, o)
	in := &c.objects.Input
	switch kindOf(o) {
	case "Tenant":
		var tenants []v1alpha1.Tenant
		if in.Tenant != nil {
			tenants = append(tenants, *in.Tenant)
		}
		tenants, err = place(c, o, tenants, func(t *v1alpha1.Tenant) (*metav1.ObjectMeta, string) { return &t.ObjectMeta, t.Name })
		if err == nil {
			in.Tenant = &tenants[0]
		}
	case "AccountProfile":
		in.AccountProfiles, err = place(c, o, in.AccountProfiles, func(p *v1alpha1.AccountProfile) (*metav1.ObjectMeta, string) {
			return &p.ObjectMeta, p.Spec.TenantRef.Name
		})
	case "MyAccountProfile":
		in.MyAccountProfiles, err = place(c, o, in.MyAccountProfiles, func(p *v1alpha1.MyAccountProfile) (*metav1.ObjectMeta, string) {
			return &p.ObjectMeta, p.Spec.TenantRef.Name
		})
	case "EventTemplate":
		in.EventTemplates, err = place(c, o, in.EventTemplates, func(t *v1alpha1.EventTemplate) (*metav1.ObjectMeta, string) {
			return &t.ObjectMeta, t.Spec.TenantRef.Name
		})
	}
	return err
}

func kindOf(o manifest.Object) string {
	kind, _ := o.Content["kind"].(string)
	return kind
}

// place puts an object into a list, as the next generation of the one that has its name, or
// as a new one. of tells what every object has: its metadata and its tenant.
func place[T any](c *changes, o manifest.Object, list []T, of func(*T) (*metav1.ObjectMeta, string)) ([]T, error) {
	object := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Content, object); err != nil {
		return list, fmt.Errorf("%s:%d: %w", o.File, o.Line(), err)
	}
	meta, tenant := of(object)
	if tenant != c.objects.Tenant {
		return list, fmt.Errorf("%s:%d: the object belongs to Tenant %s, and %s is asked about: leave it out, or choose by --tenant", o.File, o.Line(), tenant, c.objects.Tenant)
	}
	if in := c.objects.Namespace; in != "" && meta.Namespace != "" && meta.Namespace != in {
		return list, fmt.Errorf("%s:%d: the object is for namespace %s, and %s is asked about: leave it out, or choose by --namespace", o.File, o.Line(), meta.Namespace, in)
	}
	meta.UID, meta.Generation = types.UID("new-"+meta.Name), 1
	for i := range list {
		old, _ := of(&list[i])
		if old.Name == meta.Name {
			meta.Namespace, meta.UID, meta.Generation, meta.CreationTimestamp = old.Namespace, old.UID, old.Generation+1, old.CreationTimestamp
			list[i] = *object
			return list, nil
		}
	}
	meta.Namespace = cmp.Or(c.objects.Namespace, meta.Namespace, "default")
	return append(list, *object), nil
}

// compile makes the documents. What is refused of the changed objects is told.
func (c *changes) compile(streams Streams) (integration.Documents, error) {
	out, err := compile.Compile(c.objects.Input)
	if err != nil {
		return integration.Documents{}, fmt.Errorf("compile the objects: %w", err)
	}
	var refused lint.Result
	for _, o := range c.changed {
		metadata, _ := o.Content["metadata"].(map[string]any)
		name, _ := metadata["name"].(string)
		outcome, found := outcomeOf(out, kindOf(o), name)
		if !found || !outcome.Refused() {
			continue
		}
		refused.Findings = append(refused.Findings, lint.Finding{File: o.File, Line: o.Line(), Severity: lint.Error, Kind: kindOf(o), Name: name, Message: refusalOf(outcome)})
	}
	if err := refuse(streams, refused, func(lint.Finding) bool { return true }); err != nil {
		return integration.Documents{}, err
	}
	if out.Document == nil {
		return integration.Documents{}, errors.New("nothing would be live of these objects: " + out.Tenant.Accepted.Message)
	}
	return documentsOf(out)
}

// documentsOf are the documents as the API takes them.
func documentsOf(out compile.Output) (integration.Documents, error) {
	made := integration.Documents{Settings: out.Document}
	if out.Routing != nil {
		packed, err := config.Pack(out.Routing) // texts may be large
		if err != nil {
			return integration.Documents{}, err
		}
		if made.Routing, err = json.Marshal(packed); err != nil {
			return integration.Documents{}, err
		}
	}
	return made, nil
}

// refusalOf says why a generation is refused.
func refusalOf(o compile.Outcome) string {
	if !o.Accepted.Status {
		return o.Accepted.Message
	}
	return o.ResolvedRefs.Message
}

func outcomeOf(out compile.Output, kind, name string) (compile.Outcome, bool) {
	switch kind {
	case "Tenant":
		return out.Tenant, true
	case "AccountProfile":
		outcome, found := out.AccountProfiles[name]
		return outcome, found
	case "MyAccountProfile":
		outcome, found := out.MyAccountProfiles[name]
		return outcome, found
	}
	outcome, found := out.EventTemplates[name]
	return outcome, found
}
