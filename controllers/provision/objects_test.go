package provision_test

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/foyerhq/foyer/api/v1alpha1"
	"github.com/foyerhq/foyer/controllers/provision"
	"github.com/foyerhq/foyer/internal/integration/backoffice"
	"github.com/foyerhq/foyer/internal/process"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

func minimal() provision.Params {
	return provision.Params{
		Tenant: &v1alpha1.Tenant{
			ObjectMeta: metav1.ObjectMeta{Name: "acme", Namespace: "acme-prod", UID: "0d1f"},
			Spec: v1alpha1.TenantSpec{
				DisplayName: "Acme Telecom",
				Portal:      v1alpha1.PortalSpec{Hostname: "my.acme.example"},
			},
		},
		Image:    "registry.example/foyer:v1",
		Version:  "v1",
		Document: []byte(`{"format":1}`),
		Digest:   "sha256-1",
	}
}

func full() provision.Params {
	p := minimal()
	p.TrustedProxies = "10.0.0.0/8,192.168.0.0/16"
	p.APIPerSecond, p.APIBurst = 20, 50
	p.Tenant.Spec.Portal.Replicas = ptr.To[int32](4)
	p.Tenant.Spec.Portal.Resources = v1alpha1.Resources{CPURequest: "0.5", MemoryRequest: "128Mi", MemoryLimit: "1Gi"}
	p.Tenant.Spec.Backoffice.Replicas = ptr.To[int32](3)
	p.Tenant.Spec.Backoffice.Resources = v1alpha1.Resources{MemoryLimit: "512Mi"}
	p.Tenant.Spec.Backoffice.EventSigningSecretRef = v1alpha1.ObjectRef{Name: "acme-events"}
	p.Tenant.Spec.Dispatcher.Replicas = ptr.To[int32](2)
	p.Tenant.Spec.Dispatcher.Resources = v1alpha1.Resources{CPURequest: "0.1"}
	p.AllowOutgoing, p.Clock = "10.1.0.0/16", true
	p.Tenant.Spec.Email = v1alpha1.EmailChannelSpec{
		SMTP: v1alpha1.SMTPSpec{Host: "smtp.acme.example", SecretRef: v1alpha1.ObjectRef{Name: "acme-mail"}},
		DKIM: v1alpha1.DKIMSpec{SecretRef: v1alpha1.ObjectRef{Name: "acme-sign"}},
	}
	p.Tenant.Spec.SMS = v1alpha1.SMSChannelSpec{Type: v1alpha1.SMSTwilio, SecretRef: v1alpha1.ObjectRef{Name: "acme-text"}}
	p.Tenant.Spec.Webhooks = []v1alpha1.TenantWebhookSpec{
		{Name: "crm", SecretRef: v1alpha1.ObjectRef{Name: "acme-crm"}},
		{Name: "billing", SecretRef: v1alpha1.ObjectRef{Name: "acme-crm"}},
	}
	p.Tenant.Spec.Portal.Exposure = v1alpha1.ExposureSpec{
		Type: v1alpha1.ExposureGateway,
		Gateway: v1alpha1.GatewayExposure{ParentRefs: []v1alpha1.GatewayRef{
			{Name: "public", Namespace: "infra", SectionName: "https"}, {Name: "intern"},
		}},
	}
	p.Tenant.Spec.Backoffice.API = v1alpha1.SiteSpec{
		Hostname: "api.acme.example",
		Exposure: v1alpha1.ExposureSpec{
			Type:    v1alpha1.ExposureIngress,
			Ingress: v1alpha1.IngressExposure{ClassName: "nginx", TLSSecretRef: v1alpha1.ObjectRef{Name: "acme-api-tls"}},
		},
	}
	return p
}

// scaled follows the load, and is exposed by the cluster's default class.
func scaled() provision.Params {
	p := minimal()
	p.Tenant.Spec.Portal.Autoscaling = v1alpha1.AutoscalingSpec{MinReplicas: 2, MaxReplicas: 8}
	p.Tenant.Spec.Portal.Exposure.Type = v1alpha1.ExposureIngress
	return p
}

// encode renders objects as one YAML file.
func encode(t *testing.T, objects []provision.Object) string {
	t.Helper()
	var documents []string
	for _, object := range objects {
		document, err := yaml.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, string(document))
	}
	return strings.Join(documents, "---\n")
}

func everything(p provision.Params) []provision.Object {
	return append([]provision.Object{provision.SettingsMap(p), provision.RoutingMap(p)}, provision.Objects(p)...)
}

// named is one of the objects.
func named(t *testing.T, p provision.Params, kind, name string) provision.Object {
	t.Helper()
	for _, object := range provision.Objects(p) {
		if *object.GetKind() == kind && *object.GetName() == name {
			return object
		}
	}
	t.Fatalf("there is no %s %s", kind, name)
	return nil
}

func TestGolden(t *testing.T) {
	for name, params := range map[string]provision.Params{"minimal": minimal(), "full": full(), "scaled": scaled()} {
		t.Run(name, func(t *testing.T) {
			checkGolden(t, name, encode(t, everything(params)))
		})
	}
}

// checkGolden compares with a file of testdata, or writes it with -update.
func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".yaml")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test ./controllers/provision -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("rendered otherwise than %s (-want +got); if that is meant, run with -update:\n%s", file, diff)
	}
}

func TestRenderingIsDeterministic(t *testing.T) {
	want := encode(t, everything(full()))
	for range 50 {
		if diff := cmp.Diff(want, encode(t, everything(full()))); diff != "" {
			t.Fatalf("the same Params rendered otherwise (-first +now):\n%s", diff)
		}
	}
}

// What makes no difference to the pods must not roll them.
func TestDeploymentsDependOnNothingElse(t *testing.T) {
	want := encode(t, provision.Objects(minimal()))
	changes := map[string]func(*provision.Params){
		"document":       func(p *provision.Params) { p.Document = []byte("other") },
		"digest":         func(p *provision.Params) { p.Digest = "other" },
		"display name":   func(p *provision.Params) { p.Tenant.Spec.DisplayName = "Other" },
		"hostname":       func(p *provision.Params) { p.Tenant.Spec.Portal.Hostname = "other.example" },
		"attributes":     func(p *provision.Params) { p.Tenant.Spec.Attributes.Currency = "EUR" },
		"generation":     func(p *provision.Params) { p.Tenant.Generation = 7 },
		"labels":         func(p *provision.Params) { p.Tenant.Labels = map[string]string{"a": "b"} },
		"annotations":    func(p *provision.Params) { p.Tenant.Annotations = map[string]string{"a": "b"} },
		"default values": func(p *provision.Params) { p.Tenant.Spec.Portal.Replicas = ptr.To[int32](2) },
		"delivery":       func(p *provision.Params) { p.Tenant.Spec.Delivery.Mode = v1alpha1.DeliveryLive },
		"sender":         func(p *provision.Params) { p.Tenant.Spec.Email.From = "billing@acme.example" },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			p := minimal()
			change(&p)
			if diff := cmp.Diff(want, encode(t, provision.Objects(p))); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
		})
	}
}

// The values of Secrets are in the Secrets and nowhere else.
func TestNoSecretValueIsRendered(t *testing.T) {
	p := full()
	const marker = "s3cr3t-marker"
	secrets := []provision.Object{
		provision.DatabaseSecret(p.Tenant, provision.Portal, "postgres://u:"+marker+"@h/d"),
		provision.DatabaseSecret(p.Tenant, provision.Backoffice, "postgres://u:"+marker+"@h/d"),
		provision.DatabaseSecret(p.Tenant, provision.Dispatcher, "postgres://u:"+marker+"@h/d"),
		provision.TokenSecret(p.Tenant, marker),
		provision.KeysSecret(p.Tenant, "somebody", map[string][]byte{provision.KeyLink: []byte(marker)}),
	}
	for _, secret := range secrets {
		for _, object := range everything(p) {
			if *secret.GetKind() == *object.GetKind() {
				t.Errorf("%s %s is rendered among the other objects", *object.GetKind(), *object.GetName())
			}
		}
		encoded := encode(t, []provision.Object{secret})
		if strings.Contains(encoded, marker) {
			t.Errorf("%s shows its value in plain text:\n%s", *secret.GetName(), encoded)
		}
	}
	if strings.Contains(encode(t, everything(p)), marker) {
		t.Errorf("the value of a Secret is rendered")
	}
}

func TestNamesOfSecrets(t *testing.T) {
	tenant := minimal().Tenant
	got := []string{
		*provision.DatabaseSecret(tenant, provision.Portal, "x").GetName(),
		*provision.DatabaseSecret(tenant, provision.Backoffice, "x").GetName(),
		*provision.TokenSecret(tenant, "x").GetName(),
		*provision.KeysSecret(tenant, "x", nil).GetName(),
	}
	if diff := cmp.Diff([]string{"acme-db-portal", "acme-db-backoffice", "acme-cli", "acme-keys"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestResources(t *testing.T) {
	tests := map[string]struct {
		asked                      v1alpha1.Resources
		request, limit, goMemTotal string
	}{
		"defaults":                        {request: "48Mi", limit: "256Mi", goMemTotal: "241591905"},
		"request above the default limit": {asked: v1alpha1.Resources{MemoryRequest: "1Gi"}, request: "1Gi", limit: "1Gi", goMemTotal: "966367638"},
		"limit below the default request": {asked: v1alpha1.Resources{MemoryLimit: "32Mi"}, request: "32Mi", limit: "32Mi", goMemTotal: "30198987"},
		"both":                            {asked: v1alpha1.Resources{MemoryRequest: "64Mi", MemoryLimit: "128Mi"}, request: "64Mi", limit: "128Mi", goMemTotal: "120795948"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := minimal()
			p.Tenant.Spec.Portal.Resources = test.asked
			var portal struct {
				Spec struct {
					Template struct {
						Spec struct {
							Containers []struct {
								Resources struct{ Requests, Limits map[string]string }
								Env       []struct{ Name, Value string }
							}
						}
					}
				}
			}
			if err := yaml.Unmarshal([]byte(encode(t, []provision.Object{named(t, p, "Deployment", "acme-portal")})), &portal); err != nil {
				t.Fatal(err)
			}
			container := portal.Spec.Template.Spec.Containers[0]
			got := []string{container.Resources.Requests["memory"], container.Resources.Limits["memory"], container.Env[1].Value}
			if diff := cmp.Diff([]string{test.request, test.limit, test.goMemTotal}, got); diff != "" {
				t.Errorf("request, limit, GOMEMLIMIT (-want +got):\n%s", diff)
			}
		})
	}
}

// The binaries of the data plane accept the flags that their pods are given, and find what
// is mounted for them.
func TestArgumentsAreFlagsOfTheBinaries(t *testing.T) {
	for _, container := range containers(t, full()) {
		component := provision.Component(*container.Name)
		own, listen := ownFlags(component)
		flags, err := process.ParseFlags(*container.Name, listen, container.Args, io.Discard, own.declare)
		if err != nil {
			t.Fatalf("%s refuses its flags: %v", component, err)
		}
		dirs := map[string]string{"settings": flags.SettingsDir, "database": flags.DatabaseDir}
		listeners := map[string]string{"admin": flags.AdminListen}
		switch component {
		case provision.Dispatcher:
			dirs["keys"], dirs["routing"], dirs["clock"] = own.keys.Dir, own.routing.Dir, filepath.Dir(own.clock.Path)
			for _, channel := range []string{"smtp", "dkim", "sms", "webhook-crm", "webhook-billing"} {
				dirs[channel] = filepath.Join(own.channels, channel)
			}
			if own.allowed != "10.1.0.0/16" {
				t.Errorf("it may connect to %q", own.allowed)
			}
		case provision.Portal:
			dirs["keys"], listeners["http"] = own.keys.Dir, flags.Listen
		case provision.Backoffice:
			dirs["event-signing"], listeners["api"] = own.signing, flags.Listen
			if want := (backoffice.Limits{PerSecond: 20, Burst: 50}); own.limits != want {
				t.Errorf("%s has the limits %v, want %v", component, own.limits, want)
			}
		}
		if diff := cmp.Diff(dirs, mountedDirs(container)); diff != "" {
			t.Errorf("%s reads, and has mounted (-reads +mounted):\n%s", component, diff)
		}
		ports := map[string]string{}
		for _, port := range container.Ports {
			ports[*port.Name] = fmt.Sprintf(":%d", *port.ContainerPort)
		}
		if diff := cmp.Diff(listeners, ports); diff != "" {
			t.Errorf("%s listens, and has ports (-listens +ports):\n%s", component, diff)
		}
		if component != provision.Dispatcher && len(flags.TrustedProxies) != 2 {
			t.Errorf("%s trusts %v", component, flags.TrustedProxies)
		}
	}
}

// own are the flags that only some binaries have.
type own struct {
	declare           func(*flag.FlagSet)
	limits            backoffice.Limits
	keys              process.KeyFiles
	routing           process.RoutingFile
	clock             process.ClockFile
	channels, allowed string
	signing           string
}

func ownFlags(c provision.Component) (o *own, listen string) {
	o = &own{}
	listen = ":0"
	var declare []func(*flag.FlagSet)
	switch c {
	case provision.Backoffice:
		declare = append(declare, o.limits.Flags, func(set *flag.FlagSet) { set.StringVar(&o.signing, "event-signing-dir", "", "") })
	case provision.Portal:
		declare = append(declare, o.keys.Flags)
	case provision.Dispatcher:
		listen = ""
		declare = append(declare, o.keys.Flags, o.routing.Flags, o.clock.Flags, func(set *flag.FlagSet) {
			set.StringVar(&o.channels, "channels-dir", "", "")
			set.StringVar(&o.allowed, "allow-outgoing", "", "")
		})
	}
	o.declare = func(set *flag.FlagSet) {
		for _, d := range declare {
			d(set)
		}
	}
	return o, listen
}

// containers are those of the Deployments.
func containers(t *testing.T, p provision.Params) []corev1ac.ContainerApplyConfiguration {
	t.Helper()
	var list []corev1ac.ContainerApplyConfiguration
	for _, object := range provision.Objects(p) {
		if deployment, ok := object.(*appsv1ac.DeploymentApplyConfiguration); ok {
			list = append(list, deployment.Spec.Template.Spec.Containers...)
		}
	}
	if len(list) != len(provision.Components()) {
		t.Fatalf("there are %d containers", len(list))
	}
	return list
}

// mountedDirs are the paths at which volumes are mounted, by the volume.
func mountedDirs(container corev1ac.ContainerApplyConfiguration) map[string]string {
	dirs := map[string]string{}
	for _, m := range container.VolumeMounts {
		dirs[*m.Name] = *m.MountPath
	}
	return dirs
}

// TestOnlyTheDispatcherSeesChannels: nobody else has the Secrets of channels, the templates
// or the clock; the dispatcher serves nobody, and starts without those Secrets.
func TestOnlyTheDispatcherSeesChannels(t *testing.T) {
	want := map[string][]string{ // by container: what it sees, with ? where it starts without
		"portal":     {"ConfigMap acme-settings", "Secret acme-db-portal", "Secret acme-keys"},
		"backoffice": {"ConfigMap acme-settings", "Secret acme-db-backoffice", "Secret acme-events?"},
		"dispatcher": {
			"ConfigMap acme-clock?", "ConfigMap acme-routing", "ConfigMap acme-settings",
			"Secret acme-crm?", "Secret acme-crm?", "Secret acme-db-dispatcher", "Secret acme-keys", "Secret acme-mail?", "Secret acme-sign?", "Secret acme-text?",
		},
	}
	got := map[string][]string{}
	for _, object := range provision.Objects(full()) {
		switch object := object.(type) {
		case *appsv1ac.DeploymentApplyConfiguration:
			pod := object.Spec.Template.Spec
			if *pod.AutomountServiceAccountToken {
				t.Errorf("%s has a service-account token", *object.GetName())
			}
			got[*pod.Containers[0].Name] = volumesOf(pod.Volumes)
		case *corev1ac.ServiceApplyConfiguration:
			if object.Spec.Selector[provision.LabelComponent] == string(provision.Dispatcher) {
				t.Errorf("Service %s leads to the dispatcher", *object.GetName())
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func volumesOf(volumes []corev1ac.VolumeApplyConfiguration) []string {
	var list []string
	for _, v := range volumes {
		name, optional := "", false
		if v.Secret != nil {
			name, optional = "Secret "+*v.Secret.SecretName, ptr.Deref(v.Secret.Optional, false)
		} else {
			name, optional = "ConfigMap "+*v.ConfigMap.Name, ptr.Deref(v.ConfigMap.Optional, false)
		}
		if optional {
			name += "?"
		}
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

func TestChannelSecrets(t *testing.T) {
	p := full()
	want := []provision.NamedSecret{
		{Field: "spec.email.smtp.secretRef", Dir: "smtp", Name: "acme-mail", Keys: []string{"username", "password"}, Also: []string{"ca.crt"}, Alone: "ca.crt"},
		{Field: "spec.email.dkim.secretRef", Dir: "dkim", Name: "acme-sign", Keys: []string{"key"}},
		{Field: "spec.sms.secretRef", Dir: "sms", Name: "acme-text", Keys: []string{"accountSID", "authToken"}, Also: []string{"statusURL"}},
		{Field: "spec.webhooks[0].secretRef", Dir: "webhook-crm", Name: "acme-crm", Keys: []string{"secret"}},
		{Field: "spec.webhooks[1].secretRef", Dir: "webhook-billing", Name: "acme-crm", Keys: []string{"secret"}},
	}
	if diff := cmp.Diff(want, provision.ChannelSecrets(p.Tenant)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want = append(want, provision.NamedSecret{Field: "spec.backoffice.eventSigningSecretRef", Name: "acme-events", Keys: []string{"secret"}},
		provision.NamedSecret{Field: "spec.backoffice.api.exposure.ingress.tlsSecretRef", Name: "acme-api-tls", Keys: []string{"tls.crt", "tls.key"}})
	if diff := cmp.Diff(want, provision.NamedSecrets(p.Tenant)); diff != "" {
		t.Errorf("with those of events and certificates (-want +got):\n%s", diff)
	}
	p.Tenant.Spec.SMS.Type = v1alpha1.SMSHTTP
	if got := provision.ChannelSecrets(p.Tenant)[2].Keys; !slices.Equal(got, []string{"authorization"}) {
		t.Errorf("by HTTP the keys are %v", got)
	}
	if got := provision.NamedSecrets(minimal().Tenant); len(got) > 0 {
		t.Errorf("without channels there are %v", got)
	}
}
