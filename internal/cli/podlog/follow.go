package podlog

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// Pace is how Follow waits.
type Pace struct {
	// Settle is how long lines are held back, to be sorted.
	Settle time.Duration
	// Again is after what time it is tried again, as of a pod that has not begun.
	Again time.Duration
}

// follower follows the pods of a source.
type follower struct {
	*Source
	reader *Reader
	pace   Pace
	lines  chan<- Line
	tasks  *sync.WaitGroup
	// ends end what follows a pod that has gone, which then reads the rest.
	ends map[string]context.CancelFunc
}

// Follow gives the lines that there are, and those that are added, until the context ends.
// Pods that come are followed, from their first line.
func (r *Reader) Follow(ctx context.Context, pace Pace, give func(Line) error) error {
	logs, versions, err := r.find(ctx)
	if err != nil {
		return ended(ctx, err)
	}
	begun, err := r.readAll(ctx, logs)
	if err != nil {
		return ended(ctx, err)
	}
	for _, line := range begun {
		if err := give(line); err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancelCause(ctx)
	lines, tasks := make(chan Line, 1000), sync.WaitGroup{}
	for i, s := range r.Sources {
		f := &follower{Source: s, reader: r, pace: pace, lines: lines, tasks: &tasks, ends: map[string]context.CancelFunc{}}
		for _, l := range logs {
			if l.Source == s {
				f.begin(ctx, l)
			}
		}
		tasks.Go(func() {
			if err := f.watch(ctx, versions[i]); err != nil && r.bear(ctx, err) != nil {
				stop(err)
			}
		})
	}
	err = sorted(ctx, pace.Settle, lines, give)
	stop(err)
	tasks.Wait()
	return ended(ctx, err)
}

// ended is why it ended; that somebody has had enough is no error.
func ended(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		err = context.Cause(ctx)
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// begin follows a pod.
func (f *follower) begin(ctx context.Context, l *log) {
	gone, end := context.WithCancel(ctx)
	f.ends[l.pod] = end
	f.tasks.Go(func() { f.follow(ctx, gone, l) })
}

// follow reads a log until its pod has gone: a stream ends when a container does, or the
// connection.
func (f *follower) follow(ctx, gone context.Context, l *log) {
	said := ""
	for ctx.Err() == nil {
		options := l.options()
		options.Follow = true
		err := l.stream(ctx, options, func(line Line) {
			select {
			case f.lines <- line:
			case <-ctx.Done():
			}
		})
		if gone.Err() != nil {
			return
		}
		waits := apierrors.IsBadRequest(err) || apierrors.IsNotFound(err)
		if err != nil && !waits && ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			f.reader.Note(said)
		}
		pause(gone, f.pace.Again)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// watch learns of pods that come and go. It returns when there is no point in going on.
func (f *follower) watch(ctx context.Context, version string) error {
	defer func() {
		for _, end := range f.ends {
			end()
		}
	}()
	for ctx.Err() == nil {
		events, err := f.Core.Pods(f.Namespace).Watch(ctx, metav1.ListOptions{LabelSelector: f.Selector, ResourceVersion: version})
		if apierrors.IsForbidden(err) {
			return f.explained(err, "follow the pods", "watch pods")
		}
		if err == nil {
			f.see(ctx, events)
			events.Stop()
		}
		pause(ctx, f.pace.Again)
		if pods, err := f.list(ctx); err == nil {
			version = pods.ResourceVersion
			f.compare(ctx, pods.Items)
		} else if apierrors.IsForbidden(err) {
			return err
		}
	}
	return nil
}

func (f *follower) see(ctx context.Context, events watch.Interface) {
	for event := range events.ResultChan() {
		pod, is := event.Object.(*corev1.Pod)
		if !is {
			return // the cluster says that it is too late
		}
		if event.Type == watch.Deleted {
			f.end(pod.Name)
		} else {
			f.come(ctx, pod)
		}
	}
}

func (f *follower) come(ctx context.Context, pod *corev1.Pod) {
	if f.ends[pod.Name] == nil {
		f.begin(ctx, f.log(pod, f.reader))
	}
}

func (f *follower) end(pod string) {
	if end := f.ends[pod]; end != nil {
		end()
		delete(f.ends, pod)
	}
}

// compare makes up for what was not seen.
func (f *follower) compare(ctx context.Context, pods []corev1.Pod) {
	gone := maps.Clone(f.ends)
	for i := range pods {
		delete(gone, pods[i].Name)
		f.come(ctx, &pods[i])
	}
	for pod := range gone {
		f.end(pod)
	}
}

// sorted holds lines back for a short while and gives them in the order of time.
func sorted(ctx context.Context, settle time.Duration, lines <-chan Line, give func(Line) error) error {
	var held []Line
	var settled <-chan time.Time
	for {
		select {
		case line := <-lines:
			if held = append(held, line); len(held) == 1 {
				settled = time.After(settle)
			}
			continue
		case <-settled:
		case <-ctx.Done():
		}
		byTime(held)
		for _, line := range held {
			if err := give(line); err != nil {
				return err
			}
		}
		held, settled = nil, nil
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
