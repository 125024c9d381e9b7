package archive

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestPlans checks that no page is found by looking at all that there is: only
// what has the objects asked for may be sorted.
func TestPlans(t *testing.T) {
	a, err := Open(t.Context(), filepath.Join(t.TempDir(), "archive.db"), Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // nothing was written
	for name, test := range map[string]struct {
		query   Query
		index   string
		sorting bool
	}{
		"all":       {Query{Cluster: "prod"}, "observations_by_time (observed>? AND observed<?)", false},
		"window":    {Query{Cluster: "prod", From: time.Unix(1, 0), To: time.Unix(2, 0), Namespace: "shop"}, "observations_by_time (observed>? AND observed<?)", false},
		"resources": {Query{Cluster: "prod", Resources: []string{"events"}}, "observations_by_time (observed>? AND observed<?)", false},
		"objects":   {Query{Cluster: "prod", Of: []string{"a", "b"}}, "observations_by_object (of_uid=? AND observed>? AND observed<?)", true},
	} {
		statement, arguments := a.db.selection(test.query, Observation{})
		plan := explain(t, a, statement, arguments)
		if !strings.Contains(plan, test.index) || strings.Contains(plan, "TEMP B-TREE") != test.sorting {
			t.Errorf("%s:\n%s", name, plan)
		}
	}
}

func explain(t *testing.T, a *Archive, statement string, arguments []any) (plan string) {
	t.Helper()
	rows, err := a.db.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+statement, arguments...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // it was only read
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		plan += step + "\n"
	}
	return plan
}
