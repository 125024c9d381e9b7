// Package e2e_test is the proving ground: real rollouts abort on a real control
// plane, and the built debrief binary must tell what happened.
//
//	make e2e                        # from the repository's root: everything
//	make record SCENARIO=person     # one scenario, its evidence kept as a bundle
//	make lab                        # the same cluster, to play with
//
// Package scenario holds the table of scenarios, package lab the control plane.
package e2e_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/e2e/lab"
	"github.com/debrief-sre/debrief/e2e/pagerduty"
	"github.com/debrief-sre/debrief/e2e/product"
	"github.com/debrief-sre/debrief/e2e/scenario"
	"github.com/debrief-sre/debrief/e2e/servers"
)

// storyTimeout bounds one story, all of whose waits end with it.
const storyTimeout = 4 * time.Minute

var (
	record = flag.String("record", "", "write the evidence bundle of each scenario that runs into this `folder`")
	keep   = flag.String("keep", "", "keep debrief's documents about each rollout in this `folder`")
)

// TestMain lets every scenario run at the same time: they wait far more than
// they work, and on two cores go test would run but two of them.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(len(scenario.All))); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// TestProvingGround runs all scenarios at once on one lab, and then what needs
// their results.
func TestProvingGround(t *testing.T) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	t.Cleanup(stop)

	g := newGround(t, ctx)
	g.setStages(t)
	t.Run("scenarios", func(t *testing.T) {
		defer g.timed("driving and checking the scenarios")()
		t.Run("all", func(t *testing.T) {
			for _, s := range scenario.All {
				t.Run(s.Name, func(t *testing.T) {
					t.Parallel()
					g.play(t, s)
				})
			}
		})
	})
	t.Run("prism", func(t *testing.T) {
		defer g.timed("asking Prism")()
		g.askPrism(t, scenario.All[0])
	})
	t.Run("contract", func(t *testing.T) {
		for _, v := range g.env.PagerDuty.Violations() {
			t.Error(v)
		}
	})
}

// A ground is the lab with everything around it, and the verdicts so far.
type ground struct {
	env    scenario.Env
	actors map[string]*scenario.Actors // by app

	mu       sync.Mutex
	phases   []lab.Phase
	verdicts []string
}

// newGround builds debrief and starts the lab and the PagerDuty double. All end
// with the test, and then the verdicts are printed.
func newGround(t *testing.T, ctx context.Context) *ground {
	t.Helper()
	g := &ground{}
	t.Cleanup(func() { g.print() })

	done := g.timed("building debrief")
	binary, err := product.Build(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	done()

	l, err := lab.Start(ctx, "", lab.WithProgress(g.progress))
	if err != nil {
		t.Fatal(err)
	}
	g.phases = append(g.phases, l.Phases...)
	t.Cleanup(func() {
		defer g.timed("ending the lab")()
		if err := l.Close(); err != nil {
			t.Errorf("ending the lab: %v", err)
		}
	})

	contract, err := pagerduty.LoadContract()
	if errors.Is(err, pagerduty.ErrNoContract) {
		t.Logf("PagerDuty's double is not checked: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	double := pagerduty.Start(contract)
	t.Cleanup(double.Close)

	g.env = scenario.Env{Lab: l, PagerDuty: double, Debrief: binary}
	return g
}

// setStages brings up the healthy first revision of every rollout.
func (g *ground) setStages(t *testing.T) {
	t.Helper()
	defer g.timed("first revisions")()
	ctx, cancel := context.WithTimeoutCause(g.env.Lab.Context(), storyTimeout, errors.New("the first revisions did not become healthy"))
	defer cancel()
	var stories []scenario.Story
	for _, s := range scenario.All {
		stories = append(stories, s.Stories...)
	}
	var err error
	if g.actors, err = scenario.SetStages(ctx, &g.env, stories...); err != nil {
		t.Fatal(err)
	}
}

// play runs the stories of a scenario at once and notes the verdict.
func (g *ground) play(t *testing.T, s scenario.Scenario) {
	began := time.Now()
	lines := make([]string, len(s.Stories))
	errs := make([]error, len(s.Stories))
	dir := *keep
	if dir == "" {
		dir = t.TempDir()
	}

	var wg sync.WaitGroup
	for i, story := range s.Stories {
		wg.Go(func() {
			lines[i], errs[i] = g.tell(s, story, filepath.Join(dir, s.Name+"-"+story.App))
		})
	}
	wg.Wait()

	verdict := "PASS"
	if err := errors.Join(errs...); err != nil {
		verdict = "FAIL"
		t.Error(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.verdicts = append(g.verdicts, fmt.Sprintf("%s  %-20s %6.1fs  %s", verdict, s.Name, time.Since(began).Seconds(), strings.Join(lines, "; ")))
}

// tell brings one story about, and has debrief tell it.
func (g *ground) tell(s scenario.Scenario, story scenario.Story, dir string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(g.env.Lab.Context(), storyTimeout, fmt.Errorf("the story of %s took more than %s", story.App, storyTimeout))
	defer cancel()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making a folder for the documents: %w", err)
	}
	actors := g.actors[story.App]
	if err := actors.Run(ctx); err != nil {
		return "the incident did not come about", fmt.Errorf("driving %s: %w", actors.Ref, err)
	}
	truth, err := actors.CheckCluster(ctx)
	if err != nil {
		return "the cluster is not as it should be", err
	}
	if *record != "" && !story.Expect.NoIncident {
		if err := actors.Record(ctx, dir, filepath.Join(*record, bundleName(s, story))); err != nil {
			return "not recorded", err
		}
	}
	line, err := actors.Check(ctx, dir, truth)
	if err != nil {
		return line, fmt.Errorf("debrief about %s: %w", actors.Ref, err)
	}
	return line, nil
}

// askPrism has debrief tell the story of a scenario once more, with Prism in
// PagerDuty's place.
func (g *ground) askPrism(t *testing.T, s scenario.Scenario) {
	contract, err := pagerduty.ContractPath()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(contract); errors.Is(err, fs.ErrNotExist) {
		t.Logf("nothing for Prism to play: %v", err)
		return
	}
	ctx := g.env.Lab.Context()
	command, err := servers.Prism(ctx, g.progress)
	if err != nil {
		t.Fatal(err)
	}
	prism, err := pagerduty.StartPrism(ctx, command, contract, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := prism.Close(); err != nil {
			t.Errorf("ending Prism: %v", err)
		}
	}()
	if err := g.actors[s.Stories[0].App].AskPrism(ctx, t.TempDir(), prism); err != nil {
		t.Error(err)
	}
	for _, refused := range prism.Refused() {
		t.Errorf("Prism refused %s", refused)
	}
	if len(prism.Served()) == 0 {
		t.Error("debrief asked Prism nothing")
	}
}

// bundleName is the scenario's name, with the app's where there are several.
func bundleName(s scenario.Scenario, story scenario.Story) string {
	if len(s.Stories) == 1 {
		return s.Name + ".zip"
	}
	return s.Name + "-" + story.App + ".zip"
}

// progress tells what takes long, as it happens.
func (g *ground) progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

// timed starts a phase; calling what it returns ends it.
func (g *ground) timed(name string) (done func()) {
	began := time.Now()
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.phases = append(g.phases, lab.Phase{Name: name, Took: time.Since(began)})
	}
}

// print tells where the time went and what each scenario came to.
func (g *ground) print() {
	fmt.Println("\nTIME")
	for _, p := range g.phases {
		fmt.Printf("  %7.1fs  %s\n", p.Took.Seconds(), p.Name)
	}
	fmt.Println("VERDICTS")
	for _, v := range g.verdicts {
		fmt.Println("  " + v)
	}
}
