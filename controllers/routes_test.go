package controllers

import (
	"context"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/foyerhq/foyer/controllers/provision"
)

// unreadable is a cache whose lists do not come.
type unreadable struct {
	cache.Cache
	asked chan struct{}
}

func (u unreadable) GetInformer(ctx context.Context, _ client.Object, _ ...cache.InformerGetOption) (cache.Informer, error) {
	u.asked <- struct{}{}
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestUnreadableRoutesHoldUpOnePass: while one pass waits for HTTPRoutes that the cluster has
// and does not list, no other does, and then nobody for a while.
func TestUnreadableRoutesHoldUpOnePass(t *testing.T) {
	t.Parallel()
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(schema.GroupVersion(gatewayv1.GroupVersion).WithKind(provision.KindRoute), meta.RESTScopeNamespace)
	u := unreadable{asked: make(chan struct{}, 9)}
	r := &routes{cache: u, mapper: mapper}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := r.ready(ctx)
		ended <- err
	}()
	<-u.asked
	began := time.Now()
	there, err := r.ready(t.Context())
	if there || err != nil || r.isWatched() || time.Since(began) > routesTimeout/2 {
		t.Errorf("another pass: there %t, %v, after %s", there, err, time.Since(began))
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("the first pass has read them")
	}
	if there, err := r.ready(t.Context()); there || err != nil || len(u.asked) > 0 {
		t.Errorf("at once again: there %t, %v, asked %d times more", there, err, len(u.asked))
	}
}
