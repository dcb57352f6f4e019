package gitops

import (
	"os"
	"testing"

	"github.com/foyerhq/foyer/internal/testenv/kube"
)

var cluster *kube.Cluster

func TestMain(m *testing.M) { os.Exit(kube.Run(m, &cluster)) }
