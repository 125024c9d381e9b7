package collectors

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/debrief-sre/debrief/evidence"
)

// Argo is Argo Rollouts: the rollout itself, its AnalysisRuns and what they
// were made from.
var Argo = Collector{
	Name:  "argo",
	Doc:   "Argo Rollouts: Rollout, AnalysisRuns, Experiments, (Cluster)AnalysisTemplates",
	Fetch: fetchArgo,
	Read:  readArgo,
}

// The bundle's entries of this source.
const (
	rolloutEntry          = "argo/rollout.json"
	analysisRunsEntry     = "argo/analysisruns.jsonl"
	experimentsEntry      = "argo/experiments.jsonl"
	templatesEntry        = "argo/analysistemplates.jsonl"
	clusterTemplatesEntry = "argo/clusteranalysistemplates.jsonl"
)

func fetchArgo(ctx context.Context, s *Settings, t *Target, w *evidence.Writer) error {
	kube, err := newKubeClients(s)
	if err != nil {
		return err
	}
	subject := t.Scope.Subject
	if err := ask(s, w, evidence.Coverage{Source: "argo/rollout", Asked: subject.String()}, func(c *evidence.Coverage) error {
		c.Objects = 1
		return stored(w.WriteJSON(rolloutEntry, t.Rollout))
	}); err != nil {
		return err
	}
	if err := ask(s, w, analysisRunsCoverage(t), func(c *evidence.Coverage) error { return storeAnalysisRuns(t, w, c) }); err != nil {
		return err
	}
	if t.rollout.Spec.usesExperiments() {
		asked := evidence.Coverage{Source: "argo/experiments", Asked: "Experiments of " + subject.String()}
		owned := func(o analysisObject) bool {
			return ownedBy(o.Metadata, subject.UID) && revisionOf(o.Metadata) == t.Scope.Revision
		}
		if err := fetchAnalysisObjects(ctx, s, kube, w, asked, "experiments", subject.Namespace, experimentsEntry, owned); err != nil {
			return err
		}
	}
	return fetchTemplates(ctx, s, kube, t, w)
}

func analysisRunsCoverage(t *Target) evidence.Coverage {
	return evidence.Coverage{
		Source: "argo/analysisruns",
		Asked:  fmt.Sprintf("AnalysisRuns of %s at revision %d", t.Scope.Subject, t.Scope.Revision),
	}
}

// storeAnalysisRuns stores what locating the incident read already.
func storeAnalysisRuns(t *Target, w *evidence.Writer, c *evidence.Coverage) error {
	if t.runsErr != nil {
		return t.runsErr
	}
	file, err := w.Create(analysisRunsEntry)
	if err != nil {
		return stored(err)
	}
	for _, run := range t.runs {
		if err := file.Append(run); err != nil {
			return stored(err)
		}
	}
	c.Objects = len(t.runs)
	if len(t.runs) == 0 && strings.Contains(strings.ToLower(t.rollout.abortMessage()), "analysis") {
		c.Status = evidence.StatusExpired
		c.Reason = "the rollout was aborted by an analysis, but its AnalysisRun is gone: the controller keeps only the newest five failed ones"
	}
	return nil
}

// fetchTemplates stores the templates that the rollout names now.
func fetchTemplates(ctx context.Context, s *Settings, kube *kubeClients, t *Target, w *evidence.Writer) error {
	var own, cluster []string
	for _, ref := range t.rollout.Spec.analysisReferences() {
		if ref.ClusterScope {
			cluster = append(cluster, ref.TemplateName)
		} else {
			own = append(own, ref.TemplateName)
		}
	}
	for _, scope := range []struct {
		names                      []string
		resource, namespace, entry string
	}{
		{own, "analysistemplates", t.Scope.Subject.Namespace, templatesEntry},
		{cluster, "clusteranalysistemplates", "", clusterTemplatesEntry},
	} {
		if len(scope.names) == 0 {
			continue
		}
		asked := evidence.Coverage{Source: "argo/" + scope.resource, Asked: "templates " + strings.Join(slices.Compact(slices.Sorted(slices.Values(scope.names))), ", ")}
		named := func(o analysisObject) bool { return slices.Contains(scope.names, o.Metadata.Name) }
		if err := fetchAnalysisObjects(ctx, s, kube, w, asked, scope.resource, scope.namespace, scope.entry, named); err != nil {
			return err
		}
	}
	return nil
}

// fetchAnalysisObjects stores the objects of a resource that are wanted.
func fetchAnalysisObjects(ctx context.Context, s *Settings, kube *kubeClients, w *evidence.Writer, asked evidence.Coverage, resource, namespace, entry string, wanted func(analysisObject) bool) error {
	return ask(s, w, asked, func(c *evidence.Coverage) error {
		objects, err := listAll[analysisObject](ctx, kube, resource, namespace)
		c.ClockOffset = kube.clock.last()
		if err != nil {
			return err
		}
		file, err := w.Create(entry)
		if err != nil {
			return stored(err)
		}
		for _, o := range slices.DeleteFunc(objects, func(o analysisObject) bool { return !wanted(o) }) {
			o.Metadata = keepMeta(o.Metadata, false)
			if err := file.Append(o); err != nil {
				return stored(err)
			}
		}
		c.Objects = file.Lines()
		return nil
	})
}

// abortMessage is the controller's own account of an abort, if the status
// still has one.
func (r rolloutObject) abortMessage() string {
	for _, c := range r.Status.Conditions {
		if c.Type == "Progressing" && c.Reason == "RolloutAborted" {
			return c.Message
		}
	}
	return ""
}

func itoa(n int32) string { return strconv.Itoa(int(n)) }

// jsonWord prints a JSON scalar that may be a number or a string.
func jsonWord(v any) string {
	if v == nil {
		return ""
	}
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}
