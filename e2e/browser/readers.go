package browser

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

//go:embed read.mjs
var readProgram []byte

// Markdown is what a second implementation of GitHub Flavored Markdown, remark,
// finds in a document.
type Markdown struct {
	Outline     []string       // the blocks in order, indented by depth
	Headings    []string       // such as "2 Impact"
	Tables      []Table        //
	Links       []string       // links, images, definitions, footnotes and references to them, such as "image x.png"
	HTML        []string       // raw HTML, comments too
	Code        []Code         // fenced and indented blocks
	Mentions    []string       // what GitHub would link: @people and #issues
	FrontMatter map[string]any // read by a third library of YAML
	Error       string
}

// Table is a table's head and the number of columns of each row, head included.
type Table struct {
	Head    []string
	Columns []int
}

// Code is a block of code.
type Code struct{ Lang, Text string }

// Readers is a running node program with the readers that npm has.
type Readers struct {
	mu      sync.Mutex
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

// StartReaders starts the program on the packages in the folder modules. Dir
// is a folder of its own. Close ends it.
func StartReaders(ctx context.Context, modules, dir string) (*Readers, error) {
	program := filepath.Join(dir, "read.mjs")
	if err := os.WriteFile(program, readProgram, 0o600); err != nil {
		return nil, fmt.Errorf("starting the readers: %w", err)
	}
	// Imports are looked for beside the program.
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		return nil, fmt.Errorf("starting the readers: %w", err)
	}
	r := &Readers{command: exec.CommandContext(ctx, "node", program)}
	r.command.Stderr = os.Stderr
	var err error
	if r.in, err = r.command.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting the readers: %w", err)
	}
	out, err := r.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the readers: %w", err)
	}
	r.out = bufio.NewReader(out)
	if err := r.command.Start(); err != nil {
		return nil, fmt.Errorf("starting the readers: %w", err)
	}
	return r, nil
}

// Close ends the program.
func (r *Readers) Close() error { return errors.Join(r.in.Close(), r.command.Wait()) }

// Markdown reads a Markdown document.
func (r *Readers) Markdown(text string) (Markdown, error) {
	var found Markdown
	if err := r.ask(map[string]string{"markdown": text}, &found); err != nil {
		return found, err
	}
	if found.Error != "" {
		return found, fmt.Errorf("remark cannot read it: %s", found.Error)
	}
	return found, nil
}

// HTML gives what html-validate has to say about a page.
func (r *Readers) HTML(text string) ([]string, error) {
	var found struct {
		Findings []string
		Error    string
	}
	if err := r.ask(map[string]string{"html": text}, &found); err != nil {
		return nil, err
	}
	if found.Error != "" {
		return nil, fmt.Errorf("html-validate cannot read it: %s", found.Error)
	}
	return found.Findings, nil
}

// ask sends one request and reads its answer.
func (r *Readers) ask(request, answer any) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := json.NewEncoder(r.in).Encode(request); err != nil {
		return fmt.Errorf("asking the readers: %w", err)
	}
	line, err := r.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the readers' answer: %w", err)
	}
	if err := json.Unmarshal(line, answer); err != nil {
		return fmt.Errorf("the readers' answer: %w", err)
	}
	return nil
}
