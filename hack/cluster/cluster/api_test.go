package main

import (
	"strings"
	"testing"
)

func TestNodeReadyIn(t *testing.T) {
	for name, test := range map[string]struct{ body, want string }{
		"ready":        {body: `{"status":{"conditions":[{"type":"Ready","status":"True"}]}}`},
		"not ready":    {body: `{"status":{"conditions":[{"type":"Ready","status":"False","message":"no network"}]}}`, want: "no network"},
		"not reported": {body: `{"status":{}}`, want: "not reported"},
		"no JSON":      {body: `<html>`, want: "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			err := nodeReadyIn([]byte(test.body))
			if test.want == "" && err != nil {
				t.Error(err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
}
