package publish_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/debrief-sre/debrief/e2e/gitea"
	"github.com/debrief-sre/debrief/e2e/gitserver"
)

var (
	kills = flag.Int("kills", 200, "how often to kill debrief while it publishes")
	seed  = flag.Uint64("seed", 20261122, "of the points at which it is killed")
)

// TestKilled kills debrief at random points of a first publication, and of an
// update while a person pushes to the same branch. At no moment is a part of the
// documents on the branch; another run brings each to its end, and then there
// is one request with all that people pushed.
func TestKilled(t *testing.T) {
	t.Logf("seed %d", *seed)
	k := &killer{later: collectedAgain(t), states: map[string]int{}}
	t.Run("undisturbed", func(t *testing.T) {
		repo, _ := newRepository(t, withReadme)
		k.undisturbed(t, repo)
	})
	if t.Failed() {
		return
	}
	t.Logf("undisturbed, a first publication takes %d turns and an update %d", k.first, k.update)
	const workers = 4
	t.Run("workers", func(t *testing.T) {
		for w := range workers {
			t.Run(fmt.Sprint(w), func(t *testing.T) {
				t.Parallel()
				k.work(t, uint64(w), *kills/workers)
			})
		}
	})
	t.Logf("killed %d times, and then there was: %v", k.kills, k.states)
	if k.kills < *kills {
		t.Errorf("debrief was killed %d times, want %d", k.kills, *kills)
	}
}

// A killer has what all rounds share.
type killer struct {
	later string // the bundle of the same incident with more facts
	want  round  // what is there when nobody disturbs

	mu            sync.Mutex
	first, update int // turns that debrief and the server take
	kills         int
	states        map[string]int
}

// A round is what there is on a branch in the course of one round.
type round struct {
	first, last map[string]string // files after the first publication and in the end, by name
}

// A course is one round: a branch and a path of its own, in a repository.
type course struct {
	repo   *gitea.Repository
	alices *gitserver.WorkingCopy
	proxy  *proxy
	p      *publisher
	name   string
	branch string
}

func newCourse(t *testing.T, repo *gitea.Repository, alices *gitserver.WorkingCopy, name string) *course {
	t.Helper()
	proxy := newProxy(t, repo)
	p := newPublisher(t, ground.token, "repository: "+proxy.url, "forge: gitea",
		`path: "`+name+`/{{ .Name }}.md"`, `branch: "`+name+`/{{ .Name }}"`)
	p.killed = true
	return &course{repo, alices, proxy, p, name, name + "/" + path.Base(head)}
}

// files are the course's files on its branch, by base name.
func (c *course) files(t *testing.T) map[string]string {
	t.Helper()
	content := map[string]string{}
	for file, text := range files(t, &c.repo.Repository, c.branch, "main") {
		content[path.Base(file)] = text
	}
	return content
}

const (
	killAnswer = "Somebody who was there knows better."
	killSketch = "sketch.txt"
)

// person has alice answer the first question and add a file.
func (c *course) person(ctx context.Context, t *testing.T) (string, error) {
	if _, err := c.alices.Git(ctx, "fetch", "--quiet", "origin"); err != nil {
		return "", err
	}
	if err := c.alices.Branch(ctx, c.branch); err != nil {
		return "", err
	}
	file := c.name + "/" + path.Base(document)
	text, err := c.alices.Git(ctx, "show", "HEAD:"+file)
	if err != nil {
		return "", err
	}
	return tryPush(ctx, c.alices, map[string]string{
		file:                      answered(t, text, killAnswer),
		c.name + "/" + killSketch: c.name,
	})
}

// undisturbed finds out how many turns it takes, and what there should be.
func (k *killer) undisturbed(t *testing.T, repo *gitea.Repository) {
	t.Helper()
	c := newCourse(t, repo, person(t, repo, "main"), "undisturbed")
	c.p.done(t, recorded)
	k.first = c.proxy.turns()
	k.want.first = c.files(t)
	if _, err := c.person(t.Context(), t); err != nil {
		t.Fatal(err)
	}
	c.proxy.expect(0, nil)
	c.p.done(t, k.later)
	k.update = c.proxy.turns()
	k.want.last = c.files(t)
	delete(k.want.last, killSketch)
	for _, words := range []string{note, killAnswer} {
		if !strings.Contains(k.want.last[path.Base(document)], words) {
			t.Fatalf("the document has no %q", words)
		}
	}
}

// work does rounds in a repository of its own until there were so many kills.
func (k *killer) work(t *testing.T, worker uint64, kills int) {
	t.Helper()
	random := rand.New(rand.NewPCG(*seed, worker))
	repo, _ := newRepository(t, withReadme)
	alices := person(t, repo, "main")
	rounds := 0
	for done := 0; done < kills; rounds++ {
		done += k.round(t, newCourse(t, repo, alices, fmt.Sprintf("round-%d", rounds)), random)
		if t.Failed() {
			t.Fatalf("in round %d", rounds)
		}
	}
	requests, err := repo.Requests(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(requests) != rounds {
		t.Errorf("there are %d requests, want %d", len(requests), rounds)
	}
	branches(t, &repo.Repository)
}

// round is one first publication and one update, both killed and then done. It
// returns how many of the kills were not too late.
func (k *killer) round(t *testing.T, c *course, random *rand.Rand) (kills int) {
	t.Helper()
	kills += k.kill(t, c, recorded, k.first, random)
	k.count(t, c, "first")
	c.whole(t, k.want.first)
	c.p.done(t, recorded)
	if diff := cmp.Diff(k.want.first, c.files(t)); diff != "" {
		t.Errorf("the files of the first publication (-undisturbed +now):\n%s", diff)
	}

	var pushing errgroup.Group
	var commit string
	pushing.Go(func() (err error) {
		commit, err = c.person(t.Context(), t)
		return err
	})
	kills += k.kill(t, c, k.later, k.update, random)
	if err := pushing.Wait(); err != nil {
		t.Fatal(err)
	}
	k.count(t, c, "update")
	url := c.p.done(t, k.later)

	want := maps.Clone(k.want.last)
	want[killSketch] = c.name
	if diff := cmp.Diff(want, c.files(t)); diff != "" {
		t.Errorf("the files in the end (-undisturbed +now):\n%s", diff)
	}
	if !c.repo.Contains(t.Context(), c.branch, commit) {
		t.Errorf("alice's commit %s is gone", commit)
	}
	requests, err := c.repo.Requests(t.Context(), c.branch)
	if err != nil {
		t.Fatal(err)
	}
	if len(requests) != 1 || requests[0].State != "open" || requests[0].URL != url {
		t.Errorf("there are %d requests, want one at %s: %v", len(requests), url, requests)
	}
	return kills
}

// kill publishes a bundle and kills debrief before one of the turns, or soon
// after. A few times it is done before that.
func (k *killer) kill(t *testing.T, c *course, bundle string, turns int, random *rand.Rand) (kills int) {
	t.Helper()
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	soon := time.Duration(random.IntN(2)) * time.Duration(random.Int64N(int64(100*time.Millisecond)))
	gone := make(chan struct{})
	turn := 1 + random.IntN(turns)
	if random.IntN(2) == 0 { // what changes anything comes late
		turn += turns / 2
	}
	c.proxy.expect(turn, func() {
		if soon > 0 {
			time.AfterFunc(soon, kill)
			return
		}
		kill()
		<-gone // what is said is for nobody
	})
	cmd := c.p.command(ctx, bundle)
	var said bytes.Buffer
	cmd.Stderr = &said
	err := cmd.Run()
	close(gone)
	c.proxy.expect(0, nil)
	if err == nil {
		return 0
	}
	if ctx.Err() == nil {
		t.Fatalf("publishing, before it was killed: %v\n%s", err, said.String())
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kills++
	return 1
}

// whole checks that the branch has all of the documents, or is not there.
func (c *course) whole(t *testing.T, want map[string]string) {
	t.Helper()
	now, err := c.repo.Branches(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, there := now[c.branch]; !there {
		return
	}
	if diff := cmp.Diff(want, c.files(t)); diff != "" {
		t.Errorf("a part of the documents is on the branch (-whole +now):\n%s", diff)
	}
}

// count notes how far a publication has come.
func (k *killer) count(t *testing.T, c *course, what string) {
	t.Helper()
	requests, err := c.repo.Requests(t.Context(), c.branch)
	if err != nil {
		t.Fatal(err)
	}
	now, err := c.repo.Branches(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	state := "nothing"
	switch _, pushed := now[c.branch]; {
	case what == "update":
		if strings.Contains(c.files(t)[path.Base(document)], note) {
			state = "a commit"
		}
	case len(requests) > 0:
		state = "a request"
	case pushed:
		state = "a branch"
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.states[what+": "+state]++
}
