package settings

import (
	"sync"
	"time"
	_ "time/tzdata" // time zones must resolve in an image without system files
)

// zones keeps every zone that was asked for and exists, a few hundred at most:
// finding one means reading and parsing a file, and every page needs one.
var zones sync.Map

// Zone returns the time zone of an IANA name, and false if there is none. "" and
// "Local" are none: for package time both mean a zone, the machine's own for one.
func Zone(name string) (*time.Location, bool) {
	if name == "" || name == "Local" {
		return nil, false
	}
	if known, ok := zones.Load(name); ok {
		return known.(*time.Location), true
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	zones.Store(name, zone)
	return zone, true
}
