package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// kind is a kind of object that the API server serves.
type kind struct {
	group, version, resource, kind string
	namespaced                     bool
}

var kinds = []kind{
	{"", "v1", "events", "Event", true},
	{"", "v1", "namespaces", "Namespace", false},
	{"", "v1", "nodes", "Node", false},
	{"", "v1", "pods", "Pod", true},
	{"", "v1", "services", "Service", true},
	{"apps", "v1", "deployments", "Deployment", true},
	{"apps", "v1", "replicasets", "ReplicaSet", true},
	{"argoproj.io", "v1alpha1", "analysisruns", "AnalysisRun", true},
	{"argoproj.io", "v1alpha1", "analysistemplates", "AnalysisTemplate", true},
	{"argoproj.io", "v1alpha1", "clusteranalysistemplates", "ClusterAnalysisTemplate", false},
	{"argoproj.io", "v1alpha1", "experiments", "Experiment", true},
	{"argoproj.io", "v1alpha1", "rollouts", "Rollout", true},
}

func (k kind) groupVersion() schema.GroupVersion {
	return schema.GroupVersion{Group: k.group, Version: k.version}
}

func (k kind) groupResource() schema.GroupResource {
	return schema.GroupResource{Group: k.group, Resource: k.resource}
}

// object is one object as the API server answered it.
type object = map[string]any

// cluster is the objects of a recording.
type cluster struct {
	objects map[kind][]object
	version map[kind]string // the lists' resourceVersion
}

func readCluster(fsys fs.FS) (*cluster, error) {
	c := &cluster{objects: map[kind][]object{}, version: map[kind]string{}}
	var errs []error
	for _, k := range kinds {
		var list struct {
			Metadata struct{ ResourceVersion string }
			Items    []object
		}
		errs = append(errs, readJSON(fsys, k.resource+".json", &list))
		c.objects[k], c.version[k] = list.Items, list.Metadata.ResourceVersion
	}
	return c, errors.Join(errs...)
}

// objectPath is a request for objects, taken apart.
type objectPath struct {
	kind            kind
	namespace, name string
}

// parseObjectPath takes apart /api/v1/... and /apis/GROUP/VERSION/..., as in
// namespaces/NAMESPACE/RESOURCE/NAME.
func parseObjectPath(path string) (objectPath, bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	var group, version string
	switch {
	case len(parts) > 2 && parts[0] == "api":
		version, parts = parts[1], parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		group, version, parts = parts[1], parts[2], parts[3:]
	default:
		return objectPath{}, false
	}
	var q objectPath
	if len(parts) > 2 && parts[0] == "namespaces" {
		q.namespace, parts = parts[1], parts[2:]
	}
	if len(parts) > 1 {
		q.name = parts[1]
	}
	i := slices.IndexFunc(kinds, func(k kind) bool {
		return k.group == group && k.version == version && k.resource == parts[0]
	})
	if i < 0 || len(parts) > 2 || q.namespace != "" && !kinds[i].namespaced {
		return objectPath{}, false
	}
	q.kind = kinds[i]
	return q, true
}

func (c *cluster) serve(w http.ResponseWriter, r *http.Request, path string) {
	if r.Method != http.MethodGet {
		kubernetesError(w, apierrors.NewMethodNotSupported(schema.GroupResource{}, strings.ToLower(r.Method)))
		return
	}
	if answer := discover(path); answer != nil {
		writeJSON(w, http.StatusOK, answer)
		return
	}
	q, ok := parseObjectPath(path)
	switch {
	case !ok:
		kubernetesError(w, apierrors.NewGenericServerResponse(http.StatusNotFound, "get", schema.GroupResource{}, "", "", 0, true))
	case r.URL.Query().Get("watch") != "":
		kubernetesError(w, apierrors.NewMethodNotSupported(q.kind.groupResource(), "watch"))
	case q.name != "":
		c.get(w, q)
	default:
		c.list(w, r, q)
	}
}

func (c *cluster) get(w http.ResponseWriter, q objectPath) {
	for _, o := range c.objects[q.kind] {
		if field(o, "metadata.name") == q.name && (!q.kind.namespaced || field(o, "metadata.namespace") == q.namespace) {
			whole := object{"kind": q.kind.kind, "apiVersion": q.kind.groupVersion().String()}
			for key, value := range o {
				whole[key] = value
			}
			writeJSON(w, http.StatusOK, whole)
			return
		}
	}
	kubernetesError(w, apierrors.NewNotFound(q.kind.groupResource(), q.name))
}

// field is the string at a dotted path in an object, empty if there is none.
func field(o object, path string) string {
	var v any = o
	for key := range strings.SplitSeq(path, ".") {
		m, ok := v.(object)
		if !ok {
			return ""
		}
		v = m[key]
	}
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		text, _ := json.Marshal(v) // it was JSON before
		return string(text)
	}
}

func kubernetesError(w http.ResponseWriter, err apierrors.APIStatus) {
	status := err.Status()
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	writeJSON(w, int(status.Code), status)
}

// failedStatus is how an API server words an injected failure.
func failedStatus(code int, path string) apierrors.APIStatus {
	q, isObject := parseObjectPath(path)
	switch {
	case code == http.StatusForbidden && isObject:
		return apierrors.NewForbidden(q.kind.groupResource(), q.name, errors.New(q.forbidden()))
	case code == http.StatusUnauthorized:
		return apierrors.NewUnauthorized("Unauthorized")
	case code == http.StatusTooManyRequests:
		return apierrors.NewTooManyRequestsError("too many requests, please try again later")
	default:
		return apierrors.NewGenericServerResponse(code, "get", q.kind.groupResource(), q.name, http.StatusText(code), 0, false)
	}
}

// forbidden is the authorizer's reason.
func (q objectPath) forbidden() string {
	verb, where := "list", "at the cluster scope"
	if q.name != "" {
		verb = "get"
	}
	if q.namespace != "" {
		where = fmt.Sprintf("in the namespace %q", q.namespace)
	}
	return fmt.Sprintf("User %q cannot %s resource %q in API group %q %s", "debrief", verb, q.kind.resource, q.kind.group, where)
}
