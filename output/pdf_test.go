package output

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/templates"
)

// browserThat is a program that does what a script says in a browser's place.
func browserThat(t *testing.T, script string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the browser's stand-in is a shell script")
	}
	path := filepath.Join(t.TempDir(), "chromium")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return path
}

// find picks the arguments that matter to a browser.
const find = `for arg; do case "$arg" in
--print-to-pdf=*) target="${arg#*=}" ;;
--user-data-dir=*) profile="${arg#*=}" ;;
file://*) source="${arg#file://}" ;;
esac; done
`

func TestPDF(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	browser := browserThat(t, find+`mkdir "$profile" && { printf '%s' '%PDF-1.4 of '; cat "$source"; } > "$target"`)
	d, _, err := New(templates.Default(), reportOf("checkout"), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	d.Printer = func(w io.Writer, page []byte) error { return Print(t.Context(), browser, w, page) }
	var pdf, page strings.Builder
	if err := PDF(&pdf, d); err != nil {
		t.Fatal(err)
	}
	if err := HTML(&page, d); err != nil {
		t.Fatal(err)
	}
	if pdf.String() != "%PDF-1.4 of "+page.String() {
		t.Errorf("printed %.80q", pdf.String())
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestPDFFails(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	if err := PDF(&strings.Builder{}, Document{Report: reportOf("checkout")}); err == nil || !strings.Contains(err.Error(), "no browser") {
		t.Errorf("got %v", err)
	}
	tests := []struct{ name, script, want string }{
		{"fails", "echo first >&2; echo last >&2; exit 3", "exit status 3: last"},
		{"writes nothing", "echo warning >&2", "printed nothing: warning; one that is installed as a snap"},
		{"writes something else", find + `echo oh > "$target"`, "printed nothing; "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			err := Print(t.Context(), browserThat(t, tt.script), &out, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) || out.Len() > 0 {
				t.Errorf("got %q and %v, want %s", out.String(), err, tt.want)
			}
		})
	}
}

// TestPDFStops: an interrupt ends the browser and is what is reported.
func TestPDFStops(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	browser := browserThat(t, "exec sleep 600")
	cancel(stopped)
	if err := Print(ctx, browser, &strings.Builder{}, nil); !errors.Is(err, stopped) {
		t.Errorf("got %v", err)
	}
}

func TestFindBrowser(t *testing.T) {
	named := browserThat(t, "")
	if got, err := FindBrowser(named); err != nil || got != named {
		t.Errorf("got %q, %v", got, err)
	}
	t.Setenv("PATH", filepath.Dir(named))
	if got, err := FindBrowser(""); err != nil || got != named {
		t.Errorf("got %q, %v", got, err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := FindBrowser(""); err == nil || !strings.Contains(err.Error(), "chromium, chromium-browser, google-chrome") {
		t.Errorf("got %v", err)
	}
	if _, err := FindBrowser("/nowhere"); err == nil || !strings.Contains(err.Error(), "$DEBRIEF_CHROMIUM") {
		t.Errorf("got %v", err)
	}
}
