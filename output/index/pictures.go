package index

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/debrief-sre/debrief/output/picture"
)

// The bounds of the pictures; the tables have everything.
const (
	mostMonths     = 24
	mostObjectives = 4
)

// pictures are those that there is something to draw for.
func pictures(s Statistics) []picture.SVG {
	months := span(s.Months)
	var drawn []picture.SVG
	for _, chart := range []picture.Chart{incidentChart(months, s.Causes), budgetChart(months)} {
		if svg, ok := chart.Draw(); ok {
			drawn = append(drawn, svg)
		}
	}
	return drawn
}

// span are the months from the first to the last, also those without incidents:
// at most the latest ones, oldest first.
func span(groups []Group) []Group {
	if len(groups) == 0 {
		return nil
	}
	byName := map[string]Group{}
	for _, g := range groups {
		byName[g.Name] = g
	}
	month, err := time.Parse("2006-01", groups[0].Name)
	var months []Group
	for first := groups[len(groups)-1].Name; err == nil && len(months) < mostMonths; month = month.AddDate(0, -1, 0) {
		name := month.Format("2006-01")
		g := byName[name]
		g.Name = name
		months = append(months, g)
		if name <= first {
			break
		}
	}
	slices.Reverse(months)
	return months
}

func labels(months []Group) []string {
	list := make([]string, len(months))
	for i, m := range months {
		list[i] = m.Name
	}
	return list
}

func when(months []Group) string {
	if len(months) == 0 {
		return ""
	}
	return fmt.Sprintf("from %s to %s", months[0].Name, months[len(months)-1].Name)
}

// incidentChart stacks a month's incidents by cause; rare causes share a part.
func incidentChart(months, causes []Group) picture.Chart {
	shown := causes[:min(len(causes), picture.MostSeries)]
	if len(causes) > picture.MostSeries {
		shown = causes[:picture.MostSeries-1]
	}
	bars := picture.Bars{Title: "Incidents a month", Stacked: true}
	total, most := 0, 0
	for _, m := range months {
		values := make([]float64, len(shown), picture.MostSeries)
		rest := m.Incidents
		for k, cause := range shown {
			for _, i := range m.members {
				if i.Cause == cause.Name {
					values[k]++
					rest--
				}
			}
		}
		if len(shown) < len(causes) {
			values = append(values, float64(rest))
		}
		bars.Values = append(bars.Values, values)
		total, most = total+m.Incidents, max(most, m.Incidents)
	}
	chart := picture.Chart{
		Name: "index-incidents", Title: "Incidents a month, by cause", Labels: labels(months), Panels: []picture.Bars{bars},
		Desc: fmt.Sprintf("%s %s, at most %d a month.", counted(total, "incident"), when(months), most),
	}
	for _, cause := range shown {
		chart.Series = append(chart.Series, causeWords(cause.Name))
	}
	if len(shown) < len(causes) {
		chart.Series = append(chart.Series, "other causes")
	}
	return chart
}

// budgetChart has a panel for each of the objectives whose budgets lost most: a
// common one would add up what cannot be added up.
func budgetChart(months []Group) picture.Chart {
	all := map[string]float64{}
	for _, m := range months {
		for _, b := range m.Budgets {
			if b.Consumed.Known+b.Saved.Known > 0 {
				all[b.Objective] += b.Consumed.value()
			}
		}
	}
	objectives := make([]string, 0, len(all))
	for name := range all {
		objectives = append(objectives, name)
	}
	slices.SortFunc(objectives, func(a, b string) int { return cmp.Or(cmp.Compare(all[b], all[a]), cmp.Compare(a, b)) })
	chart := picture.Chart{
		Name: "index-budget", Title: "Error budget consumed by incidents and saved by aborts a month", Labels: labels(months),
		Series: []string{"consumed", "saved by aborts"},
		Desc:   fmt.Sprintf("%s %s.", counted(len(objectives), "objective"), when(months)),
	}
	if more := len(objectives) - mostObjectives; more > 0 {
		objectives = objectives[:mostObjectives]
		chart.Desc = fmt.Sprintf("The %d objectives that lost most %s. The table has %d more.", mostObjectives, when(months), more)
	}
	for _, name := range objectives {
		chart.Panels = append(chart.Panels, budgetBars(name, months))
	}
	return chart
}

func budgetBars(objective string, months []Group) picture.Bars {
	bars := picture.Bars{Title: objective, Ratio: true}
	for _, m := range months {
		var sum BudgetSum
		if k := slices.IndexFunc(m.Budgets, func(b BudgetSum) bool { return b.Objective == objective }); k >= 0 {
			sum = m.Budgets[k]
		}
		bars.Values = append(bars.Values, []float64{sum.Consumed.value(), sum.Saved.value()})
		bars.Partial = append(bars.Partial, sum.Consumed.Known < sum.Consumed.Of || sum.Saved.Known < sum.Saved.Of)
	}
	return bars
}
