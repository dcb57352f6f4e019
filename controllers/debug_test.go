package controllers

import (
	"fmt"
	"os"

	"github.com/go-logr/logr/funcr"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// With FOYER_TEST_LOG set, the operators of the tests log to standard output.
func init() {
	if os.Getenv("FOYER_TEST_LOG") != "" {
		log.SetLogger(funcr.New(func(prefix, args string) { fmt.Println(prefix, args) }, funcr.Options{LogTimestamp: true, Verbosity: 1}))
	}
}
