package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed page.js
var pageProgram string

//go:embed report.js
var reportProgram string

// Chromium is a running Debian Chromium without a window. Cancelling the
// context that it was started with ends it.
type Chromium struct{ ctx context.Context }

// StartChromium starts it on a new profile in dir. It has no network but this
// machine: every other name is not found.
func StartChromium(ctx context.Context, dir string) (*Chromium, context.CancelFunc, error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, nil, fmt.Errorf("starting Chromium: %w; apt-get install chromium", err)
	}
	ctx, cancel := chromedp.NewExecAllocator(ctx,
		chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.NoFirstRun, chromedp.NoSandbox, chromedp.Headless, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)
	ctx, stop := chromedp.NewContext(ctx)
	if err := chromedp.Do(ctx); err != nil {
		stop()
		cancel()
		return nil, nil, fmt.Errorf("starting Chromium: %w", err)
	}
	return &Chromium{ctx}, func() {
		_ = chromedp.Cancel(ctx) // closes it and waits until it has ended
		cancel()
	}, nil
}

// Tab is one tab, in which documents are opened one after the other. All that
// it does besides is noted.
type Tab struct {
	ctx context.Context

	mu       sync.Mutex
	noted    []string
	requests map[network.RequestID]string
}

// Tab opens a tab. With bypass it ignores the pages' content security policy,
// so that escaping alone must hold.
func (c *Chromium) Tab(bypass bool) (*Tab, context.CancelFunc, error) {
	ctx, cancel := chromedp.NewContext(c.ctx)
	t := &Tab{ctx: ctx}
	t.forget()
	err := errors.Join(
		chromedp.Listen(ctx, t.note),
		command(ctx, network.Enable, network.EnableParams{}),
		command(ctx, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: bypass}),
		command(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: reportProgram}),
	)
	if err != nil {
		cancel()
		return nil, nil, fmt.Errorf("opening a tab: %w", err)
	}
	return t, cancel, nil
}

// command runs a command of the DevTools protocol whose result does not matter.
func command[P, R any](ctx context.Context, c cdp.Command[P, R], params P) error {
	_, err := chromedp.Call(ctx, c, params)
	return err
}

// note keeps the events that no document of ours may cause: requests of other
// addresses than its own, dialogs, new windows, exceptions, console messages.
// A request that the page's policy keeps from being sent is none.
func (t *Tab) note(event any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !own(e) {
			t.requests[e.RequestID] = "request " + e.Request.URL
		}
	case *network.EventLoadingFailed:
		if e.BlockedReason == network.BlockedReasonCsp {
			delete(t.requests, e.RequestID)
		}
	case *page.EventJavascriptDialogOpening:
		t.noted = append(t.noted, "dialog "+e.Message)
	case *page.EventWindowOpen:
		t.noted = append(t.noted, "window "+e.URL)
	case *runtime.EventExceptionThrown:
		t.noted = append(t.noted, "exception "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		t.noted = append(t.noted, "console."+string(e.Type))
	}
}

// own tells whether a request is for the document itself, or for what lies in it.
func own(e *network.EventRequestWillBeSent) bool {
	document := e.Type == network.ResourceTypeDocument
	switch scheme, _, _ := strings.Cut(e.Request.URL, ":"); scheme {
	case "file":
		return document
	case "data":
		return !document
	default:
		return false
	}
}

// forget empties the notes.
func (t *Tab) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.noted, t.requests = nil, map[network.RequestID]string{}
}

// notes are what was noted since they were emptied.
func (t *Tab) notes() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Concat(t.noted, slices.Sorted(maps.Values(t.requests)))
}

// View is how a page is looked at.
type View struct {
	Width int
	Dark  bool
}

func (v View) String() string {
	if v.Dark {
		return fmt.Sprintf("%d px, dark", v.Width)
	}
	return fmt.Sprintf("%d px, light", v.Width)
}

// Look sets how the next pages are looked at.
func (t *Tab) Look(v View) error {
	scheme := "light"
	if v.Dark {
		scheme = "dark"
	}
	return errors.Join(
		command(t.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: int64(v.Width), Height: 900, DeviceScaleFactor: 1}),
		command(t.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		}),
	)
}

// Page is what was found in a page.
type Page struct {
	Title     string   `json:"title"`
	Outline   []string `json:"outline"`   // the elements in order, indented by depth
	Addresses []string `json:"addresses"` // attributes that hold one, such as "a href=#x"
	Handlers  []string `json:"handlers"`  // attributes that hold a program
	Anchors   []string `json:"anchors"`   // links into the page that lead nowhere
	Overflow  []string `json:"overflow"`  // what is wider than the view
	Executed  []string `json:"executed"`  // functions that were called which no page of ours calls
	Noted     []string `json:"-"`         // requests, dialogs, windows, exceptions, console messages
}

// Open opens a file and says what is in it.
func (t *Tab) Open(path string) (Page, error) {
	t.forget()
	var p Page
	path, err := filepath.Abs(path)
	if err != nil {
		return p, err
	}
	if err := chromedp.Do(t.ctx, chromedp.Navigate("file://"+path)); err != nil {
		return p, fmt.Errorf("opening %s: %w", path, err)
	}
	if p, err = chromedp.Run(t.ctx, chromedp.Evaluate[Page](pageProgram)); err != nil {
		return p, fmt.Errorf("reading %s: %w", path, err)
	}
	p.Noted = t.notes()
	return p, nil
}

// Load evaluates a program from a file in the open page.
func (t *Tab) Load(path string) error {
	program, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("loading a program: %w", err)
	}
	return chromedp.Do(t.ctx, chromedp.Evaluate[chromedp.Void](string(program)))
}

// Call calls a function, given as source, in the tab's page, and waits for its
// promise.
func Call[T any](t *Tab, function string, args ...any) (T, error) {
	list := make([]string, len(args))
	for i, arg := range args {
		data, err := json.Marshal(arg)
		if err != nil {
			var none T
			return none, fmt.Errorf("calling the page: %w", err)
		}
		list[i] = string(data)
	}
	call := fmt.Sprintf("(%s)(%s)", function, strings.Join(list, ", "))
	return chromedp.Run(t.ctx, chromedp.Evaluate[T](call, chromedp.EvalAwaitPromise))
}
