package output

import (
	"fmt"
	"time"

	"github.com/debrief-sre/debrief/past"
	"github.com/debrief-sre/debrief/report"
)

// sameAbort is how far apart two accounts of one abort may date it.
const sameAbort = 10 * time.Second

// Another tells whether an existing document is another incident's than the
// report's: both have the same name when a revision was aborted, retried and
// aborted again on one day.
func Another(existing []byte, r report.Report) bool {
	front, err := past.ReadFront(existing)
	if err != nil || r.Abort == nil || front.Aborted == "" {
		return false
	}
	at, err := time.Parse(time.RFC3339, front.Aborted)
	return err == nil && at.Sub(r.Abort.Time).Abs() > sameAbort
}

// Numbered is a name for the nth incident that could have it.
func Numbered(name string, n int) string {
	if n < 2 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, n)
}
