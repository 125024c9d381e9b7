package watch

import "time"

const (
	// listsOutlive is the length of an interruption that is certainly survived by
	// events, which an API server keeps for an hour unless it is told less, and
	// by AnalysisRuns, which their Rollout keeps for some updates.
	listsOutlive = 10 * time.Minute
	// The pieces in which a refusal is told, which may last for days.
	firstPiece, lastPiece = time.Minute, 10 * time.Minute
)

// coverage tells of one feed what the archive may lack. A watch that is resumed
// misses nothing. A list shows what there is: states that came and went before
// it are missing, and events that expired.
type coverage struct {
	events bool
	gap    func(from, to time.Time, reason string)

	current time.Time // up to then everything was delivered
	reason  string    // why not since; "" if nothing is wrong
	piece   time.Duration
}

// reach notes that everything up to a time was delivered.
func (c *coverage) reach(at time.Time) {
	if at.After(c.current) {
		c.current = at
	}
}

// lose notes why nothing is delivered from now on.
func (c *coverage) lose(reason string) { c.reason = reason }

// refuse notes that the resource may not be read, or is not there. That is told
// at once and in pieces, not at an end that may never come.
func (c *coverage) refuse(now time.Time, reason string) {
	if c.piece == 0 || now.Sub(c.current) >= c.piece {
		c.gap(c.current, now, reason)
		c.current, c.piece = now, min(max(2*c.piece, firstPiece), lastPiece)
	}
}

// complete notes that a list has delivered everything there is, and whether
// anything of it was new.
func (c *coverage) complete(now time.Time, changed bool) {
	missed := now.Sub(c.current) > listsOutlive || changed && !c.events
	if missed && c.reason != "" && now.After(c.current) {
		c.gap(c.current, now, c.reason)
	}
	c.current, c.reason, c.piece = now, "", 0
}

// startingFrom is the coverage of a feed that starts now, where the archive's
// last observation is of a time before, or there is none.
func (c coverage) startingFrom(last, now time.Time) coverage {
	c.current = now
	if !last.IsZero() && now.After(last) {
		c.current, c.reason = last, "nothing was recorded between: nothing happened, or no watcher ran"
	}
	return c
}
