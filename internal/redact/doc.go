// Package redact takes secrets out of what enters a bundle, a document or a log.
//
// It knows the rules of gitleaks (the library's own, compiled from the default
// configuration it ships) and adds what Kubernetes, HTTP and URLs carry: Secrets'
// data, service account tokens, registry credentials, Authorization headers,
// user:password@host, signed query strings, and fields named like a password.
//
// A secret is replaced by "[redacted:rule-id]" and counted by that rule. The
// package guarantees that
//
//   - redacting twice changes nothing more: every text is searched until no
//     rule finds anything but markers;
//   - what holds no secret comes back byte for byte, JSON included: only the
//     string literals that hold secrets are rewritten, so order, number
//     formatting, escapes and white space stay;
//   - nothing is logged, and no secret is kept after a call has returned, but
//     those that New was given;
//   - when in doubt a text is redacted as a whole rather than let through.
//
// Ordinary identifiers are no secrets: hashes, image digests, UIDs, resource
// versions, names of objects with their random suffixes, PromQL, timestamps.
//
// Of gitleaks only the config package is linked. Its detect package would bring
// archive readers and a terminal styling library into the binary, and reports
// lines and columns where a redactor needs offsets; the tests hold this package
// against it rule by rule.
package redact
