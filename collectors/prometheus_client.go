package collectors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/evidence"
)

const (
	// promTimeout bounds one question with its retries, so that a hung server
	// is a gap and not a hung debrief.
	promTimeout = 30 * time.Second
	// mostPoints is how many points per series Prometheus gives in one answer.
	mostPoints = 11000
)

var errNoAnswer = fmt.Errorf("no answer within %s", promTimeout)

// promClient asks a server with the Prometheus API.
type promClient struct {
	api   v1.API
	clock *dateRecorder
}

func newPromClient(a promAddress, now func() time.Time) (*promClient, error) {
	clock := &dateRecorder{now: now}
	client, err := a.client(clock)
	if err != nil {
		return nil, err
	}
	wrapped, err := api.NewClient(api.Config{Address: a.url.String(), Client: client})
	if err != nil {
		return nil, fmt.Errorf("creating Prometheus client: %w", err)
	}
	return &promClient{api: v1.NewAPI(wrapped), clock: clock}, nil
}

// query evaluates an expression at one time.
func (p *promClient) query(ctx context.Context, c *evidence.Coverage, promql string, at time.Time) (model.Value, error) {
	return p.ask(ctx, c, func(ctx context.Context) (model.Value, v1.Warnings, v1.Infos, error) {
		return p.api.Query(ctx, promql, at)
	})
}

// matrix is query for an expression with a range selector: raw samples.
func (p *promClient) matrix(ctx context.Context, c *evidence.Coverage, promql string, at time.Time) (model.Matrix, error) {
	value, err := p.query(ctx, c, promql, at)
	return asMatrix(value, err)
}

// queryRange evaluates an expression at every step from start to end, both included.
func (p *promClient) queryRange(ctx context.Context, c *evidence.Coverage, promql string, r v1.Range) (model.Matrix, error) {
	value, err := p.ask(ctx, c, func(ctx context.Context) (model.Value, v1.Warnings, v1.Infos, error) {
		return p.api.QueryRange(ctx, promql, r)
	})
	return asMatrix(value, err)
}

// ask bounds a question in time and keeps what the server remarks about its
// answer as data quality.
func (p *promClient) ask(ctx context.Context, c *evidence.Coverage, question func(context.Context) (model.Value, v1.Warnings, v1.Infos, error)) (model.Value, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, promTimeout, errNoAnswer)
	defer cancel()
	value, warnings, infos, err := question(ctx)
	for _, remark := range append(warnings, infos...) {
		warn(c, "%s", remark)
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	c.ClockOffset = p.clock.last()
	return value, err
}

// warn adds a remark once, as one sentence without its full stop.
func warn(c *evidence.Coverage, format string, args ...any) {
	remark := strings.TrimRight(oneLine(fmt.Sprintf(format, args...)), ".")
	if !slices.Contains(c.Warnings, remark) {
		c.Warnings = append(c.Warnings, remark)
	}
}

// errHistogram refuses native histograms: they hold no counter to count by.
var errHistogram = errors.New("the answer holds native histograms, which debrief cannot count: select a counter, such as histogram_count gives in a recording rule")

func asMatrix(value model.Value, err error) (model.Matrix, error) {
	if err != nil {
		return nil, err
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("the answer is a %T, where a matrix was asked for", value)
	}
	return matrix, checkMatrix(matrix)
}

// checkMatrix refuses what could be misread.
func checkMatrix(matrix model.Matrix) error {
	for _, stream := range matrix {
		switch {
		case stream == nil:
			return errors.New("a series of the answer is null")
		case len(stream.Histograms) > 0:
			return errHistogram
		}
	}
	return nil
}

// decodeMatrix reads a stored answer.
func decodeMatrix(answer []byte) (model.Matrix, error) {
	var matrix model.Matrix
	if err := json.Unmarshal(answer, &matrix); err != nil {
		return nil, fmt.Errorf("answer: %w", err)
	}
	return matrix, checkMatrix(matrix)
}

// tooMuch tells whether a question failed because of its size, so that a
// smaller one may succeed.
func tooMuch(err error) bool {
	var status *statusError
	var large *http.MaxBytesError
	var refused *v1.Error
	switch {
	case errors.As(err, &large):
		return true
	case errors.As(err, &status):
		return status.code == http.StatusRequestEntityTooLarge
	case errors.As(err, &refused):
		words := strings.ToLower(refused.Msg)
		for _, limit := range []string{"too many samples", "exceed", "limit", "too large"} {
			if strings.Contains(words, limit) && !strings.Contains(words, "parse error") {
				return true
			}
		}
	}
	return false
}

// refusal tells whether the server answered, but with an error: what it was
// asked is wrong or too much, and another question may yet succeed.
func refusal(err error) bool {
	var refused *v1.Error
	var asked *questionError
	// What is no answer of the API, such as a login page, is none at all.
	return errors.As(err, &refused) && refused.Type != v1.ErrBadResponse ||
		errors.As(err, &asked) || errors.Is(err, errHistogram) || tooMuch(err)
}

// questionError is a question that cannot be put at all.
type questionError struct{ err error }

func (e *questionError) Error() string { return e.err.Error() }
func (e *questionError) Unwrap() error { return e.err }
