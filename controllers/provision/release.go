package provision

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/internal/config"
)

// Annotations by which a Deployment says which release its pods are of.
const (
	// AnnotationRelease names the release with all that it makes pods from, besides the
	// Tenant: its version, the image and the manager's flags.
	AnnotationRelease = "foyer.dev/release"
	// AnnotationTemplate is the pod template as that release made it. A tenant that waits for
	// the next release keeps it.
	AnnotationTemplate = "foyer.dev/template"
	// AnnotationDeclared is what the Tenant said of the pods when that template was made. Where
	// it says the same still, what the next release makes of it waits.
	AnnotationDeclared = "foyer.dev/declared"
	// AnnotationComponents are all components that a tenant has with that release.
	AnnotationComponents = "foyer.dev/components"
)

// ProgressDeadlineSeconds is how long a Deployment may take to get one more pod ready: a node
// may have to come first, and an image.
const ProgressDeadlineSeconds int32 = 300

// eventSigningFlag is the only argument of a pod that a Tenant decides.
const eventSigningFlag = "--event-signing-dir"

// memoryVariable is what a pod knows its memory limit by.
const memoryVariable = "GOMEMLIMIT"

// Mark names what a release makes pods from, besides the Tenant.
func Mark(p Params) (string, error) {
	p.Tenant, p.Document, p.Digest = nil, nil, ""
	encoded, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("name the release: %w", err)
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:8]), nil
}

// Workload is a rendered Deployment, if that is what the object is.
func Workload(o Object) (*appsv1ac.DeploymentApplyConfiguration, bool) {
	d, ok := o.(*appsv1ac.DeploymentApplyConfiguration)
	return d, ok
}

// Release writes into a Deployment of a Tenant which release has made it, and how.
func Release(d *appsv1ac.DeploymentApplyConfiguration, t *v1alpha1.Tenant, mark string) error {
	template, err := json.Marshal(d.Spec.Template)
	if err != nil {
		return fmt.Errorf("encode the pod template of %s: %w", *d.Name, err)
	}
	said, err := json.Marshal(declarationOf(t, Component(d.Labels[LabelComponent])))
	if err != nil {
		return fmt.Errorf("encode what the Tenant says of %s: %w", *d.Name, err)
	}
	d.WithAnnotations(map[string]string{
		AnnotationRelease: mark, AnnotationTemplate: string(template),
		AnnotationDeclared: string(said), AnnotationComponents: allComponents(),
	})
	return nil
}

// declaration is what a Tenant says of the pods of a component.
type declaration struct {
	Resources v1alpha1.Resources `json:"resources"`
	Secrets   map[string]string  `json:"secrets,omitempty"` // by volume
}

func declarationOf(t *v1alpha1.Tenant, c Component) declaration {
	_, asked := declared(t, c)
	said := declaration{Resources: asked, Secrets: map[string]string{}}
	for _, m := range mountsOf(Params{Tenant: t}, c) {
		if m.optional && m.secret != "" {
			said.Secrets[m.volume] = m.secret
		}
	}
	if name, ok := said.Secrets[config.SMSSecretDir]; ok { // which keys of it are read
		said.Secrets[config.SMSSecretDir] = name + " for " + string(t.Spec.SMS.Type)
	}
	return said
}

func allComponents() string {
	var names []string
	for _, c := range Components() {
		names = append(names, string(c))
	}
	return strings.Join(names, ",")
}

// Has says whether the release that has made a Deployment has the component of another one.
// One that does not say so has all of them.
func Has(live *appsv1.Deployment, other *appsv1ac.DeploymentApplyConfiguration) bool {
	said, ok := live.Annotations[AnnotationComponents]
	return !ok || slices.Contains(strings.Split(said, ","), other.Labels[LabelComponent])
}

// Hold returns a Deployment with the pods that the live one has: what its Tenant decides is
// as desired, and what the release decides is as it was. same says whether that is no
// difference. desired stays as it is.
func Hold(desired *appsv1ac.DeploymentApplyConfiguration, live *appsv1.Deployment) (held *appsv1ac.DeploymentApplyConfiguration, same bool, err error) {
	template, err := templateOf(live)
	if err != nil {
		return nil, false, err
	}
	keepUp(template, desired.Spec.Template, changesOf(live.Annotations, desired.Annotations))
	encoded, err := json.Marshal(template)
	if err != nil {
		return nil, false, fmt.Errorf("encode the pod template of %s: %w", live.Name, err)
	}
	wanted, err := json.Marshal(desired.Spec.Template)
	if err != nil {
		return nil, false, fmt.Errorf("encode the pod template of %s: %w", live.Name, err)
	}
	held = withTemplate(desired, template)
	annotateAs(held, live.Annotations, AnnotationVersion, AnnotationRelease, AnnotationComponents)
	held.WithAnnotations(map[string]string{AnnotationTemplate: string(encoded)})
	return held, string(encoded) == string(wanted), nil
}

// Beside returns a Deployment whose former template nobody knows, because it was deleted: its
// pods are of the new release, which works whatever the others are, and it does not bring
// forward the turn of those.
func Beside(desired *appsv1ac.DeploymentApplyConfiguration, other *appsv1.Deployment) *appsv1ac.DeploymentApplyConfiguration {
	held := withTemplate(desired, desired.Spec.Template)
	annotateAs(held, other.Annotations, AnnotationRelease)
	return held
}

// withTemplate is a copy with another template.
func withTemplate(d *appsv1ac.DeploymentApplyConfiguration, template *corev1ac.PodTemplateSpecApplyConfiguration) *appsv1ac.DeploymentApplyConfiguration {
	held, meta, spec := *d, *d.ObjectMetaApplyConfiguration, *d.Spec
	meta.Annotations = maps.Clone(meta.Annotations)
	spec.Template = template
	held.ObjectMetaApplyConfiguration, held.Spec = &meta, &spec
	return &held
}

// annotateAs says of a held Deployment what is said of a live one: which release it is of.
func annotateAs(held *appsv1ac.DeploymentApplyConfiguration, live map[string]string, keys ...string) {
	for _, key := range keys {
		if value, ok := live[key]; ok {
			held.WithAnnotations(map[string]string{key: value})
		} else {
			delete(held.Annotations, key)
		}
	}
}

// templateOf is the pod template as a release made it. Of a Deployment of a release that did
// not keep it, it is the live one.
func templateOf(live *appsv1.Deployment) (*corev1ac.PodTemplateSpecApplyConfiguration, error) {
	template := &corev1ac.PodTemplateSpecApplyConfiguration{}
	err := json.Unmarshal([]byte(live.Annotations[AnnotationTemplate]), template)
	if err == nil && template.Spec != nil && len(template.Spec.Containers) > 0 {
		return template, nil
	}
	*template = corev1ac.PodTemplateSpecApplyConfiguration{}
	return template, copyInto(live.Spec.Template, template)
}

func copyInto(from any, template *corev1ac.PodTemplateSpecApplyConfiguration) error {
	encoded, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(encoded, template)
	}
	if err != nil {
		return fmt.Errorf("copy a pod template: %w", err)
	}
	if template.ObjectMetaApplyConfiguration != nil {
		template.CreationTimestamp = nil // the server's
	}
	return nil
}

// changes are what a Tenant says otherwise than when the pods were made that it has.
type changes struct {
	resources bool
	secret    func(volume string) bool
}

// changesOf compares what two Deployments say. One of a release that did not write down what
// its Tenant said may differ in anything.
func changesOf(live, desired map[string]string) changes {
	var was, is declaration
	if json.Unmarshal([]byte(live[AnnotationDeclared]), &was) != nil || json.Unmarshal([]byte(desired[AnnotationDeclared]), &is) != nil {
		return changes{resources: true, secret: func(string) bool { return true }}
	}
	return changes{
		resources: was.Resources != is.Resources,
		secret:    func(volume string) bool { return was.Secrets[volume] != is.Secrets[volume] },
	}
}

// keepUp takes over into a template what its Tenant has changed: the resources, and the
// Secrets that it names.
func keepUp(template, desired *corev1ac.PodTemplateSpecApplyConfiguration, changed changes) {
	ours, theirs := named(desired.Spec), named(template.Spec)
	isChanged := func(volume string) bool { return (ours[volume] || theirs[volume]) && changed.secret(volume) }
	for i := range template.Spec.Containers {
		container := &template.Spec.Containers[i]
		for _, wanted := range desired.Spec.Containers {
			if !ptr.Equal(wanted.Name, container.Name) {
				continue
			}
			if changed.resources {
				keepUpResources(container, &wanted)
			}
			container.VolumeMounts = merge(container.VolumeMounts, wanted.VolumeMounts,
				func(m corev1ac.VolumeMountApplyConfiguration) string { return *m.Name }, isChanged)
			container.Args = merge(container.Args, wanted.Args, flagName,
				func(flag string) bool { return flag == eventSigningFlag && changed.secret(signingVolume) })
		}
	}
	template.Spec.Volumes = merge(template.Spec.Volumes, desired.Spec.Volumes,
		func(v corev1ac.VolumeApplyConfiguration) string { return *v.Name }, isChanged)
}

func keepUpResources(container, wanted *corev1ac.ContainerApplyConfiguration) {
	container.Resources = wanted.Resources
	for i, variable := range container.Env {
		for _, v := range wanted.Env {
			if *v.Name == memoryVariable && *variable.Name == memoryVariable {
				container.Env[i] = v
			}
		}
	}
}

func flagName(argument string) string {
	name, _, _ := strings.Cut(argument, "=")
	return name
}

// named are the volumes of the Secrets that a Tenant names: their pods start without them
// as well.
func named(spec *corev1ac.PodSpecApplyConfiguration) map[string]bool {
	volumes := map[string]bool{}
	for _, v := range spec.Volumes {
		if v.Secret != nil && ptr.Deref(v.Secret.Optional, false) {
			volumes[*v.Name] = true
		}
	}
	return volumes
}

// merge is the list that a release made, with those entries as desired that the Tenant
// decides, in the order of the desired list.
func merge[T any](kept, desired []T, name func(T) string, tenants func(string) bool) []T {
	var list []T
	for _, d := range desired {
		i := slices.IndexFunc(kept, func(k T) bool { return name(k) == name(d) })
		switch {
		case tenants(name(d)):
			list = append(list, d)
		case i >= 0:
			list = append(list, kept[i])
		}
	}
	for _, k := range kept {
		if !tenants(name(k)) && !slices.ContainsFunc(desired, func(d T) bool { return name(d) == name(k) }) {
			list = append(list, k)
		}
	}
	return list
}
