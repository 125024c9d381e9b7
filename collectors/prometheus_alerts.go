package collectors

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/evidence"
)

// The bundle's entries with alerts, by the series they hold.
const (
	alertsEntry        = "prometheus/alerts.jsonl"
	alertsPendingEntry = "prometheus/alerts_for_state.jsonl"

	alertsSeries   = "ALERTS"
	forStateSeries = "ALERTS_FOR_STATE"
)

// fetchAlerts stores the raw samples of the alerts that concern the target.
// Other people's alerts have no place in its bundle: they are only counted.
func (f *promFetch) fetchAlerts(ctx context.Context, c *evidence.Coverage) error {
	names := f.target.alertNames()
	shown, others := map[string]bool{}, map[string]bool{}
	for _, series := range []struct{ name, entry string }{{alertsSeries, alertsEntry}, {forStateSeries, alertsPendingEntry}} {
		file, err := f.w.Create(series.entry)
		if err != nil {
			return stored(err)
		}
		raw := rawQuestion{selector: series.name, window: f.window}
		if _, err := raw.fetch(ctx, f.client, c, func(line rawLine) error {
			if line.Metric == nil {
				return file.Append(line)
			}
			if !names.concern(line.Metric) {
				others[alertKey(line.Metric)] = true
				return nil
			}
			shown[alertKey(line.Metric)] = true
			return file.Append(line)
		}); err != nil {
			return err
		}
	}
	c.Objects = len(shown)
	switch n := len(others); n {
	case 0:
	case 1:
		warn(c, "1 other alert in the window is not shown")
	default:
		warn(c, "%d other alerts in the window are not shown", n)
	}
	return nil
}

// alertNames are the names by which an alert may mean a rollout.
type alertNames struct {
	namespace string
	rollout   string
	names     []string // the rollout's, its app label's and its services'
}

func (t *Target) alertNames() alertNames {
	names := []string{t.App}
	if s := t.rollout.Spec.Strategy.Canary; s != nil {
		names = append(names, s.CanaryService, s.StableService)
	}
	if s := t.rollout.Spec.Strategy.BlueGreen; s != nil {
		names = append(names, s.ActiveService, s.PreviewService)
	}
	return namesOf(t.Scope.Subject, names...)
}

func namesOf(rollout evidence.Object, others ...string) alertNames {
	n := alertNames{namespace: rollout.Namespace, rollout: rollout.Name, names: []string{rollout.Name}}
	for _, name := range others {
		if name != "" && !slices.Contains(n.names, name) {
			n.names = append(n.names, name)
		}
	}
	return n
}

var (
	namespaceLabels = []model.LabelName{"namespace", "exported_namespace", "kubernetes_namespace"}
	// workloadLabels say what an alert is about.
	workloadLabels = []model.LabelName{
		"app", "app_kubernetes_io_name", "service", "deployment", "statefulset", "daemonset",
		"job", "job_name", "rollout", "workload", "pod",
	}
	// alertLabels describe the alert itself.
	alertLabels = []model.LabelName{model.MetricNameLabel, model.AlertNameLabel, "alertstate", "severity"}
)

// concern tells whether an alert is about the rollout, by its labels. It is
// when a label says one of the rollout's names or pods, and it is when the
// alert names the rollout's namespace and no workload in it. A label that says
// another namespace rules it out. Anything else is taken for somebody else's,
// as an alert in the wrong postmortem does more harm than one that is missing.
func (n alertNames) concern(labels model.Metric) bool {
	inNamespace, ofWorkload := false, false
	for _, name := range namespaceLabels {
		if value := labels[name]; value != "" {
			if string(value) != n.namespace {
				return false
			}
			inNamespace = true
		}
	}
	for name, value := range labels {
		if slices.Contains(alertLabels, name) || slices.Contains(namespaceLabels, name) || value == "" {
			continue
		}
		if slices.Contains(n.names, string(value)) || name == "pod" && n.ownPod(string(value)) {
			return true
		}
		ofWorkload = ofWorkload || slices.Contains(workloadLabels, name)
	}
	return inNamespace && !ofWorkload
}

// generated is what Kubernetes appends to names: it has no vowels and none of
// the digits that look like letters, which tells it from a word.
var generated = regexp.MustCompile(`^-[bcdfghjklmnpqrstvwxz2456789]+-[bcdfghjklmnpqrstvwxz2456789]{5}$`)

func (n alertNames) ownPod(pod string) bool {
	suffix, ok := strings.CutPrefix(pod, n.rollout)
	return ok && generated.MatchString(suffix)
}

// alertKey identifies an alert, whatever state it is in and whichever replica
// of the server saw it.
func alertKey(labels model.Metric) string {
	own := maps.Clone(labels)
	for _, name := range append([]model.LabelName{model.MetricNameLabel, "alertstate"}, replicaLabels...) {
		delete(own, name)
	}
	return own.String()
}
