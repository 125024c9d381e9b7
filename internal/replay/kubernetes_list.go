package replay

import (
	"fmt"
	"net/http"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// list answers with the objects that the request selects, page by page.
func (c *cluster) list(w http.ResponseWriter, r *http.Request, q objectPath) {
	selected, err := c.selected(r, q)
	if err != nil {
		kubernetesError(w, apierrors.NewBadRequest(err.Error()))
		return
	}
	metadata := object{"resourceVersion": c.version[q.kind]}
	from, _ := strconv.Atoi(r.URL.Query().Get("continue")) // none is 0
	from = max(0, min(from, len(selected)))
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit")) // none is 0
	items := selected[from:]
	if limit > 0 && limit < len(items) {
		items = items[:limit]
		metadata["continue"] = strconv.Itoa(from + limit)
		if r.URL.Query().Get("labelSelector") == "" && r.URL.Query().Get("fieldSelector") == "" {
			metadata["remainingItemCount"] = len(selected) - from - limit
		}
	}
	writeJSON(w, http.StatusOK, object{
		"kind": q.kind.kind + "List", "apiVersion": q.kind.groupVersion().String(),
		"metadata": metadata, "items": items,
	})
}

func (c *cluster) selected(r *http.Request, q objectPath) ([]object, error) {
	byLabel, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		return nil, fmt.Errorf("unable to parse label selector: %w", err)
	}
	byField, err := fields.ParseSelector(r.URL.Query().Get("fieldSelector"))
	if err != nil {
		return nil, fmt.Errorf("unable to parse field selector: %w", err)
	}
	for _, requirement := range byField.Requirements() {
		if !q.kind.selectable(requirement.Field) {
			return nil, fmt.Errorf("field label not supported: %s", requirement.Field)
		}
	}
	selected := []object{}
	for _, o := range c.objects[q.kind] {
		if q.namespace != "" && field(o, "metadata.namespace") != q.namespace {
			continue
		}
		if byLabel.Matches(labelsOf(o)) && byField.Matches(fieldsOf(o)) {
			selected = append(selected, o)
		}
	}
	return selected, nil
}

// selectable tells whether the API server lets clients select by a field.
func (k kind) selectable(path string) bool {
	switch path {
	case "metadata.name", "metadata.namespace":
		return true
	case "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
		"involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
		"reason", "reportingComponent", "source", "type":
		return k.resource == "events"
	case "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
		"spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName":
		return k.resource == "pods"
	case "status.replicas":
		return k.resource == "replicasets"
	default:
		return false
	}
}

func labelsOf(o object) labels.Set {
	set := labels.Set{}
	metadata, _ := o["metadata"].(object)
	values, _ := metadata["labels"].(object)
	for key, value := range values {
		set[key], _ = value.(string)
	}
	return set
}

// fieldsOf looks fields up as a selector asks for them.
type fieldsOf object

func (f fieldsOf) Has(path string) bool { return f.Get(path) != "" }

func (f fieldsOf) Get(path string) string {
	if path == "source" {
		// Writers of the new Events API leave source empty.
		if component := field(object(f), "source.component"); component != "" {
			return component
		}
		return field(object(f), "reportingComponent")
	}
	return field(object(f), path)
}
