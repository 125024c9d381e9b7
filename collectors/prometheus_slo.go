package collectors

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/debrief-sre/debrief/evidence"
)

// budgetPoints is into how many parts an objective's window is cut to see of
// which the server has data.
const budgetPoints = 720

// budgetLine is an answer about an objective's own window, as it is stored.
type budgetLine struct {
	What     string          `json:"what"`
	Role     string          `json:"role"` // of the counter
	Query    string          `json:"query"`
	Time     time.Time       `json:"time"`
	Step     model.Duration  `json:"step,omitempty"` // of the coverage's points
	Answer   json.RawMessage `json:"answer"`
	Coverage bool            `json:"coverage,omitempty"`
}

func (f *promFetch) fetchObjectives(ctx context.Context, c *evidence.Coverage, objectives []objectiveEntry) error {
	if len(objectives) == 0 {
		c.Status = evidence.StatusAbsent
		c.Reason = "no objective is configured, and no analysis query is a ratio of counters with a bound to tell good events from bad"
		return nil
	}
	var refused joined
	var failed error
	for i := range objectives {
		if failed = refused.add(objectives[i].Objective.Name, f.fetchObjective(ctx, c, i, &objectives[i])); failed != nil {
			objectives = objectives[:i+1]
			break
		}
	}
	if err := f.w.WriteJSON(objectivesEntry, objectives); err != nil {
		return stored(err)
	}
	if failed != nil {
		return failed
	}
	return refused.err()
}

// fetchObjective asks for an objective's counters, and notes in its entry what
// was had of them.
func (f *promFetch) fetchObjective(ctx context.Context, c *evidence.Coverage, index int, o *objectiveEntry) error {
	o.Window = f.window
	var refused joined
	for _, counter := range counters(o.Objective) {
		entry := counterEntry{Role: counter.role, Failed: true}
		o.Counters = append(o.Counters, entry)
		err := f.fetchCounter(ctx, c, fmt.Sprintf("prometheus/%d-%s.jsonl", index, counter.role), counter.expr, &entry)
		entry.Failed = err != nil
		o.Counters[len(o.Counters)-1] = entry
		if err := refused.add(counter.role, err); err != nil {
			return err
		}
	}
	if o.FromAnalysis || o.Objective.Window <= 0 || len(refused) > 0 {
		return refused.err()
	}
	o.Budget = fmt.Sprintf("prometheus/%d-budget.jsonl", index)
	return f.fetchBudget(ctx, c, o)
}

func (f *promFetch) fetchCounter(ctx context.Context, c *evidence.Coverage, name, expr string, entry *counterEntry) error {
	selectors, err := CounterSelectors(expr)
	if err != nil {
		return &questionError{err}
	}
	entry.Selectors = selectors
	file, err := f.w.Create(name)
	if err != nil {
		return stored(err)
	}
	entry.Entry = name
	for _, selector := range selectors {
		raw := rawQuestion{selector: selector, window: f.window}
		n, err := raw.fetch(ctx, f.client, c, func(line rawLine) error { return file.Append(line) })
		c.Objects += n
		if err != nil {
			return err
		}
		if n == 0 && entry.Role == roleTotal {
			warn(c, "no data in the window for %s", selector)
		}
	}
	return nil
}

// fetchBudget asks for the events of the objective's whole window, and of
// which part of it the server has data.
func (f *promFetch) fetchBudget(ctx context.Context, c *evidence.Coverage, o *objectiveEntry) error {
	file, err := f.w.Create(o.Budget)
	if err != nil {
		return stored(err)
	}
	for _, counter := range o.Counters {
		for _, selector := range counter.Selectors {
			// One by one: a sum of a selector that finds nothing would be nothing.
			line := budgetLine{
				What: counter.Role + " events in the objective's window", Role: counter.Role,
				Query: fmt.Sprintf("sum(increase(%s[%s]))", selector, o.Objective.Window), Time: f.window.End,
			}
			answer, err := f.client.query(ctx, c, line.Query, line.Time)
			if err != nil {
				return fmt.Errorf("budget: %w", err)
			}
			if err := appendBudget(file, line, answer); err != nil {
				return err
			}
		}
	}
	return f.fetchBudgetCoverage(ctx, c, o, file)
}

func (f *promFetch) fetchBudgetCoverage(ctx context.Context, c *evidence.Coverage, o *objectiveEntry, file *evidence.File) error {
	step := max(time.Second, (time.Duration(o.Objective.Window) / budgetPoints).Truncate(time.Second))
	r := v1.Range{Start: f.window.End.Add(-(budgetPoints - 1) * step), End: f.window.End, Step: step}
	i := slices.IndexFunc(o.Counters, func(c counterEntry) bool { return c.Role == roleTotal })
	var counts []string
	for _, selector := range o.Counters[i].Selectors {
		counts = append(counts, fmt.Sprintf("count(%s)", selector))
	}
	line := budgetLine{
		What: "data in the objective's window", Role: roleTotal, Coverage: true,
		Query: strings.Join(counts, " or "), Time: f.window.End, Step: model.Duration(step),
	}
	answer, err := f.client.queryRange(ctx, c, line.Query, r)
	if err != nil {
		return fmt.Errorf("budget: %w", err)
	}
	return appendBudget(file, line, answer)
}

func appendBudget(file *evidence.File, line budgetLine, answer model.Value) error {
	raw, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("storing %s: %w", line.Query, err)
	}
	line.Answer = raw
	return stored(file.Append(line))
}
