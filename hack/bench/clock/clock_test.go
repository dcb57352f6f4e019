package clock

import "testing"

func TestParseStat(t *testing.T) {
	got := parseStat("812 (kube (api) x) S 77 1 1 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 1 0 1 1")
	want := usage{id: 812, parent: 77, name: "kube (api) x", ticks: 127}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := parseStat("broken"); got != (usage{}) {
		t.Errorf("got %+v of what is no stat", got)
	}
}

func TestProcessorTimeCountsThisProcess(t *testing.T) {
	clock, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	for { // until the kernel has counted something of it
		spent, err := clock.Read()
		if err != nil {
			t.Fatal(err)
		}
		if spent.Processor > 0 {
			break
		}
	}
}
