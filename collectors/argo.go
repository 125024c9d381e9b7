package collectors

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
	kube, err := t.clients(s)
	if err != nil {
		return err
	}
	subject := t.Scope.Subject
	if err := ask(s, w, evidence.Coverage{Source: "argo/rollout", Asked: subject.String()}, func(c *evidence.Coverage) error {
		c.Objects = 1
		t.judgeRollout(c)
		return t.storeRollout(w)
	}); err != nil {
		return err
	}
	if err := ask(s, w, analysisRunsCoverage(t), func(c *evidence.Coverage) error { return storeAnalysisRuns(t, w, c) }); err != nil {
		return err
	}
	if t.rollout.Spec.usesExperiments() {
		asked := evidence.Coverage{Source: "argo/experiments", Asked: "Experiments of " + subject.String()}
		if err := ask(s, w, asked, func(c *evidence.Coverage) error { return fetchExperiments(ctx, s.Archive, kube, t, w, c) }); err != nil {
			return err
		}
	}
	if s.Archive != nil && t.archive.err == nil && t.rollout.Spec.Strategy.Canary != nil {
		asked := evidence.Coverage{Source: "argo/weights", Asked: "changes of the canary's weight in the archive"}
		if err := ask(s, w, asked, func(c *evidence.Coverage) error { return fetchWeights(ctx, s.Archive, t, w, c) }); err != nil {
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

// judgeRollout tells where the Rollout's status is from, and what it lacks.
func (t *Target) judgeRollout(c *evidence.Coverage) {
	switch {
	case t.unasked != nil:
		c.Status, c.Reason = evidence.StatusPartial, t.whereFrom()
	case !t.observed.IsZero():
		why := "the live one no longer shows this abort"
		if t.gone {
			why = "the rollout does not exist any more"
		}
		warn(c, "from the archive, as observed at %s: %s", t.observed.UTC().Format(time.RFC3339), why)
	case !t.abortedAgain.IsZero():
		c.Status = evidence.StatusPartial
		c.Reason = fmt.Sprintf("the same revision was aborted again at %s; that abort is left out, and what the status said of this one is gone", t.abortedAgain.UTC().Format(time.RFC3339))
	}
}

// storeAnalysisRuns stores what locating the incident read already.
func storeAnalysisRuns(t *Target, w *evidence.Writer, c *evidence.Coverage) error {
	if t.runsErr != nil && len(t.runs) == 0 {
		t.warnArchive(c, "AnalysisRuns", 0, t.archive.err)
		return t.runsErr
	}
	if err := storeAnalyses(w, analysisRunsEntry, t.runs, c); err != nil {
		return err
	}
	t.warnArchive(c, "AnalysisRuns", t.archive.analyses, nil)
	if t.runsErr != nil {
		return t.runsErr
	}
	if len(t.runs) == 0 && strings.Contains(strings.ToLower(t.rollout.abortMessage()), "analysis") {
		c.Status = evidence.StatusExpired
		c.Reason = "the rollout was aborted by an analysis, but its AnalysisRun is gone: the controller keeps only the newest five failed ones"
	}
	return nil
}

// fetchExperiments stores the Experiments of the revision.
func fetchExperiments(ctx context.Context, archive Archive, kube *kubeClients, t *Target, w *evidence.Writer, c *evidence.Coverage) error {
	subject := t.rollout.Metadata
	live, liveErr := listAll[analysisObject](ctx, kube, "experiments", subject.Namespace)
	c.ClockOffset = kube.clock.last()
	all := slices.DeleteFunc(live, func(o analysisObject) bool {
		return !ownedBy(o.Metadata, string(subject.UID)) || revisionOf(o.Metadata) != t.Scope.Revision
	})
	archived, archiveErr := 0, t.archive.err
	if archive != nil && archiveErr == nil {
		q := ArchiveQuery{Namespace: subject.Namespace, Resources: []string{"experiments"}}
		q.From, q.To = t.Scope.Window.Start.Add(-observationLag), t.Scope.Window.End.Add(observationLag)
		var gone []analysisObject
		var broken int
		gone, broken, archiveErr = archivedAnalyses(ctx, archive, q, subject.UID, t.Scope.Revision, all)
		warnBroken(c, broken)
		archived, all = len(gone), append(all, gone...)
		sortByName(all)
	}
	if liveErr != nil && len(all) == 0 {
		t.warnArchive(c, "Experiments", 0, archiveErr)
		return liveErr
	}
	if err := storeAnalyses(w, experimentsEntry, all, c); err != nil {
		return err
	}
	t.warnArchive(c, "Experiments", archived, archiveErr)
	return liveErr
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
		if err := t.fetchTemplatesOf(ctx, s, kube, w, asked, scope.resource, scope.namespace, scope.entry, named); err != nil {
			return err
		}
	}
	return nil
}

// fetchTemplatesOf stores the templates of a resource that are wanted.
func (t *Target) fetchTemplatesOf(ctx context.Context, s *Settings, kube *kubeClients, w *evidence.Writer, asked evidence.Coverage, resource, namespace, entry string, wanted func(analysisObject) bool) error {
	return ask(s, w, asked, func(c *evidence.Coverage) error {
		objects, err := listAll[analysisObject](ctx, kube, resource, namespace)
		c.ClockOffset = kube.clock.last()
		if err != nil {
			return t.unarchived(err, "templates")
		}
		return storeAnalyses(w, entry, slices.DeleteFunc(objects, func(o analysisObject) bool { return !wanted(o) }), c)
	})
}

func storeAnalyses(w *evidence.Writer, entry string, objects []analysisObject, c *evidence.Coverage) error {
	file, err := w.Create(entry)
	if err != nil {
		return stored(err)
	}
	for _, o := range objects {
		o.Metadata = keepMeta(o.Metadata, false)
		if err := file.Append(o); err != nil {
			return stored(err)
		}
	}
	c.Objects = len(objects)
	return nil
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

// withoutAbort is the status without what it says of an abort.
func (s rolloutStatus) withoutAbort() rolloutStatus {
	s.Abort, s.AbortedAt, s.Message, s.Canary.Weights = false, metav1.Time{}, "", nil
	s.Conditions = slices.DeleteFunc(slices.Clone(s.Conditions), func(c rolloutCondition) bool { return c.Reason == "RolloutAborted" })
	return s
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
