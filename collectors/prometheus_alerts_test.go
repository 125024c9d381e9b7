package collectors

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

func TestAlertConcernsRollout(t *testing.T) {
	names := namesOf(evidence.Object{Namespace: "shop", Name: "checkout"}, "cart", "checkout-canary", "checkout-stable")
	tests := map[string]struct {
		labels model.Metric
		want   bool
	}{
		"rollout":                       {model.Metric{"rollout": "checkout"}, true},
		"any label":                     {model.Metric{"backend": "checkout"}, true},
		"app label":                     {model.Metric{"app": "cart"}, true},
		"service":                       {model.Metric{"service": "checkout-canary", "namespace": "shop"}, true},
		"name in another namespace":     {model.Metric{"app": "checkout", "namespace": "staging"}, false},
		"namespace alone":               {model.Metric{"namespace": "shop"}, true},
		"another namespace":             {model.Metric{"namespace": "bank"}, false},
		"another app":                   {model.Metric{"app": "sre-demo", "namespace": "shop"}, false},
		"another deployment":            {model.Metric{"deployment": "noise-checkout", "namespace": "shop"}, false},
		"monitoring's job":              {model.Metric{"job": "kube-state-metrics", "namespace": "shop"}, false},
		"own pod":                       {model.Metric{"pod": "checkout-666689f855-czdfn", "namespace": "shop", "job": "kubelet"}, true},
		"pod of a longer name":          {model.Metric{"pod": "checkout-worker-666689f855-czdfn", "namespace": "shop"}, false},
		"pod of a daemon set":           {model.Metric{"pod": "checkout-agent-czdfn", "namespace": "shop"}, false},
		"nobody's":                      {model.Metric{"cluster": "eu"}, false},
		"alert named alike":             {model.Metric{"alertname": "checkout"}, false},
		"severity named alike":          {model.Metric{"severity": "checkout"}, false},
		"one of two namespaces differs": {model.Metric{"namespace": "shop", "exported_namespace": "bank"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := names.concern(test.labels); got != test.want {
				t.Errorf("%v: %t", test.labels, got)
			}
		})
	}
	// A namespace that is called like the rollout names no workload.
	same := namesOf(evidence.Object{Namespace: "checkout", Name: "checkout"})
	if same.concern(model.Metric{"namespace": "checkout", "app": "other"}) {
		t.Error("the namespace's name was taken for the rollout's")
	}
}

// samplesEvery are samples of a series every 30 s from one time to another, both included.
func samplesEvery(t *testing.T, name, state, replica, from, to string, value float64) rawLine {
	t.Helper()
	line := rawLine{Metric: model.Metric{"__name__": model.LabelValue(name), "alertname": "Burn", "app": "checkout"}}
	if state != "" {
		line.Metric["alertstate"] = model.LabelValue(state)
	}
	if replica != "" {
		line.Metric["prometheus_replica"] = model.LabelValue(replica)
	}
	for at := onTheDay(t, from); !at.After(onTheDay(t, to)); at = at.Add(30 * time.Second) {
		line.Values = append(line.Values, model.SamplePair{Timestamp: model.TimeFromUnixNano(at.UnixNano()), Value: model.SampleValue(value)})
	}
	return line
}

func TestAlertEvents(t *testing.T) {
	firing := func(replica, from, to string) rawLine {
		return samplesEvery(t, alertsSeries, "firing", replica, from, to, 1)
	}
	pending := func(from, to string) rawLine { return samplesEvery(t, alertsSeries, "pending", "", from, to, 1) }
	since := func(from, to, active string) rawLine {
		return samplesEvery(t, forStateSeries, "", "", from, to, float64(onTheDay(t, active).Unix()))
	}
	tests := map[string]struct {
		lines []rawLine
		want  string
	}{
		"pending, firing, resolved": {
			[]rawLine{pending("19:10:00", "19:11:30"), firing("", "19:12:00", "19:14:00"), since("19:10:00", "19:14:00", "19:09:58")},
			"19:09:58 alert.pending, 19:12:00-19:14:30 alert.firing, 19:14:30 alert.resolved",
		},
		"pending only":         {[]rawLine{pending("19:10:00", "19:11:30")}, "19:10:00 alert.pending"},
		"at once":              {[]rawLine{firing("", "19:12:00", "19:14:00"), since("19:12:00", "19:14:00", "19:12:00")}, "19:12:00-19:14:30 alert.firing, 19:14:30 alert.resolved"},
		"a missed evaluation":  {[]rawLine{firing("", "19:12:00", "19:13:00"), firing("", "19:14:00", "19:15:00")}, "19:12:00-19:15:30 alert.firing, 19:15:30 alert.resolved"},
		"twice":                {[]rawLine{firing("", "19:12:00", "19:13:00"), firing("", "19:20:00", "19:21:00")}, "19:12:00-19:13:30 alert.firing, 19:13:30 alert.resolved, 19:20:00-19:21:30 alert.firing, 19:21:30 alert.resolved"},
		"two replicas":         {[]rawLine{firing("a", "19:12:00", "19:14:00"), firing("b", "19:12:10", "19:15:10")}, "19:12:00-19:15:40 alert.firing, 19:15:40 alert.resolved"},
		"since before":         {[]rawLine{firing("", "19:00:10", "19:14:10"), since("19:00:10", "19:14:10", "18:00:00")}, "19:14:40 alert.resolved"},
		"beyond the window":    {[]rawLine{firing("", "19:12:00", "20:30:00")}, "19:12:00 alert.firing"},
		"none":                 {nil, ""},
		"somebody else's time": {[]rawLine{firing("", "20:10:00", "20:30:00")}, ""},
	}
	w := evidence.Window{Start: onTheDay(t, "19:00:00"), End: onTheDay(t, "20:00:00")}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := alert{labels: model.Metric{"alertname": "Burn", "app": "checkout"}, evidence: map[string]evidence.Citation{}}
			for i, line := range test.lines {
				a.add(line, evidence.Line(alertsEntry, i+1), w)
			}
			var got []string
			for _, e := range a.events("key", w, timeline.Rollout{}) {
				text := e.Time.Format(time.TimeOnly)
				if !e.End.IsZero() {
					text += "-" + e.End.Format(time.TimeOnly)
				}
				got = append(got, text+" "+string(e.Kind))
				if e.Detail != "app=checkout" || len(e.Evidence) != 1 || e.Evidence[0] == "" {
					t.Errorf("event: %+v", e)
				}
			}
			if g := strings.Join(got, ", "); g != test.want {
				t.Errorf("got  %s\nwant %s", g, test.want)
			}
		})
	}
}
