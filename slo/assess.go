package slo

import "time"

// Assess says what happened to an objective in the window from start to end.
// Series for which isCanary returns true are those of the new version; it may
// be nil.
func Assess(d Data, start, end time.Time, isCanary func(labels map[string]string) bool) Impact {
	c := newCounters(d)
	m := Impact{
		Objective: d.Objective, FromAnalysis: d.FromAnalysis,
		Start: start, End: end,
		SliceLength: sliceLength(d.Objective, c),
		Volume:      volume(d, c),
	}
	m.Slices = c.slices(start, end, m.SliceLength)
	m.Coverage = known(m.Slices)
	m.Measured = c.measured(m.Coverage)
	m.Bad, m.Good, m.Total = c.count(start, end)
	m.Baseline = Baseline{From: NoBaseline}
	if m.Measured {
		m.compare(c, isCanary)
		m.weigh()
	}
	m.allow()
	if m.Measured {
		m.spend(c)
	}
	m.remain(d.Budget)
	return m
}

// sliceLength is the objective's, else one that suits the samples.
func sliceLength(o Objective, c counters) time.Duration {
	if o.SliceWindow > 0 {
		return time.Duration(o.SliceWindow)
	}
	return SliceLength(c.horizon.spacing)
}

// compare holds the window against the stable version and the time before.
func (m *Impact) compare(c counters, isCanary func(labels map[string]string) bool) {
	m.Canary = canaryImpact(c, m.Start, m.End, isCanary)
	calm := before(c, m.Start)
	m.Baseline = baseline(m.Canary, calm)
	if m.Baseline.From != NoBaseline {
		m.Net = new(Excess(m.Bad.Value, m.Total.Value, m.Baseline.Rate))
	}
	if m.Coverage >= wholeWindow { // else requests are missing because nobody counted them
		m.LostRequests = lost(calm, c, m.Start, m.End, m.Total.Value)
	}
}

// weigh finds what needs no target.
func (m *Impact) weigh() {
	m.TimeWeightedMinutes = new(TimeWeightedMinutes(m.Slices))
	if m.Volume.Window != nil && m.Objective.Window > 0 {
		m.OutageMinutes = new(OutageMinutes(m.Bad.Value, *m.Volume.Window, m.Objective.window()))
	}
	if !m.Objective.bySlices() {
		m.SLI = ratio(m.Good.Value, m.Total.Value)
	}
}

// allow finds the budget in events, of the whole window and of what has
// elapsed of it: a service that is a day old has not yet had 30 days of requests.
func (m *Impact) allow() {
	if !m.Objective.HasTarget() || m.Volume.Window == nil {
		return
	}
	m.AllowedBad = new(Allowed(m.Objective.Target, *m.Volume.Window))
	m.AllowedBadElapsed = new(Allowed(m.Objective.Target, *m.Volume.Elapsed))
}

// spend finds how much of the budget went, and how fast.
func (m *Impact) spend(c counters) {
	if !m.Objective.HasTarget() {
		return
	}
	m.burn()
	if m.Objective.bySlices() {
		m.spendSlices(c)
		return
	}
	if m.AllowedBad != nil {
		m.Consumed = ratio(m.Bad.Value, *m.AllowedBad)
		m.ConsumedElapsed = ratio(m.Bad.Value, *m.AllowedBadElapsed)
	}
}

func (m *Impact) burn() {
	rate := ratio(m.Bad.Value, m.Total.Value)
	if rate == nil {
		return
	}
	m.BurnRate = new(BurnRate(min(1, *rate), m.Objective.Target))
	peak := *m.BurnRate
	for _, v := range breaches(m.Slices, m.Objective.Target, m.SliceLength) {
		peak = max(peak, v.PeakBurnRate)
	}
	m.PeakBurnRate = &peak
}

// spendSlices spends whole slices: a method that counts them does not know of
// a part of one, so the window is widened to their edges.
func (m *Impact) spendSlices(c counters) {
	start := alignDown(m.Start, m.SliceLength)
	end := alignDown(m.End.Add(m.SliceLength-1), m.SliceLength)
	slices := c.slices(start, end, m.SliceLength)
	m.SLI = m.Objective.sliceSLI(slices)
	if m.Objective.Window <= 0 {
		return
	}
	spent := m.Objective.spentSlices(slices)
	allowed := AllowedSlices(m.Objective.Target, m.Objective.window(), m.SliceLength)
	m.Consumed = ratio(spent, allowed)
	m.ConsumedElapsed = ratio(spent, allowed*m.Volume.Share)
}

// remain finds what is left of the budget by the server's own count of the
// window. It counts events, so that a budget of slices is not known from it.
func (m *Impact) remain(b Budget) {
	if m.AllowedBad == nil || *m.AllowedBad <= 0 || b.Bad == nil || m.Objective.bySlices() {
		return
	}
	m.Remaining = new(Remaining(*b.Bad, *m.AllowedBad))
	m.RemainingElapsed = new(Remaining(*b.Bad, *m.AllowedBadElapsed))
	if m.BurnRate != nil && m.Objective.Window > 0 {
		m.Exhaustion = new(Exhaustion(*m.Remaining, *m.BurnRate, m.Objective.window(), b.At))
	}
	if m.Consumed == nil || b.At.Before(m.End) || m.Start.Before(b.At.Add(-m.Objective.window())) {
		return // the server's count is not of a window with the whole incident in it
	}
	m.Reconciliation = &Reconciliation{
		Before:   *m.Remaining + *m.Consumed,
		Consumed: *m.Consumed,
		After:    *m.Remaining,
		OtherBad: *b.Bad - m.Bad.Value,
	}
}
