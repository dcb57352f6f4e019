package catalog

import "github.com/foyerhq/foyer/internal/settings"

func (c *Catalog) add(own []Own) []settings.Problem {
	for _, o := range own {
		c.events[o.Name] = Event{Name: o.Name, Description: o.Description, Category: o.Category, Message: true}.withSample()
	}
	return nil
}
