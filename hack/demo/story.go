package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/foyerhq/foyer/hack/demo/inbox"
	"github.com/foyerhq/foyer/hack/demo/story"
	"github.com/foyerhq/foyer/hack/demo/visit"
)

// tell tells the story of package story on the running demo.
func tell(ctx context.Context) error {
	d := &demo{}
	if err := d.readCluster(ctx); err != nil {
		return err
	}
	world, err := d.stage(ctx, sites()[0])
	if err != nil {
		return err
	}
	began := time.Now()
	if err := story.Tell(ctx, world, began); err != nil {
		return err
	}
	fmt.Printf("\nThat took %s. The clock and the YAML are back where they were. Look at what came: https://%s/?to=story.example\n", seconds(began), inboxHost)
	return nil
}

// stage is the demo as the story needs it.
func (d *demo) stage(ctx context.Context, s site) (story.World, error) {
	zone, err := time.LoadLocation("Australia/Sydney") // of config/samples/acme/tenant.yaml
	if err != nil {
		return story.World{}, fmt.Errorf("time zone of the story: %w", err)
	}
	templates, err := os.ReadFile("config/samples/acme/eventtemplates-reminders.yaml")
	if err != nil {
		return story.World{}, fmt.Errorf("templates of the story: %w", err)
	}
	api, err := d.api(ctx, s)
	if err != nil {
		return story.World{}, err
	}
	client, err := visit.Client(stateDir)
	if err != nil {
		return story.World{}, err
	}
	return story.World{
		API: api, Inbox: &inbox.Client{URL: "https://" + inboxHost, HTTP: client}, Tenant: s.tenant, Zone: zone, Templates: string(templates),
		Say:   func(format string, args ...any) { fmt.Printf(format+"\n", args...) },
		Clock: d.cluster(s).SetClock,
		Apply: d.cluster(s).Apply,
	}, nil
}

func (d *demo) cluster(s site) story.Cluster {
	return story.Cluster{Kubectl: d.kube, Namespace: s.namespace, Tenant: s.tenant}
}
