package slo

import "time"

// VolumeSource says how the events of an objective's window were found.
type VolumeSource string

// The sources.
const (
	VolumeMeasured             VolumeSource = "measured"
	VolumeProjectedFromPart    VolumeSource = "projected from the part of the window that the server holds"
	VolumeProjectedFromSamples VolumeSource = "projected from the collected samples"
	VolumeUnknown              VolumeSource = "unknown"
)

// Volume is how many valid events an objective's whole window holds: the N
// that its budget is a share of.
type Volume struct {
	Window  *float64 // events of the whole window; nil when unknown
	Elapsed *float64 // events really counted, in Share of it; nil when unknown
	Share   float64  // share of the window that was counted, 0 to 1
	From    VolumeSource
}

// wholeWindow is the coverage from which a window counts as measured: a
// server's few scrapes missed in 30 days are no reason to project.
const wholeWindow = 0.95

// volume finds the events of the objective's window: as the server counted
// them, else in proportion to the part that it holds, else to that of which
// samples were collected.
func volume(d Data, c counters) Volume {
	window := d.Objective.window()
	if d.Budget.Total != nil && *d.Budget.Total > 0 {
		if share := d.Budget.share(window); share > 0 {
			return projected(*d.Budget.Total, share, VolumeProjectedFromPart)
		}
	}
	if window > 0 && !c.until.IsZero() {
		// The earliest sample of the total is an origin, which counts nothing.
		first := firstSample(c.total, time.Time{})
		end := c.until.Add(1)
		share := float64(c.until.Sub(first)) / float64(window)
		if total := sum(c.total, first, end, c.horizon).Value; total > 0 && share > 0 {
			return projected(total, min(1, share), VolumeProjectedFromSamples)
		}
	}
	return Volume{From: VolumeUnknown}
}

func projected(events, share float64, from VolumeSource) Volume {
	if share >= wholeWindow {
		return Volume{Window: &events, Elapsed: &events, Share: share, From: VolumeMeasured}
	}
	return Volume{Window: new(events / share), Elapsed: &events, Share: share, From: from}
}

// share is the share of the window that the server's count is of.
func (b Budget) share(window time.Duration) float64 {
	share := b.Coverage
	// Coverage is measured in coarse steps, so a server that began only lately
	// seems to hold more than it does: its oldest data is the stricter bound.
	if window > 0 && !b.Oldest.IsZero() {
		span := float64(b.At.Sub(b.Oldest)) / float64(window)
		if share == 0 || span < share {
			share = span
		}
	}
	return max(0, min(1, share))
}
