// Package timeline turns what the sources tell into one ordered story of an
// incident: it merges accounts of the same happening, orders them as far as
// their clocks and precision allow, picks the key moments and measures the
// response. It knows no source and no clock: the same events give the same
// story.
package timeline
