package main

import (
	"context"
	"fmt"
	"time"
)

// step is a part of a command that a person sees as one line.
type step struct {
	name string
	do   func(ctx context.Context) (note string, err error)
}

// quiet makes a step of a function that has nothing to remark.
func quiet(name string, do func(ctx context.Context) error) step {
	return step{name: name, do: func(ctx context.Context) (string, error) { return "", do(ctx) }}
}

// progress prints a line for each step, with the time since the command began.
type progress struct{ begin time.Time }

func newProgress() progress { return progress{begin: time.Now()} }

func (p progress) print(text string) {
	fmt.Printf("%6.1fs %s\n", time.Since(p.begin).Seconds(), text)
}

// all does the steps until one fails.
func (p progress) all(ctx context.Context, steps ...step) error {
	for _, s := range steps {
		note, err := s.do(ctx)
		if err != nil {
			p.print(s.name + ": failed")
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if note != "" {
			note = " (" + note + ")"
		}
		p.print(s.name + note)
	}
	return nil
}
