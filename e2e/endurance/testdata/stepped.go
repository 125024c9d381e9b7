package main

import (
	"os"
	"strconv"
	"time"
	"unsafe"
)

// stepped is a machine's clock that somebody sets: it is ahead by the seconds in
// a file. What the clock counts beside the time of day, to measure spans, stays
// as it is then, which no function of package time does.
func stepped(clock func() time.Time) func() time.Time {
	file := os.Getenv("DEBRIEF_CLOCK")
	return func() time.Time {
		text, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		seconds, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			panic(err)
		}
		now := clock()
		set := now
		*(*int64)(unsafe.Pointer(&set)) += seconds << 30 // above the nanoseconds
		if set.Sub(now) != 0 || !set.Round(0).Equal(now.Round(0).Add(time.Duration(seconds)*time.Second)) {
			panic("package time does not keep a time as it did")
		}
		return set
	}
}
