package deliver

import "sync"

// places bound what is under way at once, by channel. A place is taken when a notification
// is claimed and free again when its outcome is on record. Safe for concurrent use.
type places struct {
	mu    sync.Mutex
	all   map[string]int
	free  map[string]int
	freed chan struct{} // receives after a place became free of a channel that is not crowded
}

func newPlaces(all map[string]int) *places {
	p := &places{all: all, free: map[string]int{}, freed: make(chan struct{}, 1)}
	for name, count := range all {
		p.free[name] = count
	}
	return p
}

func (p *places) take(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free[name]--
}

func (p *places) giveBack(name string) {
	p.mu.Lock()
	p.free[name]++
	crowded := p.free[name] < (p.all[name]+1)/2
	p.mu.Unlock()
	if crowded {
		return // nobody claims for so few
	}
	select {
	case p.freed <- struct{}{}:
	default:
	}
}

// of is how many places of a channel are free. crowded says that it is less than half of them:
// claims are cheaper by the dozen.
func (p *places) of(name string) (free int, crowded bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	free = p.free[name]
	return free, free < (p.all[name]+1)/2
}
