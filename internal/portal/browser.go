package portal

import "strings"

// browserWords names a browser and its system for people, as "Firefox on Windows", from
// what it says of itself; empty: it says nothing known. It is for people to recognise
// their own, and proves nothing.
func (v *visit) browserWords(userAgent string) string {
	browser := firstOf(userAgent, []named{
		{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"},
		{"Chromium/", "Chromium"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	})
	system := firstOf(userAgent, []named{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS X", "Mac"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	})
	switch {
	case browser == "":
		return system
	case system == "":
		return browser
	}
	return v.T("%s on %s", browser, system)
}

type named struct{ mark, name string }

func firstOf(text string, list []named) string {
	for _, n := range list {
		if strings.Contains(text, n.mark) {
			return n.name
		}
	}
	return ""
}
