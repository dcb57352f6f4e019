package metrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Tenant is what there is to say of one tenant in numbers.
type Tenant struct {
	Conditions []metav1.Condition
	// Generation is the Tenant's, LiveGeneration the one that customers have.
	Generation, LiveGeneration int64
	Accounts                   *int64 // nil: not counted yet
	Rejected                   int32  // profiles and templates
	Orphaned                   int    // deleted profiles that are kept
	Ready, Programmed          int32  // replicas
	// Unloaded are the documents that a replica could not load, by their names.
	Unloaded map[string]bool
	// RotatedAt is when its logins were last given new passwords; zero: nobody knows.
	RotatedAt time.Time
	// DeletedAt is when somebody asked for its deletion; zero: nobody has.
	DeletedAt time.Time
}

var (
	tenantLabels = []string{"namespace", "tenant"}

	conditionDesc = prometheus.NewDesc("foyer_tenant_condition",
		"A condition of a Tenant with its present reason: 1 for True, 0 for False, -1 for Unknown.",
		[]string{"namespace", "tenant", "type", "reason"}, nil)
	lagDesc = prometheus.NewDesc("foyer_tenant_live_generation_lag",
		"By how many generations what customers have of a Tenant is older than what is declared.", tenantLabels, nil)
	accountsDesc = prometheus.NewDesc("foyer_tenant_accounts", "Accounts of a tenant, as they were last counted.", tenantLabels, nil)
	rejectedDesc = prometheus.NewDesc("foyer_rejected_objects",
		"Profiles and templates of a tenant of which the newest generation is not accepted.", tenantLabels, nil)
	orphanedDesc = prometheus.NewDesc("foyer_orphaned_profiles",
		"Deleted profiles of a tenant that are kept because accounts use them by name.", tenantLabels, nil)
	replicasDesc = prometheus.NewDesc("foyer_tenant_replicas",
		"Ready replicas of a tenant (state ready), and those of them that run the live configuration (state programmed).",
		[]string{"namespace", "tenant", "state"}, nil)
	unloadedDesc = prometheus.NewDesc("foyer_document_load_failed",
		"1 while a replica of a tenant says that it cannot load the live document, 0 while none does.",
		[]string{"namespace", "tenant", "document"}, nil)
	rotatedDesc = prometheus.NewDesc("foyer_tenant_login_rotation_timestamp_seconds",
		"When the database logins or the first API token of a tenant were last given new values.", tenantLabels, nil)
	deletedDesc = prometheus.NewDesc("foyer_tenant_deletion_timestamp_seconds",
		"When the deletion of a Tenant was asked for that is still there.", tenantLabels, nil)
)

// tenants shows what was last said of each tenant. What is said replaces all that was said
// of that tenant before, so there are no series of reasons that are over.
type tenants struct {
	mu   sync.Mutex
	last map[types.NamespacedName]Tenant
}

var known = &tenants{last: map[types.NamespacedName]Tenant{}}

// SetTenant says how a tenant is.
func SetTenant(key types.NamespacedName, t Tenant) {
	known.mu.Lock()
	defer known.mu.Unlock()
	known.last[key] = t
}

// Forget drops the series of a tenant that is gone.
func Forget(key types.NamespacedName) {
	known.mu.Lock()
	delete(known.last, key)
	known.mu.Unlock()
	UpkeepFailures.DeleteLabelValues(key.Namespace, key.Name)
}

// Describe implements prometheus.Collector.
func (s *tenants) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		conditionDesc, lagDesc, accountsDesc, rejectedDesc, orphanedDesc, replicasDesc, unloadedDesc, rotatedDesc, deletedDesc,
	} {
		descs <- d
	}
}

// Collect implements prometheus.Collector.
func (s *tenants) Collect(into chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, t := range s.last {
		t.collect(func(desc *prometheus.Desc, value float64, labels ...string) {
			into <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, append([]string{key.Namespace, key.Name}, labels...)...)
		})
	}
}

func (t Tenant) collect(gauge func(desc *prometheus.Desc, value float64, labels ...string)) {
	if !t.DeletedAt.IsZero() {
		gauge(deletedDesc, float64(t.DeletedAt.Unix()))
		return
	}
	for _, c := range t.Conditions {
		gauge(conditionDesc, truth(c.Status), c.Type, c.Reason)
	}
	gauge(lagDesc, float64(max(t.Generation-t.LiveGeneration, 0)))
	if t.Accounts != nil {
		gauge(accountsDesc, float64(*t.Accounts))
	}
	gauge(rejectedDesc, float64(t.Rejected))
	gauge(orphanedDesc, float64(t.Orphaned))
	gauge(replicasDesc, float64(t.Ready), "ready")
	gauge(replicasDesc, float64(t.Programmed), "programmed")
	if !t.RotatedAt.IsZero() {
		gauge(rotatedDesc, float64(t.RotatedAt.Unix()))
	}
	for document, failed := range t.Unloaded {
		value := 0.0
		if failed {
			value = 1
		}
		gauge(unloadedDesc, value, document)
	}
}

func truth(s metav1.ConditionStatus) float64 {
	switch s {
	case metav1.ConditionTrue:
		return 1
	case metav1.ConditionFalse:
		return 0
	default:
		return -1
	}
}
