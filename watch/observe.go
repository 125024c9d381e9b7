package watch

import (
	"encoding/json"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/debrief-sre/debrief/watch/archive"
)

// dropped are the fields that are kept out of the archive wherever they stand
// in an object of Argo's: containers' environment and arguments, analyses'
// arguments, requests' headers and bodies. They may hold secrets, and a
// postmortem needs none of them.
var dropped = []string{"env", "envFrom", "args", "command", "headers", "body", "jsonBody"}

// strip removes from an object what is not to be kept. It changes the object.
func strip(o *unstructured.Unstructured) {
	// The field managers tell who set status.abort, as long as it is set.
	if abort, _, _ := unstructured.NestedBool(o.Object, "status", "abort"); !abort {
		unstructured.RemoveNestedField(o.Object, "metadata", "managedFields")
	}
	unstructured.RemoveNestedField(o.Object, "metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")
	prune(o.Object["spec"])
}

func prune(value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range dropped {
			delete(value, name)
		}
		for _, inner := range value {
			prune(inner)
		}
	case []any:
		for _, inner := range value {
			prune(inner)
		}
	}
}

// observation is an object's state as the archive keeps it.
func observation(cluster, resource string, o *unstructured.Unstructured, deleted bool, now time.Time) (archive.Observation, error) {
	data, err := json.Marshal(o.Object)
	if err != nil {
		return archive.Observation{}, fmt.Errorf("encoding %s %s/%s: %w", resource, o.GetNamespace(), o.GetName(), err)
	}
	of := string(o.GetUID())
	if about := text(o, "involvedObject", "uid"); about != "" {
		of = about
	}
	return archive.Observation{
		Cluster: cluster, Resource: resource, Namespace: o.GetNamespace(), Name: o.GetName(),
		UID: string(o.GetUID()), ResourceVersion: o.GetResourceVersion(), Deleted: deleted,
		Of: of, Observed: now.UTC(), Object: data,
	}, nil
}
