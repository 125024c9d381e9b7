package lab

import (
	"context"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"k8s.io/klog/v2"

	"github.com/debrief-sre/debrief/e2e/argo"
	"github.com/debrief-sre/debrief/e2e/process"
)

// Conditions on a rollout, for WaitRollout.
var (
	// IsHealthy: the newest revision runs, and serves all traffic.
	IsHealthy = func(r *argo.Rollout) bool {
		return r.Settled() && r.Status.Phase == argo.Healthy && r.Status.CurrentPodHash == r.Status.StableRS
	}
	// IsAborted: the controller has aborted the newest revision.
	IsAborted = func(r *argo.Rollout) bool {
		return r.Status.AbortedAt != nil && r.Status.Phase == argo.Degraded
	}
	// IsInconclusive: an analysis could not tell, and a person has to.
	IsInconclusive = func(r *argo.Rollout) bool { return r.PausedFor("InconclusiveAnalysisRun") }
)

// IsImage tells that the newest revision has an image and is in a state.
func IsImage(image string, state func(*argo.Rollout) bool) func(*argo.Rollout) bool {
	return func(r *argo.Rollout) bool { return r.Image() == image && state(r) }
}

// WaitRollout watches a rollout until a condition holds, and returns it as it
// then is. The error of a wait that ends too early tells the last state seen.
func (l *Lab) WaitRollout(ctx context.Context, ref Ref, what string, cond func(*argo.Rollout) bool) (*argo.Rollout, error) {
	var last *argo.Rollout
	client := l.Dynamic.Resource(argo.Rollouts).Namespace(ref.Namespace)
	err := watchOne(ctx, client, ref.Name, func(obj *unstructured.Unstructured) (bool, error) {
		r, err := argo.RolloutFrom(obj)
		if err != nil {
			return false, err
		}
		last = r
		return cond(r), nil
	})
	if err != nil {
		return nil, fmt.Errorf("waiting until %s is %s, last seen as %v: %w", ref, what, last, err)
	}
	return last, nil
}

// WaitQuiet waits until a rollout has not changed for a while.
func (l *Lab) WaitQuiet(ctx context.Context, ref Ref, while time.Duration) error {
	var version string
	var since time.Time
	return process.Poll(ctx, ref.String()+" to be quiet", func(ctx context.Context) error {
		r, err := l.Dynamic.Resource(argo.Rollouts).Namespace(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if v := r.GetResourceVersion(); v != version {
			version, since = v, time.Now()
		}
		if quiet := time.Since(since); quiet < while {
			return fmt.Errorf("it changed %s ago", quiet)
		}
		return nil
	})
}

// WaitScaledDown watches a ReplicaSet until it wants no pods and has none.
func (l *Lab) WaitScaledDown(ctx context.Context, ref Ref) error {
	client := l.Dynamic.Resource(appsv1.SchemeGroupVersion.WithResource("replicasets")).Namespace(ref.Namespace)
	err := watchOne(ctx, client, ref.Name, func(obj *unstructured.Unstructured) (bool, error) {
		var rs appsv1.ReplicaSet
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, &rs); err != nil {
			return false, fmt.Errorf("reading ReplicaSet %s: %w", ref, err)
		}
		return rs.Spec.Replicas != nil && *rs.Spec.Replicas == 0 && rs.Status.Replicas == 0, nil
	})
	if err != nil {
		return fmt.Errorf("waiting until ReplicaSet %s is scaled down: %w", ref, err)
	}
	return nil
}

// waitNode watches a node until it is ready.
func (l *Lab) waitNode(ctx context.Context, name string) error {
	nodes := l.Dynamic.Resource(corev1.SchemeGroupVersion.WithResource("nodes"))
	if err := watchOne(ctx, nodes, name, hasCondition("Ready")); err != nil {
		return fmt.Errorf("waiting until node %s is ready: %w", name, err)
	}
	return nil
}

// waitCRDs watches until every custom resource of Argo Rollouts is served.
func (l *Lab) waitCRDs(ctx context.Context) error {
	crds := l.Dynamic.Resource(schema.GroupVersionResource{
		Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
	})
	for _, resource := range []string{"rollouts", "analysisruns", "analysistemplates", "clusteranalysistemplates", "experiments"} {
		if err := watchOne(ctx, crds, resource+".argoproj.io", hasCondition("Established")); err != nil {
			return fmt.Errorf("waiting until %s are served: %w", resource, err)
		}
	}
	l.mapper.Reset() // forget that they were unknown
	return nil
}

// hasCondition tells that a status condition is true.
func hasCondition(kind string) func(*unstructured.Unstructured) (bool, error) {
	return func(obj *unstructured.Unstructured) (bool, error) {
		var status struct {
			Status struct {
				Conditions []metav1.Condition `json:"conditions"`
			} `json:"status"`
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, &status); err != nil {
			return false, fmt.Errorf("reading the conditions of %s: %w", obj.GetName(), err)
		}
		for _, c := range status.Status.Conditions {
			if c.Type == kind {
				return c.Status == metav1.ConditionTrue, nil
			}
		}
		return false, nil
	}
}

// watchOne lists and watches one object until a condition holds.
func watchOne(ctx context.Context, client dynamic.ResourceInterface, name string, cond func(*unstructured.Unstructured) (bool, error)) error {
	_, err := watchtools.UntilWithSync(quiet(ctx), listWatch(client, name), &unstructured.Unstructured{}, nil,
		func(event watch.Event) (bool, error) {
			obj, ok := event.Object.(*unstructured.Unstructured)
			if !ok || event.Type == watch.Deleted {
				return false, nil
			}
			return cond(obj)
		})
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w (%w)", err, context.Cause(ctx))
	}
	return err
}

// quiet keeps client-go from logging that a watch ended, which is how every
// wait ends.
func quiet(ctx context.Context) context.Context { return klog.NewContext(ctx, logr.Discard()) }

// listWatch lists and watches a resource, or the one object of that name.
func listWatch(client dynamic.ResourceInterface, name string) *cache.ListWatch {
	restrict := func(o *metav1.ListOptions) {
		if name != "" {
			o.FieldSelector = fields.OneTermEqualSelector("metadata.name", name).String()
		}
	}
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			restrict(&o)
			return client.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			restrict(&o)
			return client.Watch(ctx, o)
		},
	}
}

// observeRollouts shows every state of every rollout to the workload, until
// the lab ends.
func (l *Lab) observeRollouts() {
	show := func(obj any) {
		u, ok := obj.(*unstructured.Unstructured)
		if !ok {
			return
		}
		r, err := argo.RolloutFrom(u)
		if err != nil {
			l.cancel(fmt.Errorf("following the rollouts: %w", err))
			return
		}
		l.Workload.Observe(r)
	}
	_, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: listWatch(l.Dynamic.Resource(argo.Rollouts), ""),
		ObjectType:    &unstructured.Unstructured{},
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc:    show,
			UpdateFunc: func(_, obj any) { show(obj) },
		},
	})
	informer.RunWithContext(quiet(l.ctx))
}
