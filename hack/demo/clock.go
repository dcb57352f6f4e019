package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// clock moves the time of every tenant's dispatcher: "+1d" and "+36h" are added to what it
// is ahead by now, "0" brings it back to now, and "" says where it is. Portals and APIs stay
// at the present.
func clock(ctx context.Context, by string) error {
	d := &demo{}
	if err := d.readCluster(ctx); err != nil {
		return err
	}
	for _, s := range sites() {
		c := d.cluster(s)
		ahead, err := c.Clock(ctx)
		if err == nil && by != "" {
			if ahead, err = moved(ahead, by); err == nil {
				err = c.SetClock(ctx, ahead)
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.tenant, err)
		}
		fmt.Printf("%-10s %s\n", s.tenant, time.Now().Add(ahead).Format("Monday, 2 January 2006, 15:04"))
	}
	fmt.Println("This is the time of the dispatchers alone: kubectl foyer upcoming and render look from today, as do portals and APIs.")
	return nil
}

// moved adds to a duration what a person wrote.
func moved(ahead time.Duration, by string) (time.Duration, error) {
	if by == "0" {
		return 0, nil
	}
	text, plus := strings.CutPrefix(by, "+")
	if days, ok := strings.CutSuffix(text, "d"); ok && plus {
		n, err := strconv.Atoi(days)
		if err == nil && n >= 0 && n <= 3650 {
			return ahead + time.Duration(n)*24*time.Hour, nil
		}
	}
	duration, err := time.ParseDuration(text)
	if err != nil || !plus || duration < 0 {
		return 0, fmt.Errorf("%q is no step of the clock: say +1d, +36h or 0", by)
	}
	return ahead + duration, nil
}
