package output

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Printer makes a PDF of a page.
type Printer func(w io.Writer, page []byte) error

// PDF writes the page as the document's printer prints it. Other versions of a
// browser, its fonts and the clock all change the bytes.
func PDF(w io.Writer, d Document) error {
	if d.Printer == nil {
		return errors.New("there is no browser to print the PDF with")
	}
	var page bytes.Buffer
	if err := HTML(&page, d); err != nil {
		return err
	}
	return d.Printer(w, page.Bytes())
}

// browsers are Chromium's names, as distributions install it.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// FindBrowser gives the path of the browser to print with: the named one, or
// else one in $PATH.
func FindBrowser(named string) (string, error) {
	if named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("$DEBRIEF_CHROMIUM: %w", err)
		}
		return path, nil
	}
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("a PDF takes an installed Chromium, and $PATH has none of %s: install one or name it in $DEBRIEF_CHROMIUM; "+
		"or print the page of --format html with any browser", strings.Join(browsers, ", "))
}

// printTime is what a page may take. A browser needs seconds.
const printTime = time.Minute

// Print is a [Printer] that runs Chromium, without a window and with a profile
// of its own that is removed afterwards. The page fetches nothing, and the
// browser is told not to either.
func Print(ctx context.Context, browser string, w io.Writer, page []byte) error {
	dir, err := os.MkdirTemp("", "debrief-pdf-")
	if err != nil {
		return fmt.Errorf("creating a temporary folder: %w", err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the system clears its temporary files
	source, target := filepath.Join(dir, "page.html"), filepath.Join(dir, "page.pdf")
	if err := os.WriteFile(source, page, 0o600); err != nil {
		return fmt.Errorf("writing the page to print: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, printTime, fmt.Errorf("it took longer than %s", printTime))
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, printArguments(dir, source, target)...) //nolint:gosec // the user's browser
	var said bytes.Buffer
	cmd.Stderr, cmd.WaitDelay = &said, 5*time.Second
	if err := cmd.Run(); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return fmt.Errorf("printing with %s: %w%s", browser, err, lastLine(said.String()))
	}
	pdf, err := os.ReadFile(target)
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		return fmt.Errorf("%s printed nothing%s; one that is installed as a snap cannot use %s: set $TMPDIR to a folder in your home", browser, lastLine(said.String()), dir)
	}
	_, err = w.Write(pdf)
	return err
}

func printArguments(dir, source, target string) []string {
	args := []string{
		"--headless", "--user-data-dir=" + filepath.Join(dir, "profile"), "--no-first-run", "--no-default-browser-check",
		"--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-extensions", "--disable-sync",
		"--disable-breakpad", "--disable-gpu", "--disable-dev-shm-usage", "--metrics-recording-only", "--password-store=basic", "--use-mock-keychain",
		"--host-resolver-rules=MAP * ~NOTFOUND",
		"--no-pdf-header-footer", "--print-to-pdf=" + target,
	}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox") // Chromium's sandbox does not work for root
	}
	return append(args, (&url.URL{Scheme: "file", Path: filepath.ToSlash(source)}).String())
}

// lastLine is what a program said at last, for an error.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return ": " + last
	}
	return ""
}
