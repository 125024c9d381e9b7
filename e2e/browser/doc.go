// Package browser reads debrief's documents with other eyes than debrief's own:
// Debian's Chromium, axe-core, html-validate, Mermaid and remark, the second
// implementation of GitHub Flavored Markdown. Its tests render the
// demonstration with every built-in template, first as it is and then with
// hostile text in every field, and compare what those readers find.
package browser
