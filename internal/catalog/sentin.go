package catalog

// WhyNotSentIn says why the provider's systems cannot send an event of the type in; empty:
// they can.
func (e Event) WhyNotSentIn() string {
	switch {
	case e.Inside:
		return "it comes from Foyer itself"
	case e.RequiredLink != "":
		return "it has a secret link, which Foyer makes"
	case e.Anchor != "":
		return "it falls due by date, when " + e.Anchor + " of what was written by the API says so"
	}
	return ""
}
