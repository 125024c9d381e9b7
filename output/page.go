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

// Write writes the page.
func (p Page) Write(w io.Writer) error {
	return writePage(w, p.Title, pageStyle+picture.CSS+string(p.Style), p.Contents, string(p.Body))
}

// writePage writes a page whose policy admits the style that it has, and nothing
// else. The style and the body are markup: nothing in them is escaped.
func writePage(w io.Writer, title, style string, contents []Chapter, body string) error {
	sum := sha256.Sum256([]byte(style))
	err := page.Execute(w, map[string]any{
		"Title":     title,
		"Style":     template.CSS(style), //nolint:gosec // our own files, and values that [plainValue] accepts
		"StyleHash": base64.StdEncoding.EncodeToString(sum[:]),
		"Contents":  contents,
		"Body":      template.HTML(body), //nolint:gosec // goldmark escapes all text and raw HTML is left out
	})
	if err != nil {
		return fmt.Errorf("writing page: %w", err)
	}
	return nil
}
