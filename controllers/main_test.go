package controllers

import (
	"fmt"
	"os"
	"testing"

	"github.com/foyerhq/foyer/internal/testenv/kube"
	"github.com/foyerhq/foyer/internal/testenv/postgres"
)

var (
	cluster    *kube.Cluster
	postgreSQL *postgres.Server
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if postgreSQL, err = postgres.Start(0); err != nil {
		fmt.Fprintln(os.Stderr, "start PostgreSQL:", err)
		return 1
	}
	defer func() { _ = postgreSQL.Close() }()
	return kube.Run(m, &cluster)
}
