package archivetest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/watch/archive"
)

// RecordUntilKilled is what the child process of Killed does: it records, and
// saves an incident's state, without end, and tells what is confirmed.
func RecordUntilKilled(ctx context.Context, dsn, cluster string, confirmed io.Writer) error {
	a, err := archive.Open(ctx, dsn, archive.Options{Now: (&clock{now: Start}).Now, Batch: 20})
	if err != nil {
		return err
	}
	go a.Run(ctx) //nolint:errcheck // Flush fails as well
	in := incident(archive.TriggerAbort, 0)
	in.Key.Cluster = cluster
	if _, err := a.AddIncident(ctx, in); err != nil {
		return err
	}
	due, err := a.DueIncidents(ctx, cluster, at(1000), 1)
	if err != nil {
		return err
	}
	in = due[0]
	for n := 0; ; {
		for range 37 {
			a.Record(Event(cluster, n))
			n++
		}
		if err := a.Flush(ctx); err != nil {
			return err
		}
		in.Attempts = n
		if err := a.SaveIncident(ctx, &in); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(confirmed, n); err != nil {
			return err
		}
	}
}

// Killed kills processes that record, each some time after it first confirmed
// something, and checks that the archive then has all that was confirmed, and
// nothing twice. start gives the command of a process that calls RecordUntilKilled.
func Killed(t *testing.T, dsn string, after []time.Duration, start func(cluster string) *exec.Cmd) {
	a := open(t, dsn, archive.Options{})
	for i, moment := range after {
		cluster := fmt.Sprintf("cluster-%d", i)
		confirmed := kill(t, start(cluster), moment)
		found := read(t.Context(), t, a, archive.Query{Cluster: cluster})
		for n, o := range found {
			if want := fmt.Sprintf("event-%05d", n); o.UID != want {
				t.Fatalf("killed after %v: %s where %s should be", moment, o.UID, want)
			}
		}
		if len(found) < confirmed {
			t.Fatalf("killed after %v: %d observations, but %d were confirmed", moment, len(found), confirmed)
		}
		due, err := a.DueIncidents(t.Context(), cluster, at(1000), 2)
		if err != nil || len(due) != 1 || due[0].Attempts < confirmed {
			t.Fatalf("killed after %v: %+v, %v, but %d was confirmed", moment, due, err, confirmed)
		}
		record(t, a, Event(cluster, len(found)))
	}
}

// kill runs a process until it was killed, and gives the last number that it wrote.
func kill(t *testing.T, command *exec.Cmd, after time.Duration) (confirmed int) {
	t.Helper()
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, err := fmt.Sscan(lines.Text(), &confirmed); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		if after > 0 {
			time.AfterFunc(after, func() { command.Process.Kill() }) //nolint:errcheck // it is there until Wait
			after = 0
		}
	}
	command.Wait() //nolint:errcheck // it was killed
	if after > 0 {
		t.Fatal("the process ended before it confirmed anything")
	}
	return confirmed
}
