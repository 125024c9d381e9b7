package scenario

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"
)

// The kinds of events that debrief tells of, as far as scenarios ask for them.
const (
	rolloutStarted       = "rollout.started"
	trafficShifted       = "traffic.shifted"
	analysisStarted      = "analysis.started"
	analysisFailed       = "analysis.failed"
	analysisErred        = "analysis.error"
	analysisInconclusive = "analysis.inconclusive"
	sliBreached          = "sli.breached"
	sliRecovered         = "sli.recovered"
	alertPending         = "alert.pending"
	alertFiring          = "alert.firing"
	rolloutAborted       = "rollout.aborted"
	rolloutCompleted     = "rollout.completed"
	trafficRestored      = "traffic.restored"
	scaledDown           = "canary.scaled_down"
	pageTriggered        = "page.triggered"
	pageAcknowledged     = "page.acknowledged"
	pageResolved         = "page.resolved"
)

// kinds is debrief's closed vocabulary.
var kinds = []string{
	"change.built", rolloutStarted, "canary.ready", trafficShifted, analysisStarted, "analysis.measured", "analysis.succeeded", analysisFailed,
	analysisErred, analysisInconclusive, sliBreached, sliRecovered, alertPending, alertFiring, "alert.resolved", rolloutAborted,
	"rollout.paused", "rollout.retried", rolloutCompleted, trafficRestored, scaledDown, pageTriggered, pageAcknowledged,
	pageResolved, "note", "kubernetes",
}

// A report is the part of debrief's JSON form that scenarios look at.
type report struct {
	SchemaVersion any `json:"schemaVersion"`
	Incident      struct {
		Subject struct {
			Kind, Namespace, Name, UID string
		} `json:"subject"`
		Revision any `json:"revision"`
	} `json:"incident"`
	Abort struct {
		Time       utc    `json:"time"`
		Cause      string `json:"cause"`
		Confidence string `json:"confidence"`
		Message    string `json:"message"`
	} `json:"abort"`
	Events   []reportEvent `json:"events"`
	Impact   []impact      `json:"impact"`
	Coverage []struct {
		Source, Status, Reason string
	} `json:"coverage"`
	Measures struct {
		TTD, TTA, TTM, TTR *float64
	} `json:"measures"`
}

type reportEvent struct {
	ID       string            `json:"id"`
	Time     utc               `json:"time"`
	Source   string            `json:"source"`
	Kind     string            `json:"kind"`
	Title    string            `json:"title"`
	Key      bool              `json:"key"`
	Evidence []json.RawMessage `json:"evidence"`
}

type impact struct {
	Objective string  `json:"objective"`
	Bad       float64 `json:"bad"`
	Total     float64 `json:"total"`
	Consumed  float64 `json:"consumed"`
	Canary    *struct {
		Bad   float64 `json:"bad"`
		Total float64 `json:"total"`
	} `json:"canary"`
}

// utc is a time that was written in RFC 3339 with a Z, as the contract demands.
type utc struct{ time.Time }

func (u *utc) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("a time is no string: %w", err)
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return fmt.Errorf("a time is not RFC 3339: %w", err)
	}
	if text[len(text)-1] != 'Z' {
		return fmt.Errorf("time %s is not told in UTC", text)
	}
	u.Time = t
	return nil
}

// readReport reads the JSON form, and returns its bytes as well.
func readReport(path string) (*report, []byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the JSON form: %w", err)
	}
	var r report
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, nil, fmt.Errorf("decoding %s: %w", path, err)
	}
	return &r, data, nil
}

// ofKind are the events of a kind.
func (r *report) ofKind(kind string) []reportEvent {
	return slices.DeleteFunc(slices.Clone(r.Events), func(e reportEvent) bool { return e.Kind != kind })
}
