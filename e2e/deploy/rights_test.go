package deploy_test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/debrief-sre/debrief/e2e/argo"
	"github.com/debrief-sre/debrief/e2e/lab"
	"github.com/debrief-sre/debrief/e2e/process"
)

//go:embed testdata/rollout.yaml
var rolloutManifest string

var checkout = lab.Ref{Namespace: "shop", Name: "checkout"}

// A right is one verb on one resource.
type right struct{ group, resource, verb string }

func (r right) String() string {
	return strings.TrimPrefix(r.group+"/"+r.resource+" "+r.verb, "/")
}

// use is what needs a right: one of debrief's commands, which must do its work
// with all rights, and be refused by the API server without this one.
type use func(ctx context.Context) (refused string, err error)

// rights takes debrief's rights away one by one: none is missing, and none is
// there for nothing. The rollout checkout was aborted before.
func rights(t *testing.T, l *lab.Lab) {
	r := newRestricted(t, l)
	clusterRoles, roles := l.Kube.RbacV1().ClusterRoles(), l.Kube.RbacV1().Roles("debrief")
	role, err := clusterRoles.Get(t.Context(), "debrief", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	election, err := roles.Get(t.Context(), "debrief-election", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// Updates need the version that is current: none is given.
	setRole := func(ctx context.Context, rules []rbacv1.PolicyRule) error {
		_, err := clusterRoles.Update(ctx, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: role.Name}, Rules: rules}, metav1.UpdateOptions{})
		return err
	}
	setElection := func(ctx context.Context, rules []rbacv1.PolicyRule) error {
		_, err := roles.Update(ctx, &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: election.Name, Namespace: "debrief"}, Rules: rules}, metav1.UpdateOptions{})
		return err
	}
	r.take(t, role.Rules, setRole)
	r.take(t, election.Rules, setElection)
}

// exitGaps is debrief's exit code when a source left a gap.
const exitGaps = 3

// restricted runs debrief as its ServiceAccount.
type restricted struct {
	lab                      *lab.Lab
	client                   kubernetes.Interface // the ServiceAccount's
	debrief, kubeconfig, dir string
}

func newRestricted(t *testing.T, l *lab.Lab) *restricted {
	t.Helper()
	kubeconfig, client := asServiceAccount(t, l)
	return &restricted{lab: l, client: client, debrief: debriefBinary(t), kubeconfig: kubeconfig, dir: t.TempDir()}
}

// take checks each right of a role.
func (r *restricted) take(t *testing.T, rules []rbacv1.PolicyRule, set func(context.Context, []rbacv1.PolicyRule) error) {
	t.Helper()
	for _, of := range rightsIn(rules) {
		t.Run(of.String(), func(t *testing.T) {
			use := r.useOf(of)
			switch refused, err := use(t.Context()); {
			case err != nil:
				t.Fatal(err)
			case refused != "":
				t.Fatalf("with all rights: %s", refused)
			}
			if err := set(t.Context(), without(rules, of)); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := errors.Join(set(context.Background(), rules), r.await(context.Background(), of, true)); err != nil {
					t.Error(err)
				}
			})
			if err := r.await(t.Context(), of, false); err != nil {
				t.Fatal(err)
			}
			switch refused, err := use(t.Context()); {
			case err != nil:
				t.Fatal(err)
			case refused == "":
				t.Error("nothing was missing: is this right for nothing?")
			default:
				t.Log(refused)
			}
		})
	}
}

// useOf is what needs the right.
func (r *restricted) useOf(of right) use {
	switch {
	case of.group == "coordination.k8s.io":
		return func(ctx context.Context) (string, error) { return r.lead(ctx, of) }
	case of.verb == "watch":
		return func(ctx context.Context) (string, error) { return r.watch(ctx, of) }
	case of == right{"argoproj.io", "rollouts", "list"}:
		return func(ctx context.Context) (string, error) { return r.generate(ctx) }
	default:
		return func(ctx context.Context) (string, error) { return r.generate(ctx, checkout.String()) }
	}
}

// generate runs debrief generate, and returns what was denied.
func (r *restricted) generate(ctx context.Context, of ...string) (refused string, err error) {
	dir, err := os.MkdirTemp(r.dir, "documents-")
	if err != nil {
		return "", err
	}
	args := append([]string{"generate", "--kubeconfig", r.kubeconfig, "--prometheus-url", r.lab.PrometheusURL, "--format", "json", "-o", dir}, of...)
	_, err = command(ctx, r.debrief, args...)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 1 && strings.Contains(err.Error(), " is forbidden: ") {
		return err.Error(), nil
	} else if err != nil && (exit == nil || exit.ExitCode() != exitGaps) {
		return "", err
	}
	documents, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(documents) != 1 {
		return "", fmt.Errorf("documents %q, want one (%v)", documents, err)
	}
	data, err := os.ReadFile(documents[0])
	if err != nil {
		return "", err
	}
	var document struct {
		Coverage []struct{ Source, Status, Reason string }
	}
	if err := json.Unmarshal(data, &document); err != nil {
		return "", err
	}
	if len(document.Coverage) < 6 {
		return "", fmt.Errorf("only %d sources were asked: %v", len(document.Coverage), document.Coverage)
	}
	for _, c := range document.Coverage {
		if c.Status == "denied" {
			refused += c.Source + ": " + c.Reason + "\n"
		}
	}
	return refused, nil
}

// watch runs debrief watch until it has listed everything and watches for some
// seconds, or is refused the right.
func (r *restricted) watch(ctx context.Context, of right) (string, error) {
	var since time.Time // when it was ready: its watches begin then
	return r.runWatch(ctx, "", of, func(port int) error {
		if _, err := get(fmt.Sprintf("http://127.0.0.1:%d/readyz", port)); err != nil {
			return err
		}
		if since.IsZero() {
			since = time.Now()
		}
		if time.Since(since) < 3*time.Second {
			return errors.New("it may still be refused to watch")
		}
		return nil
	})
}

// lead runs debrief watch until it acts, or is refused the right. A Lease that
// is there and held by nobody is taken by an update; none at all by a creation.
func (r *restricted) lead(ctx context.Context, of right) (string, error) {
	leases := r.lab.Kube.CoordinationV1().Leases("debrief")
	if err := leases.Delete(ctx, "debrief", metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return "", err
	}
	if of.verb != "create" {
		if _, err := leases.Create(ctx, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "debrief"}}, metav1.CreateOptions{}); err != nil {
			return "", err
		}
	}
	election := "  leaderElection: {namespace: debrief, name: debrief, record: all}\n"
	return r.runWatch(ctx, election, of, func(int) error {
		lease, err := leases.Get(ctx, "debrief", metav1.GetOptions{})
		if err == nil && (lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity == "") {
			err = errors.New("nobody holds the lease")
		}
		return err
	})
}

// runWatch runs debrief watch until it is done or was refused the right.
func (r *restricted) runWatch(ctx context.Context, settings string, of right, done func(port int) error) (refused string, err error) {
	w, err := r.startWatch(settings)
	if err != nil {
		return "", err
	}
	defer w.stop()
	denial := fmt.Sprintf(`cannot %s resource "%s"`, of.verb, of.resource)
	err = process.Poll(ctx, "debrief watch", func(context.Context) error {
		if text := strings.ReplaceAll(w.log.String(), `\"`, `"`); strings.Contains(text, denial) {
			refused = denial
			return nil
		}
		return done(w.port)
	})
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, w.log.String())
	}
	return refused, nil
}

// A watching is a running debrief watch.
type watching struct {
	port int
	log  safeBuffer
	stop func()
}

// startWatch starts debrief watch with more settings below "watch:".
func (r *restricted) startWatch(settings string) (*watching, error) {
	dir, err := os.MkdirTemp(r.dir, "watch-")
	if err != nil {
		return nil, err
	}
	ports, err := process.FreePorts(1)
	if err != nil {
		return nil, err
	}
	config := fmt.Sprintf("watch:\n  archive: {file: %s/debrief.db}\n  documents: %s/postmortems\n  listen: 127.0.0.1:%d\n%s", dir, dir, ports[0], settings)
	file := filepath.Join(dir, "debrief.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	w := &watching{port: ports[0]}
	cmd := exec.Command(r.debrief, "watch", "--kubeconfig", r.kubeconfig, "--config", file)
	cmd.Stderr = &w.log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	w.stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	return w, nil
}

// await returns once the API server's answer about the right is known to be so.
func (r *restricted) await(ctx context.Context, of right, allowed bool) error {
	attributes := &authorizationv1.ResourceAttributes{Group: of.group, Resource: of.resource, Verb: of.verb, Namespace: "debrief", Name: "debrief"}
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: attributes}}
	return process.Poll(ctx, "the API server's authorizer", func(ctx context.Context) error {
		answer, err := r.client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		if err == nil && answer.Status.Allowed != allowed {
			err = fmt.Errorf("%s is allowed: %t", of, answer.Status.Allowed)
		}
		return err
	})
}

func rightsIn(rules []rbacv1.PolicyRule) (all []right) {
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					all = append(all, right{group, resource, verb})
				}
			}
		}
	}
	return all
}

// without are the rules but for one right.
func without(rules []rbacv1.PolicyRule, gone right) (left []rbacv1.PolicyRule) {
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				verbs := slices.DeleteFunc(slices.Clone(rule.Verbs), func(verb string) bool { return gone == right{group, resource, verb} })
				if len(verbs) > 0 {
					left = append(left, rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, ResourceNames: rule.ResourceNames, Verbs: verbs})
				}
			}
		}
	}
	return left
}

// abortCheckout has a person abort a rollout that names everything debrief reads.
func abortCheckout(t *testing.T, l *lab.Lab) {
	t.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), 3*time.Minute)
	defer cancel()
	steps := []func() error{
		func() error { return l.Apply(ctx, rolloutManifest) },
		func() error { _, err := l.WaitRollout(ctx, checkout, "healthy", lab.IsHealthy); return err },
		func() error { return l.SetImage(ctx, checkout, "registry.local/checkout:1.1.0") },
		func() error {
			_, err := l.WaitRollout(ctx, checkout, "paused", func(r *argo.Rollout) bool { return r.PausedFor("CanaryPauseStep") })
			return err
		},
		func() error { return l.Abort(ctx, checkout) },
		func() error { _, err := l.WaitRollout(ctx, checkout, "aborted", lab.IsAborted); return err },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
}

// safeBuffer is written by a process while the test reads it.
type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
