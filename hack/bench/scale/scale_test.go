package scale

import (
	"os"
	"testing"
	"time"

	"github.com/foyerhq/foyer/hack/bench/operator"
)

func TestMain(m *testing.M) {
	if operator.IsChild(os.Args) {
		os.Exit(operator.Child())
	}
	os.Exit(m.Run())
}

// TestBenchmarksMeasure runs each of them over a few tenants. That nothing is written at
// rest holds for a few, too; how long things take is not the test's business.
func TestBenchmarksMeasure(t *testing.T) {
	s := &Shared{Tenants: 4, Rest: time.Second, Edits: 3, Progress: t.Logf}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	writes, err := s.IdleWrites(t.Context())
	if err != nil || writes != 0 {
		t.Errorf("at rest: %d writes, %v", writes, err)
	}
	if took, err := s.Restart(t.Context()); err != nil || took <= 0 {
		t.Errorf("a restart took %s, %v", took, err)
	}
	times, err := s.EditUnderLoad(t.Context())
	if err != nil || len(times) != 3 || times[0] <= 0 {
		t.Errorf("edits took %v, %v", times, err)
	}
	if _, err := s.MemoryPerObject(t.Context()); err != nil {
		t.Error(err)
	}
	unrelated, err := s.UnrelatedSecrets(t.Context())
	if err != nil || unrelated.Secrets != 4*secretsOfEach || unrelated.Resident <= 0 {
		t.Errorf("Secrets of others: %+v, %v", unrelated, err)
	}
	cost, floor, err := s.ColdStart(t.Context())
	if err != nil || cost <= floor || floor <= 0 {
		t.Errorf("a cold start cost %s, its floor %s, %v", cost, floor, err)
	}
}
