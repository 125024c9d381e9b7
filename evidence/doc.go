// Package evidence keeps what the sources answered about an incident in one
// sealed file, the bundle, from which everything else is derived offline.
//
// A bundle is a zip archive holding manifest.json and the sources' raw answers
// as JSON and JSON Lines. Its bytes depend on its contents alone: entries are
// sorted and carry a fixed time. A bundle appears under its name only when it
// is complete, and is read only after every entry's hash has been verified.
package evidence
