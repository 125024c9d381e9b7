package output

import (
	"encoding/json"
	"fmt"
	"io"
)

// JSON writes the report's own form.
func JSON(w io.Writer, d Document) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false) // PromQL stays readable
	if err := enc.Encode(d.Report); err != nil {
		return fmt.Errorf("encoding report: %w", err)
	}
	return nil
}
