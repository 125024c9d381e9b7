package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
)

// metrics answers the Prometheus API's queries from recorded samples.
type metrics struct {
	engine *promql.Engine
	series []storage.Series
}

func readMetrics(fsys fs.FS) (*metrics, error) {
	series, err := readSamples(fsys)
	return &metrics{
		engine: promql.NewEngine(promql.EngineOpts{
			MaxSamples: 50_000_000, Timeout: time.Minute, LookbackDelta: 5 * time.Minute,
			EnableAtModifier: true, EnableNegativeOffset: true, Parser: parser.NewParser(parser.Options{}),
		}),
		series: series,
	}, err
}

func (m *metrics) serve(w http.ResponseWriter, r *http.Request, path string, now time.Time) {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
	case path == "/api/v1/query":
		m.answer(w, r, func(ctx context.Context) (promql.Query, error) { return m.instant(ctx, r, now) })
	case path == "/api/v1/query_range":
		m.answer(w, r, func(ctx context.Context) (promql.Query, error) { return m.overRange(ctx, r) })
	default:
		http.NotFound(w, r)
	}
}

func (m *metrics) instant(ctx context.Context, r *http.Request, now time.Time) (promql.Query, error) {
	at := now
	if text := r.FormValue("time"); text != "" {
		var err error
		if at, err = parseTime("time", text); err != nil {
			return nil, err
		}
	}
	return m.engine.NewInstantQuery(ctx, m, nil, r.FormValue("query"), at)
}

func (m *metrics) overRange(ctx context.Context, r *http.Request) (promql.Query, error) {
	const mostPoints = 11000 // as in Prometheus
	start, errStart := parseTime("start", r.FormValue("start"))
	end, errEnd := parseTime("end", r.FormValue("end"))
	step, errStep := parseStep(r.FormValue("step"))
	if err := errors.Join(errStart, errEnd, errStep); err != nil {
		return nil, err
	}
	switch {
	case end.Before(start):
		return nil, errors.New(`invalid parameter "end": end timestamp must not be before start time`)
	case step <= 0:
		return nil, errors.New(`invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer`)
	case end.Sub(start)/step > mostPoints:
		return nil, errors.New("exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)")
	}
	return m.engine.NewRangeQuery(ctx, m, nil, r.FormValue("query"), start, end, step)
}

// answer evaluates a query and answers in the API's envelope.
func (m *metrics) answer(w http.ResponseWriter, r *http.Request, prepare func(context.Context) (promql.Query, error)) {
	query, err := prepare(r.Context())
	if err != nil {
		prometheusError(w, http.StatusBadRequest, "bad_data", err)
		return
	}
	defer query.Close()
	result := query.Exec(r.Context())
	if result.Err != nil {
		prometheusError(w, http.StatusUnprocessableEntity, "execution", result.Err)
		return
	}
	value, err := encode(result.Value)
	if err != nil {
		prometheusError(w, http.StatusUnprocessableEntity, "execution", err)
		return
	}
	answer := object{"status": "success", "data": object{"resultType": result.Value.Type(), "result": value}}
	warnings, infos := result.Warnings.AsStrings(r.FormValue("query"), 10, 10)
	if len(warnings) > 0 {
		answer["warnings"] = warnings
	}
	if len(infos) > 0 {
		answer["infos"] = infos
	}
	writeJSON(w, http.StatusOK, answer)
}

func prometheusError(w http.ResponseWriter, status int, kind string, err error) {
	writeJSON(w, status, object{"status": "error", "errorType": kind, "error": err.Error()})
}

// encode makes the engine's values those of the API.
func encode(value parser.Value) (any, error) {
	switch v := value.(type) {
	case promql.Matrix:
		matrix := model.Matrix{}
		for _, s := range v {
			stream := &model.SampleStream{Metric: metricOf(s.Metric)}
			for _, p := range s.Floats {
				stream.Values = append(stream.Values, model.SamplePair{Timestamp: model.Time(p.T), Value: model.SampleValue(p.F)})
			}
			matrix = append(matrix, stream)
		}
		return matrix, nil
	case promql.Vector:
		vector := model.Vector{}
		for _, s := range v {
			vector = append(vector, &model.Sample{Metric: metricOf(s.Metric), Timestamp: model.Time(s.T), Value: model.SampleValue(s.F)})
		}
		return vector, nil
	case promql.Scalar:
		return &model.Scalar{Timestamp: model.Time(v.T), Value: model.SampleValue(v.V)}, nil
	default:
		return nil, fmt.Errorf("results of type %s are not replayed", value.Type())
	}
}

func metricOf(l labels.Labels) model.Metric {
	metric := model.Metric{}
	l.Range(func(l labels.Label) { metric[model.LabelName(l.Name)] = model.LabelValue(l.Value) })
	return metric
}

// parseTime reads seconds since the epoch or RFC 3339.
func parseTime(parameter, text string) (time.Time, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(seconds) && math.Abs(seconds) < 1e11 {
		return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return t, fmt.Errorf("invalid parameter %q: cannot parse %q to a valid timestamp", parameter, text)
	}
	return t, nil
}

// parseStep reads seconds or a duration such as 1m.
func parseStep(text string) (time.Duration, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		return time.Duration(seconds * float64(time.Second)), nil
	}
	d, err := model.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("invalid parameter %q: cannot parse %q to a valid duration", "step", text)
	}
	return time.Duration(d), nil
}

// recordedAnswer is a query's answer as it lies in the recording.
type recordedAnswer struct {
	Data struct {
		ResultType string
		Result     json.RawMessage
	}
}
