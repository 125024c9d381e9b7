package forge

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestRace: of requests that Gitea opened at once for one branch, the first
// stays, and only who opened it hears that it is open.
func TestRace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDouble("gitea")
		d.races = true
		f := d.forge(t)
		const publishers = 8
		results := make([]error, publishers)
		var all sync.WaitGroup
		for i := range results {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Millisecond)
				_, _, results[i] = f.Open(t.Context(), desired())
			})
		}
		all.Wait()
		opened := 0
		for i, err := range results {
			switch {
			case err == nil:
				opened++
			case !errors.Is(err, ErrExists):
				t.Errorf("publisher %d: %v", i, err)
			}
		}
		rs, err := f.Requests(t.Context(), head)
		if err != nil {
			t.Fatal(err)
		}
		if opened != 1 || len(rs) != 1 || rs[0].Number != 1 || rs[0].State != Open {
			t.Errorf("%d opened one; there are %+v", opened, rs)
		}
	})
}

// TestRaceIsOfOneBase: a request for another base is no rival.
func TestRaceIsOfOneBase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDouble("gitea")
		d.add(&change{base: "release"})
		if r, _, err := d.forge(t).Open(t.Context(), desired()); err != nil || r.Number != 2 {
			t.Errorf("opened %+v, %v", r, err)
		}
	})
}

// TestEditedAtOnce: Gitea refuses one of two descriptions that come at once.
func TestEditedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDouble("gitea")
		d.add(&change{body: "old"})
		refused := fault{method: "PATCH", status: 400, body: `{"message": "the issue is already changed [id: 1]"}`}
		d.faults = []fault{refused, refused}
		if err := d.forge(t).SetBody(t.Context(), 1, "new"); err != nil || d.changes[0].body != "new" {
			t.Errorf("body %q, %v", d.changes[0].body, err)
		}
		for range attempts {
			d.faults = append(d.faults, refused)
		}
		if err := d.forge(t).SetBody(t.Context(), 1, "newer"); !errors.Is(err, ErrInvalid) {
			t.Errorf("no end of trying: %v", err)
		}
	})
}
