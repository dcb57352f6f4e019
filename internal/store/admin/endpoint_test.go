package admin_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyerhq/foyer/internal/store/admin"
)

func TestEndpoints(t *testing.T) {
	for uri, want := range map[string][]admin.Endpoint{
		"postgres://foyer:secret@db.example/foyer":                                       {{Host: "db.example", Port: 5432}},
		"postgres://foyer@10.1.2.3:6432/foyer?sslmode=require":                           {{Host: "10.1.2.3", Port: 6432}},
		"postgres://foyer@[2001:db8::1]:5433/foyer?sslmode=disable":                      {{Host: "2001:db8::1", Port: 5433}},
		"postgres://foyer@a.example:5432,b.example:5433/foyer?sslmode=prefer":            {{Host: "a.example", Port: 5432}, {Host: "b.example", Port: 5433}},
		"postgres://foyer@/foyer?host=a.example&port=6000":                               {{Host: "a.example", Port: 6000}},
		"postgres://foyer@/foyer?host=/run/postgresql,db.example&port=5432,5434&user=me": {{Host: "db.example", Port: 5434}},
	} {
		server, err := admin.Open(admin.Config{URI: uri})
		if err != nil {
			t.Fatalf("%s: %v", uri, err)
		}
		if diff := cmp.Diff(want, server.Endpoints()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", uri, diff)
		}
		server.Close()
	}
}
