package index

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// Statistics are the figures over a collection.
type Statistics struct {
	Months   []Group `json:"months"`   // with incidents, latest first
	Services []Group `json:"services"` // by name; an incident counts for each of its services
	Causes   []Group `json:"causes"`   // the most frequent first
	All      Group   `json:"all"`
	Measures struct {
		TTD Spread `json:"ttd"` // seconds, as are the others
		TTA Spread `json:"tta"`
		TTM Spread `json:"ttm"`
		TTR Spread `json:"ttr"`
	} `json:"measures"`
}

// Group is a number of incidents.
type Group struct {
	Name            string      `json:"name"`
	Incidents       int         `json:"incidents"`
	OpenActions     int         `json:"openActions"`
	ProposedActions int         `json:"proposedActions"` // of these
	RequestsSaved   Sum         `json:"requestsSaved"`
	Budgets         []BudgetSum `json:"budgets"` // by objective

	members []Incident // newest first
}

// BudgetSum is what incidents did to one objective's error budget. Shares of
// different objectives' budgets cannot be added up.
type BudgetSum struct {
	Objective string `json:"objective"`
	Consumed  Sum    `json:"consumed"`
	Saved     Sum    `json:"saved"`
}

// Sum adds up what is known.
type Sum struct {
	Total *float64 `json:"total"` // null when no figure is known
	Known int      `json:"known"` // how many are
	Of    int      `json:"of"`    // how many there would be
}

func (s *Sum) add(f *float64) {
	s.Of++
	if f == nil {
		return
	}
	s.Known++
	total := *f
	if s.Total != nil {
		total += *s.Total
	}
	s.Total = &total
}

// value is the sum for sorting and drawing: at least this.
func (s Sum) value() float64 {
	if s.Total == nil {
		return 0
	}
	return *s.Total
}

// Spread describes durations. A mean would hide the one long incident that
// matters, or be made by it alone: there is none.
type Spread struct {
	N       int       `json:"n"`       // known
	Unknown int       `json:"unknown"` // not known
	Values  []float64 `json:"values"`  // sorted; only when they are fewer than 5, else the rest
	Median  *float64  `json:"median"`
	Q1      *float64  `json:"q1"` // the quartiles, interpolated between the nearest values
	Q3      *float64  `json:"q3"`
	Max     *float64  `json:"max"`
}

const fewest = 5 // values that quartiles say something about

func spreadOf(values []*float64) Spread {
	var known []float64
	for _, v := range values {
		if v != nil {
			known = append(known, *v)
		}
	}
	slices.Sort(known)
	s := Spread{N: len(known), Unknown: len(values) - len(known), Values: []float64{}}
	if len(known) < fewest {
		s.Values = append(s.Values, known...)
		return s
	}
	s.Q1, s.Median, s.Q3, s.Max = quantile(known, 0.25), quantile(known, 0.5), quantile(known, 0.75), quantile(known, 1)
	return s
}

// quantile interpolates between the two values next to it (Hyndman and Fan's
// type 7, as spreadsheets do).
func quantile(sorted []float64, q float64) *float64 {
	at := q * float64(len(sorted)-1)
	low := int(math.Floor(at))
	high := min(low+1, len(sorted)-1)
	v := sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
	return &v
}

// Statistics computes the figures.
func (c Collection) Statistics() Statistics {
	one := func(s string) []string { return []string{s} }
	s := Statistics{
		Months:   grouped(c.Incidents, func(i Incident) []string { return one(i.Date.UTC().Format("2006-01")) }),
		Services: grouped(c.Incidents, func(i Incident) []string { return i.Services }),
		Causes:   grouped(c.Incidents, func(i Incident) []string { return one(i.Cause) }),
		All:      groupOf("", c.Incidents),
	}
	slices.Reverse(s.Months)
	slices.SortStableFunc(s.Causes, func(a, b Group) int { return cmp.Compare(b.Incidents, a.Incidents) })
	pick := func(of func(Incident) *float64) Spread {
		var values []*float64
		for _, i := range c.Incidents {
			values = append(values, of(i))
		}
		return spreadOf(values)
	}
	s.Measures.TTD = pick(func(i Incident) *float64 { return i.TTD })
	s.Measures.TTA = pick(func(i Incident) *float64 { return i.TTA })
	s.Measures.TTM = pick(func(i Incident) *float64 { return i.TTM })
	s.Measures.TTR = pick(func(i Incident) *float64 { return i.TTR })
	return s
}

// grouped are the incidents by names that each has, sorted by name.
func grouped(list []Incident, names func(Incident) []string) []Group {
	members := map[string][]Incident{}
	for _, i := range list {
		for _, name := range names(i) {
			members[name] = append(members[name], i)
		}
	}
	groups := []Group{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		groups = append(groups, groupOf(name, members[name]))
	}
	return groups
}

func groupOf(name string, members []Incident) Group {
	g := Group{Name: name, Incidents: len(members), Budgets: []BudgetSum{}, members: members}
	budgets := map[string]*BudgetSum{}
	// From the oldest on, so that a new document changes no rounding of old sums.
	for _, i := range slices.Backward(members) {
		g.RequestsSaved.add(i.RequestsSaved)
		g.OpenActions += len(i.Actions)
		for _, a := range i.Actions {
			if a.Proposed {
				g.ProposedActions++
			}
		}
		for _, b := range i.Budgets {
			if budgets[b.Objective] == nil {
				budgets[b.Objective] = &BudgetSum{Objective: b.Objective}
			}
			budgets[b.Objective].Consumed.add(b.Consumed)
			budgets[b.Objective].Saved.add(b.Saved)
		}
	}
	for _, objective := range slices.Sorted(maps.Keys(budgets)) {
		g.Budgets = append(g.Budgets, *budgets[objective])
	}
	return g
}
