package controllers

import "os"

// With FOYER_TEST_LOG set, the operators of the tests log to standard output.
func init() { keepDecisions(os.Getenv("FOYER_TEST_LOG") != "") }
