package compile

// Held is the number of findings that c remembers.
func Held(c *Checks) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.recent) + len(c.older)
}
