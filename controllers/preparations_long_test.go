package controllers

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/foyerhq/foyer/api/v1alpha1"
)

// TestOnlyWhatTakesLongRunsThePassBeforeItsEnd: a tenant that waits for its place has no news,
// however long that takes.
func TestOnlyWhatTakesLongRunsThePassBeforeItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const takes = 3 * quiet
		began := time.Now()
		var mu sync.Mutex
		var runs []time.Duration // of the tenant that waits
		last := fmt.Sprint("t", placesPerServer)
		p := newPreparations(usualPace, func(context.Context, *v1alpha1.Tenant, *server) (prepared, error) {
			<-time.After(takes)
			return prepared{}, nil
		}, func(_ context.Context, key types.NamespacedName) {
			mu.Lock()
			defer mu.Unlock()
			if key.Name == last {
				runs = append(runs, time.Since(began))
			}
		})
		for i := range placesPerServer {
			p.ensure(&v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("t", i)}}, &server{name: "default"}, false)
		}
		synctest.Wait() // until they have all places
		p.ensure(&v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Name: last}}, &server{name: "default"}, false)
		<-time.After(4 * takes)
		p.stop()
		mu.Lock()
		defer mu.Unlock()
		if diff := cmp.Diff([]time.Duration{takes + quiet, takes + takes}, runs); diff != "" {
			t.Errorf("passes over the tenant that waited (-want +got):\n%s", diff)
		}
	})
}
