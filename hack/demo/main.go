// Command demo brings up everything that Foyer is, on one machine: a one-node
// Kubernetes, PostgreSQL, the operator as a pod, a TLS edge, two tenants with a few
// hundred customers each, and a check that it all works.
//
//	bin/demo up       (make demo)
//	bin/demo down     (make demo-down)
//
// More commands are for a demo that runs. check looks whether it all works. story tells what
// notifications do, step by step: see package story. clock moves the time of the dispatchers
// (clock +1d, clock +36h, clock 0), so that what falls due does so now. What they send is at
// https://inbox.localhost: see package inbox, which the edge's process runs. links prints the
// links that somebody could press now, each with who it is for, without looking for its
// mail. It needs what a person with kubectl has, the Secrets of the tenants' first token and
// of their keys. database-stop and database-start show what an outage of PostgreSQL looks
// like.
//
// It needs Debian, Go and root. Whatever it starts is written down below
// .state/demo, and down removes it again. A second up replaces the operator and its
// images by what the checkout holds now, sets the objects of config/samples back to what
// they say, and keeps the data.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "\ndemo: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	command, argument := "", ""
	switch {
	case len(args) == 1:
		command = args[0]
	case len(args) == 2 && args[0] == "clock":
		command, argument = args[0], args[1]
	}
	switch command {
	case "up":
		return up(ctx)
	case "down":
		return down(ctx)
	case "check":
		return check(ctx)
	case "links":
		return links(ctx)
	case "story":
		return tell(ctx)
	case "clock":
		return clock(ctx, argument)
	case "database-stop":
		return databaseStop(ctx)
	case "database-start":
		return databaseStart(ctx)
	case "edge": // the detached process that up starts
		return runEdge(ctx)
	}
	return fmt.Errorf("say one of: up, down, check, story, clock, links, database-stop, database-start")
}
