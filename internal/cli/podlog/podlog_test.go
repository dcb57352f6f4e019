package podlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/foyerhq/foyer/internal/testenv/kube"
)

// cluster stands for an API server with kubelets behind it, at the boundary: pods are listed
// and watched, and their logs are read, with the answers of Kubernetes.
type cluster struct {
	t      *testing.T
	source *Source
	reader *Reader

	mutex   sync.Mutex
	pods    map[string]*pod
	refused string // a verb with a resource, as "get pods/log"
	asked   []string
	notes   []string
	changed chan struct{} // is closed when anything has changed
	watched bool
}

type pod struct {
	lines   []string // with the time of the kubelet
	started bool
	gone    bool
	cut     int // the connection ends after this many lines, once
	streams int
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, pods: map[string]*pod{}, changed: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/namespaces/acme/pods", c.listOrWatch)
	mux.HandleFunc("GET /api/v1/namespaces/acme/pods/{pod}/log", c.log)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	core, err := corev1client.NewForConfig(&rest.Config{Host: server.URL, ContentConfig: rest.ContentConfig{ContentType: "application/json"}})
	if err != nil {
		t.Fatal(err)
	}
	c.source = &Source{Core: core, Namespace: "acme", Selector: "foyer.dev/tenant=acme", Label: "part"}
	c.reader = &Reader{Sources: []*Source{c.source}, Tail: -1, Note: func(text string) {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		c.notes = append(c.notes, text)
	}}
	return c
}

// change changes something, and wakes whoever waits for it.
func (c *cluster) change(do func()) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	do()
	close(c.changed)
	c.changed = make(chan struct{})
}

// start makes a pod that runs.
func (c *cluster) start(name string, lines ...string) {
	c.change(func() { c.pods[name] = &pod{started: true, lines: lines} })
}

func (c *cluster) write(name string, lines ...string) {
	c.change(func() { c.pods[name].lines = append(c.pods[name].lines, lines...) })
}

func (c *cluster) remove(name string) { c.change(func() { c.pods[name].gone = true }) }

func (c *cluster) answer(w http.ResponseWriter, code int, reason metav1.StatusReason) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	c.encode(w, metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Code: int32(code), Reason: reason, Message: "refused"})
}

func (c *cluster) encode(w http.ResponseWriter, value any) {
	if err := json.NewEncoder(w).Encode(value); err != nil && !strings.Contains(err.Error(), "broken pipe") {
		c.t.Log(err)
	}
}

// forbids says whether somebody may not do it, and that he may not.
func (c *cluster) forbids(w http.ResponseWriter, what string) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.refused != what {
		return false
	}
	c.answer(w, http.StatusForbidden, metav1.StatusReasonForbidden)
	return true
}

func object(name string) corev1.Pod {
	return corev1.Pod{
		TypeMeta:   metav1.TypeMeta{Kind: "Pod", APIVersion: "v1"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: name, Labels: map[string]string{"part": strings.Split(name, "-")[0]}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main"}}},
	}
}

func (c *cluster) there() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(c.pods)) {
		if !c.pods[name].gone {
			names = append(names, name)
		}
	}
	return names
}

func (c *cluster) listOrWatch(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("watch") != "" {
		c.watch(w, r)
		return
	}
	if c.forbids(w, "list pods") {
		return
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if got := r.URL.Query().Get("labelSelector"); got != c.source.Selector {
		c.t.Errorf("pods of %s are listed", got)
	}
	list := corev1.PodList{TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"}, ListMeta: metav1.ListMeta{ResourceVersion: "1"}}
	for _, name := range c.there() {
		list.Items = append(list.Items, object(name))
	}
	w.Header().Set("Content-Type", "application/json")
	c.encode(w, list)
}

// watch tells of pods that come and go.
func (c *cluster) watch(w http.ResponseWriter, r *http.Request) {
	if c.forbids(w, "watch pods") {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.(http.Flusher).Flush()
	c.mutex.Lock()
	known := c.there()
	c.watched = true
	c.mutex.Unlock()
	for {
		c.mutex.Lock()
		now, changed := c.there(), c.changed
		c.mutex.Unlock()
		for _, name := range now {
			if !slices.Contains(known, name) {
				c.encode(w, event(watch.Added, name))
			}
		}
		for _, name := range known {
			if !slices.Contains(now, name) {
				c.encode(w, event(watch.Deleted, name))
			}
		}
		known = now
		w.(http.Flusher).Flush()
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

func event(kind watch.EventType, name string) map[string]any {
	return map[string]any{"type": kind, "object": object(name)}
}

// log answers as a kubelet does: from a whole second on, and as many of the last lines.
func (c *cluster) log(w http.ResponseWriter, r *http.Request) {
	if c.forbids(w, "get pods/log") {
		return
	}
	query := r.URL.Query()
	c.mutex.Lock()
	p := c.pods[r.PathValue("pod")]
	c.asked = append(c.asked, r.PathValue("pod")+"?"+r.URL.RawQuery)
	c.mutex.Unlock()
	if query.Get("container") != "main" || query.Get("timestamps") != "true" {
		c.t.Errorf("asked for %s", r.URL.RawQuery)
	}
	if p == nil || !p.started {
		c.answer(w, http.StatusBadRequest, metav1.StatusReasonBadRequest)
		return
	}
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	for at := c.first(p, query.Get("sinceTime"), query.Get("tailLines")); ; {
		c.mutex.Lock()
		lines, gone, cut, changed := slices.Clone(p.lines), p.gone, p.cut, c.changed
		c.mutex.Unlock()
		for ; at < len(lines); at++ {
			if cut > 0 && at == cut {
				c.change(func() { p.cut = 0 })
				return
			}
			_, _ = fmt.Fprintln(w, lines[at]) // whoever reads may have had enough
		}
		w.(http.Flusher).Flush()
		if gone || query.Get("follow") == "" {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

func (c *cluster) first(p *pod, since, tail string) int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	p.streams++
	if tail != "" {
		n, err := strconv.Atoi(tail)
		if err != nil {
			c.t.Error(err)
		}
		return max(0, len(p.lines)-n)
	}
	begin, err := time.Parse(time.RFC3339, since)
	if err != nil {
		return 0
	}
	return max(0, slices.IndexFunc(p.lines, func(line string) bool {
		at, err := time.Parse(time.RFC3339Nano, strings.Fields(line)[0])
		return err == nil && !at.Before(begin)
	}))
}

// at is a line of Foyer's at a second of the test.
func at(second float64, level, message string) string {
	stamp := time.Date(2026, 11, 22, 19, 0, 0, 0, time.UTC).Add(time.Duration(second * float64(time.Second))).Format(time.RFC3339Nano)
	return fmt.Sprintf(`%s {"time":%q,"level":%q,"msg":%q,"component":"portal","id":"a b","n":3}`, stamp, stamp, level, message)
}

func messages(lines []Line) (all []string) {
	for _, l := range lines {
		all = append(all, l.Pod+": "+l.Message)
	}
	return all
}

func TestReadMergesByTime(t *testing.T) {
	c := newCluster(t)
	c.start("portal-a", at(1, "INFO", "first"), at(3, "INFO", "third"))
	c.start("portal-b", at(2, "INFO", "second"), at(4, "WARN", "fourth"))
	c.pods["dispatcher-c"] = &pod{} // has not begun
	lines, pods, err := c.reader.Read(t.Context())
	if err != nil || pods != 3 {
		t.Fatalf("%d pods: %v", pods, err)
	}
	if diff := cmp.Diff([]string{"portal-a: first", "portal-b: second", "portal-a: third", "portal-b: fourth"}, messages(lines)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	c.reader.Tail = 2
	lines, _, _ = c.reader.Read(t.Context())
	if diff := cmp.Diff([]string{"portal-a: third", "portal-b: fourth"}, messages(lines)); diff != "" {
		t.Errorf("the last two (-want +got)\n%s", diff)
	}
	c.source.Want = func(l Line) bool { return l.Level == "INFO" }
	lines, _, _ = c.reader.Read(t.Context())
	if diff := cmp.Diff([]string{"portal-b: second", "portal-a: third"}, messages(lines)); diff != "" {
		t.Errorf("the last two of level INFO (-want +got)\n%s", diff)
	}
	if len(c.notes) > 0 {
		t.Errorf("noted %v", c.notes)
	}
}

func TestParse(t *testing.T) {
	stamp := time.Date(2026, 11, 22, 19, 0, 1, 0, time.UTC)
	for name, tt := range map[string]struct {
		text string
		want Line
	}{
		"of Foyer": {at(1, "WARN", "oh"), Line{Time: stamp, Level: "WARN", Message: "oh", Keys: []Key{{"id", "a b"}, {"n", "3"}}}},
		"panic":    {"2026-11-22T19:00:01Z panic: oh", Line{Time: stamp, Message: "panic: oh"}},
		"cut":      {`2026-11-22T19:00:01Z {"level":"INFO","msg":`, Line{Time: stamp, Message: `{"level":"INFO","msg":`}},
		"object":   {`2026-11-22T19:00:01Z {"msg":"m","o":{"b":1,"a":[2]}}`, Line{Time: stamp, Message: "m", Keys: []Key{{"o", `{"b":1,"a":[2]}`}}}},
		"no time":  {"kubelet says no", Line{Message: "kubelet says no"}},
	} {
		got := parse("p", "c", tt.text)
		got.Raw, got.Pod, got.Component, got.written = "", "", "", time.Time{}
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(Line{})); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// following follows in the background, and keeps what it is given.
type following struct {
	c     *cluster
	stop  context.CancelFunc
	done  chan error
	mutex sync.Mutex
	lines []Line
}

func (c *cluster) follow() *following {
	ctx, stop := context.WithCancel(c.t.Context())
	f := &following{c: c, stop: stop, done: make(chan error, 1)}
	go func() {
		f.done <- c.reader.Follow(ctx, Pace{Settle: 50 * time.Millisecond, Again: 20 * time.Millisecond}, func(l Line) error {
			f.mutex.Lock()
			defer f.mutex.Unlock()
			f.lines = append(f.lines, l)
			return nil
		})
	}()
	return f
}

func (f *following) wait(want ...string) {
	f.c.t.Helper()
	kube.Eventually(f.c.t, "the lines", func() error {
		f.mutex.Lock()
		defer f.mutex.Unlock()
		if diff := cmp.Diff(want, messages(f.lines)); diff != "" {
			return errors.New("(-want +got)\n" + diff)
		}
		return nil
	})
}

func (f *following) end() error {
	f.stop()
	select {
	case err := <-f.done:
		return err
	case <-time.After(30 * time.Second):
		return errors.New("it does not end")
	}
}

// Pods that come are followed from their first line, those that go are left in peace, and no
// line is lost or told twice when a connection breaks.
func TestFollow(t *testing.T) {
	c := newCluster(t)
	c.start("portal-a", at(1, "INFO", "a1"), at(1.5, "INFO", "a2"))
	f := c.follow()
	f.wait("portal-a: a1", "portal-a: a2")
	kube.Eventually(t, "the watch", func() error {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		if !c.watched {
			return errors.New("nobody watches")
		}
		return nil
	})
	c.start("portal-b", at(3, "INFO", "b1"))
	f.wait("portal-a: a1", "portal-a: a2", "portal-b: b1")
	c.change(func() { c.pods["portal-a"].cut = 3 })
	c.write("portal-a", at(4, "INFO", "a3"), at(4.1, "INFO", "a4"))
	f.wait("portal-a: a1", "portal-a: a2", "portal-b: b1", "portal-a: a3", "portal-a: a4")
	c.write("portal-b", at(5, "INFO", "b2"))
	c.remove("portal-b")
	f.wait("portal-a: a1", "portal-a: a2", "portal-b: b1", "portal-a: a3", "portal-a: a4", "portal-b: b2")
	c.mutex.Lock()
	streams := c.pods["portal-b"].streams
	c.mutex.Unlock()
	c.write("portal-a", at(6, "INFO", "a5"))
	f.wait("portal-a: a1", "portal-a: a2", "portal-b: b1", "portal-a: a3", "portal-a: a4", "portal-b: b2", "portal-a: a5")
	c.change(func() { c.pods["late-c"] = &pod{} })
	c.change(func() { c.pods["late-c"].started, c.pods["late-c"].lines = true, []string{at(7, "INFO", "c1")} })
	f.wait("portal-a: a1", "portal-a: a2", "portal-b: b1", "portal-a: a3", "portal-a: a4", "portal-b: b2", "portal-a: a5", "late-c: c1")
	if err := f.end(); err != nil {
		t.Errorf("Ctrl-C: %v", err)
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if more := c.pods["portal-b"].streams - streams; more > 1 {
		t.Errorf("a pod that has gone was asked %d times more", more)
	}
	if len(c.notes) > 0 {
		t.Errorf("noted %v", c.notes)
	}
}

// Lines that come at once are sorted.
func TestFollowSortsWhatComesAtOnce(t *testing.T) {
	lines := make(chan Line, 3)
	for _, second := range []int{3, 1, 2} {
		lines <- Line{Time: time.Unix(int64(second), 0), Message: fmt.Sprint(second)}
	}
	ctx, stop := context.WithCancel(t.Context())
	var got []string
	err := sorted(ctx, 20*time.Millisecond, lines, func(l Line) error {
		if got = append(got, l.Message); len(got) == 3 {
			stop()
		}
		return nil
	})
	if diff := cmp.Diff([]string{"1", "2", "3"}, got); diff != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

// --tail 0 shows what comes, and nothing of what was.
func TestFollowFromNowOn(t *testing.T) {
	c := newCluster(t)
	c.reader.Tail = 0
	c.start("portal-a", at(1, "INFO", "old"))
	f := c.follow()
	kube.Eventually(t, "two looks at the log", func() error {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		if c.pods["portal-a"].streams < 2 {
			return errors.New("not yet")
		}
		return nil
	})
	c.write("portal-a", at(2, "INFO", "new"))
	f.wait("portal-a: new")
	if err := f.end(); err != nil {
		t.Error(err)
	}
}

func TestMissingRightsAreNamed(t *testing.T) {
	for right, follow := range map[string]bool{"list pods": false, "get pods/log": false, "watch pods": true} {
		c := newCluster(t)
		c.start("portal-a", at(1, "INFO", "a"))
		c.refused = right
		var err error
		if follow {
			err = <-c.follow().done
		} else {
			_, _, err = c.reader.Read(t.Context())
		}
		if want := "you need the right to " + right + " in namespace acme"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("without the right to %s: %v", right, err)
		}
	}
}

// Of two sources one may be read: the right that the other needs is told.
func TestTheRestIsReadWithoutARight(t *testing.T) {
	c, operator := newCluster(t), newCluster(t)
	c.start("portal-a", at(1, "INFO", "a"))
	operator.refused = "list pods"
	c.reader.Sources = append(c.reader.Sources, operator.source)
	lines, _, err := c.reader.Read(t.Context())
	if diff := cmp.Diff([]string{"portal-a: a"}, messages(lines)); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if len(c.notes) != 1 || !strings.Contains(c.notes[0], "list pods") {
		t.Errorf("noted %v", c.notes)
	}
}

// Whoever reads has had enough, as head has.
func TestFollowEndsWithItsReader(t *testing.T) {
	c := newCluster(t)
	c.start("portal-a", at(1, "INFO", "a"))
	enough := errors.New("broken pipe")
	if err := c.reader.Follow(t.Context(), Pace{}, func(Line) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
}
