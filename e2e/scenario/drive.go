package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/debrief-sre/debrief/e2e/argo"
	"github.com/debrief-sre/debrief/e2e/lab"
)

// A step is one thing that somebody does, or waits for.
type step func(ctx context.Context, a *Actors) error

// Run carries out the steps of the story, on a stage that has been set.
func (a *Actors) Run(ctx context.Context) error {
	for i, step := range a.Story.Drive {
		if err := step(ctx, a); err != nil {
			return fmt.Errorf("step %d of %d: %w", i+1, len(a.Story.Drive), err)
		}
	}
	return nil
}

// SetStages brings up the healthy first revisions of all stories at once, and
// returns their actors by app.
func SetStages(ctx context.Context, env *Env, stories ...Story) (map[string]*Actors, error) {
	all := map[string]*Actors{}
	stages, stageCtx := errgroup.WithContext(ctx)
	for _, story := range stories {
		a := &Actors{Env: env, Story: story, Ref: lab.Ref{Namespace: Namespace, Name: story.App}}
		all[story.App] = a
		stages.Go(func() error { return a.setStage(stageCtx) })
	}
	if err := stages.Wait(); err != nil {
		return nil, fmt.Errorf("setting the stage: %w", err)
	}
	// The stories start as if their first revisions were long past.
	return all, env.Lab.RestartArgo(ctx)
}

// setStage brings up the healthy first revision, with a service that can be
// paged about and traffic that is being measured.
func (a *Actors) setStage(ctx context.Context) error {
	a.PagerDuty.AddService(serviceID(a.Story.App), a.Story.App)
	text, err := a.Story.Rollout.render(a.Story.App, a.Image(stableTag), a.Lab.PrometheusURL)
	if err != nil {
		return err
	}
	if err := a.Lab.Apply(ctx, text); err != nil {
		return err
	}
	if _, err := a.Lab.WaitRollout(ctx, a.Ref, "healthy at its first revision", lab.IsHealthy); err != nil {
		return err
	}
	return untilMeasured(ctx, a)
}

// deploy changes the image, and waits until the controller works on it.
func deploy(tag string) step { return deployOn(tag, nil) }

// deployOn changes the image and the nodes that it may run on.
func deployOn(tag string, nodes map[string]string) step {
	return func(ctx context.Context, a *Actors) error {
		before, err := a.Lab.WaitRollout(ctx, a.Ref, "there", func(*argo.Rollout) bool { return true })
		if err != nil {
			return err
		}
		if err := a.Lab.PatchTemplate(ctx, a.Ref, a.Image(tag), nodes); err != nil {
			return err
		}
		_, err = a.Lab.WaitRollout(ctx, a.Ref, "rolling out "+tag, func(r *argo.Rollout) bool {
			return r.Revision() != before.Revision()
		})
		return err
	}
}

// untilPaged waits for the alert to fire and pages the on-call engineer, as an
// Alertmanager would.
func untilPaged(ctx context.Context, a *Actors) error { return a.page(ctx, false) }

// untilPagedOddly does the same, in an account whose answers are as odd as
// PagerDuty's can be, and twice: the second page is merged into the first.
func untilPagedOddly(ctx context.Context, a *Actors) error {
	if err := a.page(ctx, true); err != nil {
		return err
	}
	double, err := a.PagerDuty.Trigger(serviceID(a.Story.App), "ErrorBudgetBurn: "+a.Story.App, true)
	if err != nil {
		return err
	}
	double.Merge(a.Page)
	return nil
}

func (a *Actors) page(ctx context.Context, odd bool) error {
	if err := untilAlertFires(ctx, a); err != nil {
		return err
	}
	page, err := a.PagerDuty.Trigger(serviceID(a.Story.App), "ErrorBudgetBurn: "+a.Story.App, odd)
	if err != nil {
		return err
	}
	page.Change("Build of "+a.Image(badTag)+" succeeded", time.Now().Add(-time.Minute))
	a.Page = page
	return nil
}

// acknowledge has the on-call engineer take the page.
func acknowledge(_ context.Context, a *Actors) error {
	if a.Page == nil {
		return errors.New("acknowledging the page: nobody was paged")
	}
	a.acknowledged = a.Page.Acknowledge()
	a.Page.Note("Looking at the canary's errors.")
	return nil
}

// resolve has the on-call engineer end the incident.
func resolve(_ context.Context, a *Actors) error {
	if a.Page == nil {
		return errors.New("resolving the page: nobody was paged")
	}
	a.resolved = a.Page.Resolve()
	return nil
}

// throttled has PagerDuty turn the next requests away, whoever sends them.
func throttled(_ context.Context, a *Actors) error {
	a.PagerDuty.Throttle(3)
	return nil
}

// abortByPerson aborts the rollout with the kubectl plugin.
func abortByPerson(ctx context.Context, a *Actors) error { return a.Lab.Abort(ctx, a.Ref) }

// untilAborted waits for the abort, whoever is behind it, and keeps the rollout
// as it then is: a later revision clears the time of the abort.
func untilAborted(ctx context.Context, a *Actors) (err error) {
	a.Aborted, err = a.Lab.WaitRollout(ctx, a.Ref, "aborted", lab.IsAborted)
	return err
}

// untilInconclusive waits until the analysis has left it to a person.
func untilInconclusive(ctx context.Context, a *Actors) error {
	_, err := a.Lab.WaitRollout(ctx, a.Ref, "paused as inconclusive", lab.IsInconclusive)
	return err
}

// untilHealthy waits until the image with that tag serves all traffic.
func untilHealthy(tag string) step {
	return func(ctx context.Context, a *Actors) error {
		_, err := a.Lab.WaitRollout(ctx, a.Ref, "healthy with "+tag, lab.IsImage(a.Image(tag), lab.IsHealthy))
		return err
	}
}

// untilSettled waits for the last consequences of an abort: no traffic and no
// pods left for the canary, no alert, every request of the canary scraped.
func untilSettled(ctx context.Context, a *Actors) error {
	_, err := a.Lab.WaitRollout(ctx, a.Ref, "off the canary", func(r *argo.Rollout) bool { return r.CanaryWeight() == 0 })
	if err != nil {
		return err
	}
	for _, wait := range []step{untilScaledDown, untilNoAlert, untilScraped} {
		if err := wait(ctx, a); err != nil {
			return err
		}
	}
	a.canary = a.Lab.Workload.Canary(a.Story.App)
	a.settled = time.Now()
	return nil
}
