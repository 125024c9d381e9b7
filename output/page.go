package output

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"github.com/debrief-sre/debrief/output/picture"
)

// Page is a self-contained page in the design of the documents: no script,
// nothing fetched, light and dark, and fit for print.
type Page struct {
	Title    string
	Style    template.CSS // rules beyond those that all pages have
	Contents []Chapter
	Body     template.HTML
}

// Chapter is an entry of a page's table of contents.
type Chapter struct{ ID, Title string }

// Write writes the page. Its policy admits the style that it has, and nothing else.
func (p Page) Write(w io.Writer) error {
	style := template.CSS(pageStyle+picture.CSS) + p.Style //nolint:gosec // our own files
	sum := sha256.Sum256([]byte(style))
	err := page.Execute(w, map[string]any{
		"Title": p.Title, "Style": style, "StyleHash": base64.StdEncoding.EncodeToString(sum[:]),
		"Contents": p.Contents, "Body": p.Body,
	})
	if err != nil {
		return fmt.Errorf("writing page: %w", err)
	}
	return nil
}
