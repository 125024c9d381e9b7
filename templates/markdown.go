package templates

// Text escapes collected text for running text or a table's cell in Markdown:
// it renders as itself, on one line, and makes no link, mention or markup.
func Text(s string) string { return text(s) }

// Code makes a code span of collected text; in place of one that would break a
// table, escaped text.
func Code(s string) string { return code(s) }

// Link makes a link to a document by its relative path. For any other address
// it gives the title alone.
func Link(title, path string) string { return link(title, path) }
