package collectors

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/evidence"
)

const (
	rawChunk      = time.Hour
	smallestChunk = time.Minute
)

// rawQuestion asks for the raw samples of a selector over a window. Only they
// can be counted exactly: rates extrapolate and miss what a new series began
// with.
type rawQuestion struct {
	selector string
	window   evidence.Window
}

// rawLine is the samples of one series from one answer, as it is stored: those
// of the range up to the time. An answer without any is stored too, as a line
// without a metric.
type rawLine struct {
	Selector string             `json:"selector"`
	Time     time.Time          `json:"time"`
	Range    model.Duration     `json:"range"`
	Metric   model.Metric       `json:"metric,omitempty"`
	Values   []model.SamplePair `json:"values,omitempty"`
}

// fetch asks piece by piece, in smaller ones if the server finds them too
// large, and gives the lines to keep. It returns the number of series.
func (q rawQuestion) fetch(ctx context.Context, client *promClient, c *evidence.Coverage, keep func(rawLine) error) (int, error) {
	series := map[model.Fingerprint]bool{}
	chunk := rawChunk
	for start := q.window.Start; start.Before(q.window.End); {
		end := start.Add(chunk)
		if end.After(q.window.End) {
			end = q.window.End
		}
		piece := rawLine{Selector: q.selector, Time: end, Range: model.Duration(end.Sub(start))}
		answer, err := client.matrix(ctx, c, piece.query(), end)
		if err != nil && tooMuch(err) && chunk > smallestChunk {
			chunk = max(chunk/4, smallestChunk)
			continue
		}
		if err != nil {
			return len(series), err
		}
		for _, stream := range answer {
			series[stream.Metric.Fingerprint()] = true
			warnOfReplicas(c, stream.Metric)
		}
		if err := keepAnswer(piece, answer, keep); err != nil {
			return len(series), err
		}
		start = end
	}
	return len(series), nil
}

func (l rawLine) query() string { return fmt.Sprintf("%s[%s]", l.Selector, l.Range) }

func keepAnswer(piece rawLine, answer model.Matrix, keep func(rawLine) error) error {
	if len(answer) == 0 {
		return stored(keep(piece))
	}
	for _, stream := range answer {
		piece.Metric, piece.Values = stream.Metric, stream.Values
		if err := stored(keep(piece)); err != nil {
			return err
		}
	}
	return nil
}

// replicaLabels tell the members of a highly available pair of servers apart.
var replicaLabels = []model.LabelName{"prometheus_replica", "__replica__", "replica"}

// warnOfReplicas says when what a pair of servers both saw may count twice.
func warnOfReplicas(c *evidence.Coverage, metric model.Metric) {
	for _, name := range replicaLabels {
		if _, ok := metric[name]; ok {
			warn(c, "series carry the label %s: if that is a replica of the server, ask with dedup=true, as events count once for each", name)
		}
	}
}
