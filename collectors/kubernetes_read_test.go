package collectors

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

// TestCountedEventKeepsItsID: what reviewers say of an event still holds when
// the evidence is collected again and Kubernetes has counted on.
func TestCountedEventKeepsItsID(t *testing.T) {
	start := time.Date(2026, time.March, 3, 15, 0, 0, 0, time.UTC)
	window := evidence.Scope{Window: evidence.Window{Start: start.Add(-time.Hour), End: start.Add(time.Hour)}, Chosen: true}
	counted := func(uid types.UID, count int32) *corev1.Event {
		return &corev1.Event{
			ObjectMeta:     metav1.ObjectMeta{Name: "checkout", UID: uid},
			InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: "checkout-1"},
			Reason:         "BackOff", Message: "Back-off restarting failed container", Count: count,
			FirstTimestamp: metav1.NewTime(start), LastTimestamp: metav1.NewTime(start.Add(time.Duration(count) * time.Minute)),
		}
	}
	tell := func(events ...*corev1.Event) []timeline.Event {
		var f timeline.Facts
		for _, e := range events {
			f.Events = append(f.Events, teller{}.event(e, "kubernetes/events.jsonl:1"))
		}
		return timeline.Tell(f, window).Events
	}
	once, often := tell(counted("a", 1)), tell(counted("a", 7))
	if once[0].Title == often[0].Title || once[0].ID != often[0].ID {
		t.Errorf("%q is %s, %q is %s", once[0].Title, once[0].ID, often[0].Title, often[0].ID)
	}
	if both := tell(counted("a", 7), counted("b", 7)); len(both) != 2 || both[0].ID == both[1].ID {
		t.Errorf("two events that look the same are %+v", both)
	}
}
