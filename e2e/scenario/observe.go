package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/e2e/lab"
	"github.com/debrief-sre/debrief/e2e/process"
)

// query asks the lab's Prometheus for a value of a type, now.
func query[V model.Value](ctx context.Context, l *lab.Lab, format string, args ...any) (V, error) {
	var none V
	client, err := api.NewClient(api.Config{Address: l.PrometheusURL})
	if err != nil {
		return none, fmt.Errorf("making a Prometheus client: %w", err)
	}
	promql := fmt.Sprintf(format, args...)
	value, _, _, err := promv1.NewAPI(client).Query(ctx, promql, time.Now())
	if err != nil {
		return none, fmt.Errorf("querying %s: %w", promql, err)
	}
	typed, ok := value.(V)
	if !ok {
		return none, fmt.Errorf("querying %s: got a %s, not a %s", promql, value.Type(), none.Type())
	}
	return typed, nil
}

// untilMeasured waits until Prometheus can tell the rate of each of the app's
// four counters: only then can an error ratio be seen to change.
func untilMeasured(ctx context.Context, a *Actors) error {
	return process.Poll(ctx, "the first rates of "+a.Story.App, func(ctx context.Context) error {
		rates, err := query[model.Vector](ctx, a.Lab, `rate(nginx_http_requests_total{app=%q}[5s])`, a.Story.App)
		if err != nil {
			return err
		}
		if len(rates) != 4 {
			return fmt.Errorf("%d of 4 rates are known", len(rates))
		}
		return nil
	})
}

// untilAlertFires waits for the app's alert.
func untilAlertFires(ctx context.Context, a *Actors) error { return a.untilAlerts(ctx, "firing", true) }

// untilNoAlert waits until the app's alert is neither firing nor pending.
func untilNoAlert(ctx context.Context, a *Actors) error { return a.untilAlerts(ctx, ".*", false) }

func (a *Actors) untilAlerts(ctx context.Context, state string, wanted bool) error {
	what := fmt.Sprintf("the alert of %s to be there: %t", a.Story.App, wanted)
	return process.Poll(ctx, what, func(ctx context.Context) error {
		alerts, err := query[model.Vector](ctx, a.Lab, `ALERTS{app=%q,alertstate=~%q}`, a.Story.App, state)
		if err != nil {
			return err
		}
		if (len(alerts) > 0) != wanted {
			return fmt.Errorf("the alerts are %v", alerts)
		}
		return nil
	})
}

// untilScraped waits until Prometheus knows every request of the canary.
func untilScraped(ctx context.Context, a *Actors) error {
	return process.Poll(ctx, "the last requests of "+a.Story.App, func(ctx context.Context) error {
		sum, err := query[model.Vector](ctx, a.Lab, `sum(nginx_http_requests_total{app=%q,service="%s-canary"})`, a.Story.App, a.Story.App)
		if err != nil {
			return err
		}
		want := a.Lab.Workload.Canary(a.Story.App).Total
		if len(sum) != 1 || int64(sum[0].Value) != want {
			return fmt.Errorf("scraped %v of %d", sum, want)
		}
		return nil
	})
}

// untilScaledDown watches until the aborted revision has no pods left.
func untilScaledDown(ctx context.Context, a *Actors) error {
	name := a.Story.App + "-" + a.Aborted.Status.CurrentPodHash
	return a.Lab.WaitScaledDown(ctx, lab.Ref{Namespace: Namespace, Name: name})
}
