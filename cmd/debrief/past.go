package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/debrief-sre/debrief/past"
	"github.com/debrief-sre/debrief/report"
)

// earlier reads the postmortems that are there already: in the folder of
// --past, else in that of the documents. Files that cannot be read are told of
// and left out. Of a folder that nobody named, files that do not mean to be
// postmortems are left out in silence: it may be a repository's root.
func (f *documentFlags) earlier(env environment) ([]report.Earlier, error) {
	dir, out := f.past, f.out
	switch {
	case dir == "" && out == toStdout:
		return nil, nil
	case dir == "":
		dir = out
	case out == toStdout:
		out = "" // the document will stand beside the others
	}
	found, skipped, err := past.Folder(dir, out)
	if f.past == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, s := range skipped {
		if f.past != "" || !s.Foreign {
			_, _ = fmt.Fprintln(env.Stderr, env.redactText(fmt.Sprintf("left out of the past incidents: %s %s", s.File, s.Reason)))
		}
	}
	return found, nil
}

// validatePast finds a mistyped folder before any work is done.
func (f *documentFlags) validatePast() error {
	if f.past == "" {
		return nil
	}
	if info, err := os.Stat(f.past); err != nil || !info.IsDir() {
		return usage("--past: there is no folder %s", f.past)
	}
	return nil
}
