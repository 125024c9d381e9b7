// Package lab brings up a real Kubernetes control plane on loopback, without
// containers and without root: etcd, kube-apiserver, kube-controller-manager,
// kube-scheduler, kwok playing two nodes, the Argo Rollouts controller,
// Prometheus, and a workload whose request counters follow every Rollout's
// traffic weight. Everything but the workload is the software that runs in
// production, so that what a scenario sees is what debrief will meet.
//
//	l, err := lab.Start(ctx, "")
//	if err != nil { ... }
//	defer l.Close()
//	err = l.Apply(ctx, manifests)
//	rollout, err := l.WaitRollout(ctx, ref, "healthy", lab.IsHealthy)
//	err = l.SetImage(ctx, ref, "registry.local/checkout:1.1.0-bad")
//	rollout, err = l.WaitRollout(ctx, ref, "aborted", lab.IsAborted)
//
// # Guarantees
//
// A lab listens on 127.0.0.1 only, on ports that were free, and writes only to
// a private folder. Close ends every process and removes that folder, also
// after a failed Start; when the context given to Start ends, so does the lab's
// own (see Context), and Close remains to be called. If the lab's process is
// killed outright the kernel ends the servers, and the next Start removes the
// folder.
package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/debrief-sre/debrief/e2e/process"
	"github.com/debrief-sre/debrief/e2e/servers"
	"github.com/debrief-sre/debrief/e2e/workload"
)

// startTimeout bounds the start of the servers, once they are built.
const startTimeout = 2 * time.Minute

// A Lab is a running control plane.
type Lab struct {
	Kubeconfig       string // may do everything
	ReaderKubeconfig string // may do what debrief needs, and nothing else
	PrometheusURL    string
	Workload         *workload.Workload
	Kube             kubernetes.Interface
	Dynamic          dynamic.Interface
	Phases           []Phase // how long each part of the start took

	ctx     context.Context // ends with the lab, its cause says why
	cancel  context.CancelCauseFunc
	dir     string
	built   *servers.Built
	ports   ports
	procs   *process.Group
	admin   *rest.Config
	mapper  meta.ResettableRESTMapper
	plugin  dynamic.Interface // speaks as the Argo Rollouts kubectl plugin
	observe sync.WaitGroup    // the goroutine that shows rollouts to the workload
}

// A Phase is a part of a run and the time it took.
type Phase struct {
	Name string
	Took time.Duration
}

// An Option changes how a lab starts.
type Option func(*options)

type options struct {
	progress func(format string, args ...any)
	bare     bool
}

// WithProgress has the lab tell what it is about to do, for builds that take
// minutes.
func WithProgress(f func(format string, args ...any)) Option {
	return func(o *options) { o.progress = f }
}

// WithoutControllers leaves a lab with etcd, the API server and Argo Rollouts'
// custom resources. Whoever writes objects there plays the controllers, as fast
// as they please.
func WithoutControllers() Option {
	return func(o *options) { o.bare = true }
}

// Start builds the servers that the cache lacks and brings up a lab. Its files
// lie in a new private folder inside dir, or inside the system's temporary
// folder if dir is empty.
func Start(ctx context.Context, dir string, opts ...Option) (*Lab, error) {
	o := options{progress: func(string, ...any) {}}
	for _, opt := range opts {
		opt(&o)
	}
	l := &Lab{}
	err := l.phase("servers from the cache", func() (err error) {
		l.built, err = servers.Build(ctx, o.progress)
		return err
	})
	if err != nil {
		return nil, err
	}
	if l.dir, err = privateDir(dir); err != nil {
		return nil, err
	}
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	l.procs = process.NewGroup(l.path("logs"), l.cancel)

	starting, done := context.WithTimeoutCause(l.ctx, startTimeout, errors.New("the lab did not start in time"))
	defer done()
	if err := l.start(starting, o); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the lab: %w", err), l.Close())
	}
	return l, nil
}

// start brings the parts up in the order of their needs.
func (l *Lab) start(ctx context.Context, o options) error {
	var err error
	if l.ports, err = reservePorts(); err != nil {
		return err
	}
	if err := l.phase("etcd and kube-apiserver", func() error { return l.startAPIServer(ctx) }); err != nil {
		return err
	}
	if o.bare {
		return l.phase("CRDs, rights", func() error {
			return errors.Join(l.Apply(ctx, clusterManifest), l.installCRDs(ctx))
		})
	}
	if err := l.phase("controllers, nodes, CRDs", func() error { return l.startControllers(ctx) }); err != nil {
		return err
	}
	return l.phase("workload and Prometheus", func() error { return l.startMonitoring(ctx) })
}

// Context ends when the lab's parent context does, or when a server ended by
// itself; context.Cause tells which, with the server's last words. Whatever
// works on the lab should run under it.
func (l *Lab) Context() context.Context { return l.ctx }

// PIDs lists the processes of the lab.
func (l *Lab) PIDs() []int { return l.procs.PIDs() }

// Dir is the lab's private folder.
func (l *Lab) Dir() string { return l.dir }

// Close ends every process and removes the private folder. It may be called
// more than once.
func (l *Lab) Close() error {
	l.cancel(errors.New("the lab was closed"))
	l.observe.Wait()
	var errs []error
	if l.Workload != nil {
		errs = append(errs, l.Workload.Close())
		l.Workload = nil
	}
	errs = append(errs, l.procs.Stop())
	if err := os.RemoveAll(l.dir); err != nil {
		errs = append(errs, fmt.Errorf("removing the lab's folder: %w", err))
	}
	return errors.Join(errs...)
}

// path is a file in the lab's private folder.
func (l *Lab) path(elem ...string) string {
	return filepath.Join(append([]string{l.dir}, elem...)...)
}

// phase runs a part of the start and notes the time it took.
func (l *Lab) phase(name string, f func() error) error {
	begin := time.Now()
	err := f()
	l.Phases = append(l.Phases, Phase{Name: name, Took: time.Since(begin)})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
