package collectors

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/pager"
)

const (
	pageSize = 500
	// kubeTimeout bounds one request, so that a hung API server is a gap and
	// not a hung debrief.
	kubeTimeout = 30 * time.Second
	// kubePatience bounds the wait for the API server's first answer, where an
	// archive can stand in for it. client-go would try a broken one for longer.
	kubePatience = 5 * time.Second
)

// silentError ends the wait for an API server's first answer. It had none but
// what is tried again, if anything.
type silentError struct{ last string }

func (e *silentError) Error() string {
	if e.last == "" {
		return "no answer in time"
	}
	return "no useful answer in time: " + e.last
}

// kubeClients are the two ways to ask an API server: typed and in protobuf for
// the core types, dynamic and in JSON for Argo's.
type kubeClients struct {
	core    kubernetes.Interface
	dynamic dynamic.Interface
	clock   *dateRecorder
	// down is why the API server is not asked any more: it could not be asked
	// before. nil: it is asked.
	down error
}

func newKubeClients(s *Settings) (*kubeClients, error) {
	clock := &dateRecorder{now: s.Now}
	base := rest.CopyConfig(s.Kubernetes)
	base.UserAgent = "debrief"
	base.QPS, base.Burst = 50, 100 // a one-off reader may be quicker than a controller
	if base.Timeout == 0 {
		base.Timeout = kubeTimeout
	}
	base.Wrap(clock.wrap)
	base.WarningHandlerWithContext = serverWarnings{s.Log}

	protobuf := rest.CopyConfig(base)
	protobuf.ContentType = runtime.ContentTypeProtobuf
	protobuf.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	core, err := kubernetes.NewForConfig(protobuf)
	if err != nil {
		return nil, fmt.Errorf("creating Kubernetes client: %w", err)
	}
	dyn, err := dynamic.NewForConfig(base)
	if err != nil {
		return nil, fmt.Errorf("creating Kubernetes client: %w", err)
	}
	return &kubeClients{core: core, dynamic: dyn, clock: clock}, nil
}

// impatient is a context that ends with a *silentError if the API server has not
// answered in time. An answer that takes long to read is none the less one.
func (k *kubeClients) impatient(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(kubePatience, func() {
		if served, last := k.clock.answer(); !served {
			cancel(&silentError{last})
		}
	})
	return ctx, func() {
		timer.Stop()
		cancel(nil)
	}
}

// serverWarnings logs what the API server warns of, such as a deprecated API.
// The default prints it to standard error as it comes.
type serverWarnings struct{ log *slog.Logger }

func (s serverWarnings) HandleWarningHeaderWithContext(ctx context.Context, _ int, _, text string) {
	s.log.WarnContext(ctx, "the API server warns", "warning", text)
}

// get reads one of Argo's objects into v.
func (k *kubeClients) get(ctx context.Context, resource, namespace, name string, v any) error {
	if k.down != nil {
		return k.down
	}
	object, err := k.dynamic.Resource(argoGroup.WithResource(resource)).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	return decodeInto(object, v)
}

// listAll lists Argo's objects of a resource, page by page.
func listAll[T any](ctx context.Context, k *kubeClients, resource, namespace string) ([]T, error) {
	if k.down != nil {
		return nil, k.down
	}
	var all []T
	client := k.dynamic.Resource(argoGroup.WithResource(resource)).Namespace(namespace)
	pages := pager.New(func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
		return client.List(ctx, opts)
	})
	pages.PageSize = pageSize
	err := pages.EachListItem(ctx, metav1.ListOptions{}, func(object runtime.Object) error {
		var v T
		if err := decodeInto(object, &v); err != nil {
			return err
		}
		all = append(all, v)
		return nil
	})
	return all, err
}

func decodeInto(object runtime.Object, v any) error {
	u, ok := object.(*unstructured.Unstructured)
	if !ok {
		return fmt.Errorf("unexpected answer of type %T", object)
	}
	data, err := json.Marshal(u.Object)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("decoding %s %s/%s: %w", u.GetKind(), u.GetNamespace(), u.GetName(), err)
	}
	return nil
}

// dateRecorder notes the API server's clock from the answers' Date headers, and
// whether there are answers at all.
type dateRecorder struct {
	now func() time.Time

	mu     sync.Mutex
	offset *float64
	served bool   // any answer did not only ask to come again
	failed string // the last one that did, or why there was none
}

func (d *dateRecorder) wrap(next http.RoundTripper) http.RoundTripper { return &dated{d, next} }

// dated is a transport whose answers are noted.
type dated struct {
	recorder *dateRecorder
	next     http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (t *dated) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	t.recorder.note(resp, err)
	return resp, err
}

// WrappedRoundTripper shows client-go the way to what ends a request in time. It
// warns on standard error where there is none.
func (t *dated) WrappedRoundTripper() http.RoundTripper { return t.next }

func (d *dateRecorder) note(resp *http.Response, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err != nil:
		d.failed = oneLine(err.Error())
		return
	case resp.StatusCode >= http.StatusInternalServerError, resp.StatusCode == http.StatusTooManyRequests:
		d.failed = resp.Status
	default:
		d.served = true
	}
	d.offset = clockOffset(resp.Header, d.now())
}

// last is the newest known offset in seconds, nil before any answer.
func (d *dateRecorder) last() *float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.offset
}

// answer tells whether the server, and not only a proxy in its place or a limit
// of its load, has answered anything, and what came last instead.
func (d *dateRecorder) answer() (served bool, instead string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.served, d.failed
}
