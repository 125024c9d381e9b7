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
)

// kubeClients are the two ways to ask an API server: typed and in protobuf for
// the core types, dynamic and in JSON for Argo's.
type kubeClients struct {
	core    kubernetes.Interface
	dynamic dynamic.Interface
	clock   *dateRecorder
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

// serverWarnings logs what the API server warns of, such as a deprecated API.
// The default prints it to standard error as it comes.
type serverWarnings struct{ log *slog.Logger }

func (s serverWarnings) HandleWarningHeaderWithContext(ctx context.Context, _ int, _, text string) {
	s.log.WarnContext(ctx, "the API server warns", "warning", text)
}

// get reads one of Argo's objects into v.
func (k *kubeClients) get(ctx context.Context, resource, namespace, name string, v any) error {
	object, err := k.dynamic.Resource(argoGroup.WithResource(resource)).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	return decodeInto(object, v)
}

// listAll lists Argo's objects of a resource, page by page.
func listAll[T any](ctx context.Context, k *kubeClients, resource, namespace string) ([]T, error) {
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

// dateRecorder notes the API server's clock from the answers' Date headers.
type dateRecorder struct {
	now func() time.Time

	mu     sync.Mutex
	offset *float64
}

func (d *dateRecorder) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err == nil {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.offset = clockOffset(resp.Header, d.now())
		}
		return resp, err
	})
}

// last is the newest known offset in seconds, nil before any answer.
func (d *dateRecorder) last() *float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.offset
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
