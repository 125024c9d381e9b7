package collectors

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/replay"
	"github.com/debrief-sre/debrief/timeline"
)

// lostAPI makes the API server of the settings one that cannot be asked.
var lostAPI = map[string]struct {
	lose  func(*testing.T, *Settings, *replay.Server)
	words string // HOST is its address
	gap   evidence.Status
}{
	"refuses connections": {
		lose: func(_ *testing.T, s *Settings, _ *replay.Server) {
			closed := httptest.NewServer(http.NotFoundHandler())
			closed.Close()
			s.Kubernetes.Host = closed.URL
		},
		words: "dial tcp HOST: connect: connection refused", gap: evidence.StatusUnreachable,
	},
	"has no address": {
		lose: func(_ *testing.T, s *Settings, _ *replay.Server) {
			s.Kubernetes.Dial = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.DNSError{Err: "no such host", Name: "api.example.com", IsNotFound: true}
			}
		},
		words: "lookup api.example.com: no such host", gap: evidence.StatusUnreachable,
	},
	"has another certificate": {
		lose: func(t *testing.T, s *Settings, _ *replay.Server) {
			other := httptest.NewUnstartedServer(http.NotFoundHandler())
			other.Config.ErrorLog = log.New(io.Discard, "", 0)
			other.StartTLS()
			t.Cleanup(other.Close)
			s.Kubernetes.Host = other.URL
		},
		words: "tls: failed to verify certificate: x509: certificate signed by unknown authority", gap: evidence.StatusUnreachable,
	},
	"does not know us": {
		lose: func(_ *testing.T, _ *Settings, server *replay.Server) {
			server.Fail(replay.Failure{API: replay.Kubernetes, Status: http.StatusUnauthorized})
		},
		words: "Unauthorized", gap: evidence.StatusDenied,
	},
	"hangs": {
		lose: func(t *testing.T, s *Settings, _ *replay.Server) {
			hung := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
			t.Cleanup(hung.Close)
			s.Kubernetes.Host, s.Kubernetes.Timeout = hung.URL, 50*time.Millisecond
		},
		words: "no answer in time", gap: evidence.StatusUnreachable,
	},
}

// archiveAlone is the recording with what a watcher kept of it, which has observed
// the rollout until later than its abort.
func archiveAlone(t *testing.T) (*Settings, *replay.Server, *shelf) {
	t.Helper()
	r := readRecording(t)
	kept := archived(t, r)
	later := r.checkout().copied(t)
	retry(later)
	later.set("Healthy", "status", "phase")
	later.set("3", "metadata", "annotations", "rollout.argoproj.io/revision")
	later.set("99", "metadata", "resourceVersion")
	kept.keep(t, "rollouts", later, recordedAbort.Add(2*time.Minute), false)
	settings, server := r.serve(t)
	settings.Archive, settings.ArchiveAlone = kept, true
	return settings, server, kept
}

// rows are the coverage of Kubernetes, Argo and the archive as a document has it.
func rows(s *Settings, covered map[string]evidence.Coverage) (lines []string) {
	_, host, _ := strings.Cut(s.Kubernetes.Host, "//")
	for source, c := range covered {
		if !strings.HasPrefix(source, "prometheus") && !strings.HasPrefix(source, "pagerduty") {
			remarks := strings.Join(append([]string{c.Reason}, c.Warnings...), " / ")
			lines = append(lines, strings.ReplaceAll(fmt.Sprintf("%s %s %d: %s", source, c.Status, c.Objects, remarks), host, "HOST"))
		}
	}
	slices.Sort(lines)
	return lines
}

// TestArchiveAlone: without an API server, the incident is what the archive has of
// it, and each source says so.
func TestArchiveAlone(t *testing.T) {
	for name, test := range lostAPI {
		t.Run(name, func(t *testing.T) {
			settings, server, _ := archiveAlone(t)
			test.lose(t, settings, server)
			_, facts, covered := story(t, settings, checkoutSearch)
			unasked := "the API server could not be asked: " + test.words
			want := []string{
				"archive ok 2:  / the last observation of the cluster is of 2026-11-22T19:57:59Z",
				"argo/analysisruns partial 1: " + unasked + " / 1 of 1 AnalysisRuns are from the archive",
				fmt.Sprintf("argo/analysistemplates %s 0: %s; templates are not archived", test.gap, unasked),
				"argo/rollout partial 1: the API server could not be asked for it: " + test.words + "; from the archive, as observed at 2026-11-22T19:55:09Z; " +
					"its last state there is of 2026-11-22T19:57:08Z, Healthy at revision 3; what became of it since is not known",
				"argo/weights ok 2: ",
				"kubernetes/events partial 41: " + unasked + " / 41 of 41 events are from the archive",
				"kubernetes/node-events partial 2: " + unasked + " / 2 of 2 events are from the archive",
				fmt.Sprintf("kubernetes/pods %s 0: %s; pods are not archived", test.gap, unasked),
				fmt.Sprintf("kubernetes/replicasets %s 0: %s; ReplicaSets are not archived", test.gap, unasked),
			}
			if diff := gocmp.Diff(want, rows(settings, covered)); diff != "" {
				t.Errorf("coverage (-want +got):\n%s", diff)
			}
			holdsTheAbort(t, facts.Rollout)
			if n := askedOfKubernetes(server); n > 1 {
				t.Errorf("the API server was asked %d times", n)
			}
			if facts.Rollout.Phase != "unknown (last known state: Healthy, of 2026-11-22T19:57:08Z)" {
				t.Errorf("the phase at collection is told as %q", facts.Rollout.Phase)
			}
			if c := covered["prometheus/metrics"]; c.Status != evidence.StatusOK {
				t.Errorf("Prometheus is %s: %s", c.Status, c.Reason)
			}
		})
	}
}

func askedOfKubernetes(server *replay.Server) (n int) {
	for _, r := range server.Requests() {
		if strings.HasPrefix(r.URL.Path, "/api") {
			n++
		}
	}
	return n
}

func holdsTheAbort(t *testing.T, r timeline.Rollout) {
	t.Helper()
	if r.Subject.UID != checkoutUID || r.Revision != 2 || r.Abort == nil || !r.Abort.Time.Equal(recordedAbort) || r.Abort.Cause != timeline.CauseAnalysis ||
		len(r.Analyses) != 1 || !r.Started.Truncate(time.Second).Equal(recordedAbort.Add(-time.Minute)) {
		t.Errorf("rollout is %+v with abort %+v", r, r.Abort)
	}
}

// TestArchiveAloneRefused: an API server that only keeps Rollouts to itself is asked
// for the rest.
func TestArchiveAloneRefused(t *testing.T) {
	for name, failure := range map[string]replay.Failure{
		"forbidden": {API: replay.Kubernetes, Resource: "rollouts", Status: http.StatusForbidden},
		"unknown":   {API: replay.Kubernetes, Resource: "rollouts", Status: http.StatusNotFound, Body: "404 page not found"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, search := range []Search{checkoutSearch, {}} {
				settings, server, _ := archiveAlone(t)
				server.Fail(failure)
				_, facts, covered := story(t, settings, search)
				holdsTheAbort(t, facts.Rollout)
				for source, want := range map[string]evidence.Status{
					"argo/rollout": evidence.StatusPartial, "argo/analysisruns": evidence.StatusOK,
					"kubernetes/replicasets": evidence.StatusOK, "kubernetes/pods": evidence.StatusOK, "kubernetes/events": evidence.StatusOK,
				} {
					if c := covered[source]; c.Status != want || c.Objects == 0 || fromArchive(c) != 0 || len(c.Warnings) != 0 {
						t.Errorf("%s is %+v", source, c)
					}
				}
				if reason := covered["argo/rollout"].Reason; !strings.HasPrefix(reason, "the API server could not be asked for it: ") {
					t.Errorf("the rollout's coverage says %q", reason)
				}
			}
		})
	}
}

// TestArchiveAloneAsksOnce measures the time that a dead API server takes.
func TestArchiveAloneAsksOnce(t *testing.T) {
	hang := func(net.Conn) {}
	hangUp := func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		_ = c.Close()
	}
	later := func(status string) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, "HTTP/1.1 "+status+"\r\nRetry-After: 20\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			_ = c.Close()
		}
	}
	for name, test := range map[string]struct {
		serve   func(net.Conn)
		archive bool
		within  time.Duration
		words   string
	}{
		"hangs":                     {hang, true, kubePatience, "no answer in time"},
		"hangs up":                  {hangUp, true, kubePatience, "no useful answer in time: EOF"},
		"hangs, without archive":    {hang, false, kubeTimeout, ""},
		"hangs up, without archive": {hangUp, false, 10 * time.Second, ""}, // client-go's patience
		"is a proxy without one":    {later("502 Bad Gateway"), true, kubePatience, "no useful answer in time: 502 Bad Gateway"},
		"has no time":               {later("429 Too Many Requests"), true, kubePatience, "no useful answer in time: 429 Too Many Requests"},
		"is a proxy, no archive":    {later("502 Bad Gateway"), false, kubeTimeout, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := readRecording(t)
			kept := archived(t, r)
			synctest.Test(t, func(t *testing.T) {
				ctx, hangUpAll := context.WithCancel(t.Context())
				defer hangUpAll()
				settings := &Settings{Kubernetes: &rest.Config{Host: "http://api.example.com"}, Now: func() time.Time { return recordedNow }}
				settings.Kubernetes.Dial = func(context.Context, string, string) (net.Conn, error) {
					near, far := net.Pipe()
					context.AfterFunc(ctx, func() { _ = far.Close() })
					go test.serve(far)
					return near, nil
				}
				if test.archive {
					settings.Archive, settings.ArchiveAlone = kept, true
				}
				began := time.Now()
				target, err := Locate(t.Context(), settings, checkoutSearch)
				if took := time.Since(began); took != test.within {
					t.Errorf("took %v, want %v", took, test.within)
				}
				if test.archive != (err == nil) {
					t.Fatalf("error is %v", err)
				}
				if test.archive && target.unasked.err.Error() != test.words {
					t.Errorf("the reason is %q", target.unasked.err)
				}
			})
		})
	}
}

// TestArchiveAloneStops: who calls the question off gets no document.
func TestArchiveAloneStops(t *testing.T) {
	settings, _, _ := archiveAlone(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Locate(ctx, settings, checkoutSearch); err == nil {
		t.Error("no error")
	}
}
