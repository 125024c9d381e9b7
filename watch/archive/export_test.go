package archive

import (
	"fmt"
	"testing"
)

// LimitPages limits the size of an archive's SQLite file; beyond it, writing
// fails as if the disk were full.
func LimitPages(t *testing.T, a *Archive, pages int) {
	t.Helper()
	if _, err := a.db.write.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
		t.Fatal(err)
	}
}
