package main

import (
	"strings"
	"testing"
)

func TestCollision(t *testing.T) {
	for name, test := range map[string]struct {
		route route
		want  string
	}{
		"default route":         {route: route{Destination: "default", Device: "eth0"}},
		"everything":            {route: route{Destination: "0.0.0.0/0", Device: "eth0"}},
		"elsewhere":             {route: route{Destination: "192.168.0.0/16", Device: "eth0"}},
		"our own bridge":        {route: route{Destination: podCIDR, Device: bridge}},
		"a part of the pods":    {route: route{Destination: "10.88.3.0/24", Device: "cni0"}, want: podCIDR},
		"one address":           {route: route{Destination: "10.89.0.7", Device: "wg0"}, want: serviceCIDR},
		"a network around both": {route: route{Destination: "10.0.0.0/8", Device: "tun0"}, want: podCIDR},
	} {
		t.Run(name, func(t *testing.T) {
			err := collision([]route{test.route}, podCIDR, serviceCIDR)
			if test.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil {
				t.Fatal("not refused")
			}
			for _, part := range []string{test.want, test.route.Device} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not name %s", err, part)
				}
			}
		})
	}
}
