package browser

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/debrief-sre/debrief/e2e/product"
)

// Debrief is the built program.
type Debrief struct{ path string }

// BuildDebrief builds the product in dir, unless DEBRIEF_BIN names a binary.
func BuildDebrief(ctx context.Context, dir string) (Debrief, error) {
	path, err := product.Build(ctx, dir)
	return Debrief{path}, err
}

// gaps is the exit code of a run that did its work on evidence with gaps.
const gaps = 3

// Run runs a command of debrief and returns what it said on both channels.
func (d Debrief) Run(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, d.path, args...)
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	err := command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == gaps {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("debrief %s: %w\n%s", strings.Join(args, " "), err, said.String())
	}
	return said.String(), err
}

// Templates are the names of the built-in templates, as the program lists them.
func (d Debrief) Templates(ctx context.Context) ([]string, error) {
	list, err := d.Run(ctx, "templates", "list")
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(list) {
		// Lines of another form than "name  what it is" explain.
		if name, doc, found := strings.Cut(strings.TrimSpace(line), "  "); found && doc != "" && !strings.Contains(name, " ") {
			names = append(names, name)
		}
	}
	return names, nil
}

// Documents are the files of one rendering.
type Documents struct {
	Said                 string // by debrief, while it wrote them
	Markdown, HTML, JSON string // paths
	Pictures             []string
}

// Write has debrief write documents into the folder dir, which must be new.
func (d Debrief) Write(ctx context.Context, dir string, args ...string) (Documents, error) {
	var docs Documents
	var err error
	if docs.Said, err = d.Run(ctx, append(args, "--format", "md,html,json", "--out", dir)...); err != nil {
		return docs, err
	}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch filepath.Ext(path) {
		case ".md":
			docs.Markdown = path
		case ".html":
			docs.HTML = path
		case ".json":
			docs.JSON = path
		case ".svg":
			docs.Pictures = append(docs.Pictures, path)
		}
		return err
	})
	if err == nil && (docs.Markdown == "" || docs.HTML == "" || docs.JSON == "") {
		err = fmt.Errorf("debrief %s: not all documents are there", strings.Join(args, " "))
	}
	return docs, err
}
