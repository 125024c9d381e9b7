package output

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/debrief-sre/debrief/report"
)

// JSON writes the report's own form.
func JSON(w io.Writer, r report.Report) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false) // PromQL stays readable
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("encoding report: %w", err)
	}
	return nil
}
