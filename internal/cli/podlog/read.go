package podlog

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

// longest is how long a line is at most; the end of a longer one is left out.
const longest = 1 << 20

// atOnce is how many logs are read at the same time.
const atOnce = 8

// Source are pods, and what of their logs.
type Source struct {
	Core      corev1client.PodsGetter
	Namespace string
	Selector  string // of labels
	// Label is the one whose value names what a pod is.
	Label string
	Want  func(Line) bool // nil: all
}

// Reader reads some sources as one.
type Reader struct {
	Sources []*Source
	Since   time.Duration // 0: from the beginning
	Tail    int           // lines of all that are wanted; negative: every one
	// Note is told what goes wrong with some of it, while the others are read.
	Note func(string)
}

// log is the log of one pod.
type log struct {
	*Source
	reader                    *Reader
	pod, component, container string
	old                       bool      // it was there at the beginning
	last                      time.Time // when the last line was written that was read
}

func (s *Source) log(pod *corev1.Pod, reader *Reader) *log {
	l := &log{Source: s, reader: reader, pod: pod.Name, component: pod.Labels[s.Label]}
	if len(pod.Spec.Containers) > 0 {
		l.container = pod.Spec.Containers[0].Name
	}
	return l
}

func (s *Source) list(ctx context.Context) (*corev1.PodList, error) {
	pods, err := s.Core.Pods(s.Namespace).List(ctx, metav1.ListOptions{LabelSelector: s.Selector})
	if err != nil {
		return nil, s.explained(err, "list the pods", "list pods")
	}
	return pods, nil
}

// explained names a missing right before the cluster's own words.
func (s *Source) explained(err error, doing, right string) error {
	if apierrors.IsForbidden(err) {
		return fmt.Errorf("%s: you need the right to %s in namespace %s: %w", doing, right, s.Namespace, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Read returns the lines that there are, in the order of time, and the number of pods.
func (r *Reader) Read(ctx context.Context) ([]Line, int, error) {
	logs, _, err := r.find(ctx)
	if err != nil {
		return nil, 0, err
	}
	lines, err := r.readAll(ctx, logs)
	return lines, len(logs), err
}

// find finds the pods of all sources, and the version of the list of each. What one source
// may not read is told, and is an error if it is the only one.
func (r *Reader) find(ctx context.Context) (logs []*log, versions []string, err error) {
	for _, s := range r.Sources {
		pods, err := s.list(ctx)
		if err != nil {
			if err := r.bear(ctx, err); err != nil {
				return nil, nil, err
			}
			pods = &corev1.PodList{}
		}
		versions = append(versions, pods.ResourceVersion)
		for i := range pods.Items {
			l := s.log(&pods.Items[i], r)
			l.old = true
			logs = append(logs, l)
		}
	}
	return logs, versions, nil
}

// bear goes on without one of several.
func (r *Reader) bear(ctx context.Context, err error) error {
	if ctx.Err() != nil || len(r.Sources) == 1 {
		return err
	}
	r.Note(err.Error())
	return nil
}

// readAll reads logs side by side. That they may not be read is an error, or told once.
func (r *Reader) readAll(ctx context.Context, logs []*log) ([]Line, error) {
	found, failures := make([][]Line, len(logs)), make([]error, len(logs))
	slots := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, l := range logs {
		slots <- struct{}{}
		all.Go(func() {
			found[i], failures[i] = l.read(ctx)
			<-slots
		})
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	refused := map[*Source]bool{}
	for i, err := range failures {
		switch source := logs[i].Source; {
		case apierrors.IsForbidden(err) && !refused[source]:
			refused[source] = true
			if err := r.bear(ctx, err); err != nil {
				return nil, err
			}
		case err != nil && !refused[source]:
			r.Note(err.Error())
		}
	}
	lines := slices.Concat(found...)
	byTime(lines)
	return r.end(lines), nil
}

// end is what is wanted of the end.
func (r *Reader) end(lines []Line) []Line {
	if r.Tail >= 0 && len(lines) > r.Tail {
		return lines[len(lines)-r.Tail:]
	}
	return lines
}

func byTime(lines []Line) {
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Pod, b.Pod)) })
}

// read reads what a pod has written until now. Of a pod that has not begun there is nothing.
func (l *log) read(ctx context.Context) ([]Line, error) {
	var lines []Line
	tail := l.reader.Tail
	err := l.stream(ctx, l.options(), func(line Line) {
		lines = append(lines, line)
		if tail >= 0 && len(lines) > 2*tail+1000 { // a long log is not kept whole
			lines = slices.Clone(l.reader.end(lines))
		}
	})
	if apierrors.IsBadRequest(err) || apierrors.IsNotFound(err) { // not begun, or gone
		return lines, nil
	}
	return lines, err
}

// options go on where it was read to. What has come since is wanted from its beginning.
func (l *log) options() *corev1.PodLogOptions {
	options := &corev1.PodLogOptions{Container: l.container, Timestamps: true}
	if !l.last.IsZero() {
		options.SinceTime = &metav1.Time{Time: l.last}
		return options
	}
	if l.old && l.reader.Tail >= 0 && l.Want == nil {
		options.TailLines = new(int64(l.reader.Tail))
	}
	if l.old && l.reader.Since > 0 {
		options.SinceSeconds = new(int64(max(1, l.reader.Since.Seconds())))
	}
	return options
}

// stream gives each line that is wanted and was not read before.
func (l *log) stream(ctx context.Context, options *corev1.PodLogOptions, give func(Line)) error {
	body, err := l.Core.Pods(l.Namespace).GetLogs(l.pod, options).Stream(ctx)
	if err != nil {
		return l.explained(err, "read the log of pod "+l.pod, "get pods/log")
	}
	defer func() { _ = body.Close() }() // what was read was read
	before, reader := l.last, bufio.NewReaderSize(body, 64<<10)
	for {
		text, err := readLine(reader)
		if text != "" {
			line := parse(l.pod, l.component, text)
			if line.written.IsZero() || line.written.After(before) {
				l.last = latest(l.last, line.written)
				if l.Want == nil || l.Want(line) {
					give(line)
				}
			}
		}
		if errors.Is(err, io.EOF) || ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the log of pod %s: %w", l.pod, err)
		}
	}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// readLine reads a line without its end, whatever its length.
func readLine(reader *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := reader.ReadSlice('\n')
		if room := longest - len(line); room > 0 {
			line = append(line, part[:min(len(part), room)]...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return strings.TrimRight(string(line), "\r\n"), err
		}
	}
}
