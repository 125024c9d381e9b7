// Command lab brings up the lab and leaves it running until it is interrupted,
// with an incident in it if one is asked for.
//
//	go run ./cmd/lab                          # an empty cluster
//	go run ./cmd/lab -scenario step-analysis  # and an incident
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/debrief-sre/debrief/e2e/lab"
	"github.com/debrief-sre/debrief/e2e/pagerduty"
	"github.com/debrief-sre/debrief/e2e/scenario"
)

func main() {
	name := flag.String("scenario", "", "bring about the incident of this `name`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *name); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}

// run brings up the lab, and ends it when the context ends.
func run(ctx context.Context, name string) (err error) {
	stories, err := storiesOf(name)
	if err != nil {
		return err
	}
	l, err := lab.Start(ctx, "", lab.WithProgress(progress))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	double := pagerduty.Start(nil)
	defer double.Close()

	if err := play(&scenario.Env{Lab: l, PagerDuty: double}, stories); err != nil {
		return err
	}
	fmt.Printf("export KUBECONFIG=%s\n", l.Kubeconfig)
	fmt.Printf("export PROMETHEUS_URL=%s\n", l.PrometheusURL)
	fmt.Printf("export PAGERDUTY_URL=%s PAGERDUTY_TOKEN=%s\n", double.URL(), pagerduty.Token)
	for _, s := range stories {
		fmt.Printf("debrief generate %s/%s --prometheus-url $PROMETHEUS_URL --pagerduty-url $PAGERDUTY_URL\n", scenario.Namespace, s.App)
	}
	fmt.Println("# ready; Ctrl-C ends it")

	<-l.Context().Done()
	if ctx.Err() != nil {
		return nil // we were asked to
	}
	return context.Cause(l.Context())
}

// play brings the stories about, all at once.
func play(env *scenario.Env, stories []scenario.Story) error {
	if len(stories) == 0 {
		return nil
	}
	g, ctx := errgroup.WithContext(env.Lab.Context())
	actors, err := scenario.SetStages(ctx, env, stories...)
	if err != nil {
		return err
	}
	for _, a := range actors {
		g.Go(func() error {
			progress("bringing about the incident of %s", a.Ref)
			return a.Run(ctx)
		})
	}
	return g.Wait()
}

// storiesOf are the stories of the scenario of that name; none without a name.
func storiesOf(name string) ([]scenario.Story, error) {
	if name == "" {
		return nil, nil
	}
	var names []string
	for _, s := range scenario.All {
		if s.Name == name {
			return s.Stories, nil
		}
		names = append(names, s.Name)
	}
	return nil, fmt.Errorf("there is no scenario %q, only %q", name, names)
}

func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
