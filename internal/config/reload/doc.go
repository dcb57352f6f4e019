// Package reload follows files that Kubernetes mounts into a pod, and keeps the last
// good content in force.
//
// The kubelet changes a mounted ConfigMap or Secret by swapping the symbolic link
// "..data" in the directory, so a watch on the file itself goes silent after the
// first change. [Watch] watches the directory, looks every 30 seconds all the same,
// and where it cannot watch (the directory is not there yet, or the node has no
// watches left) it looks every second.
//
// A [File] loads one file of such a directory:
//
//	settings := reload.NewFile(path, config.Load, func(digest string, err error) {
//		// digest is in force now; err says why the newest content is not
//	})
//	go settings.Run(ctx)
//	live := settings.Current() // nil until the first good content
package reload
