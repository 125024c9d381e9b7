// Package product builds debrief, and runs its watch as a process that may be
// killed and run again.
package product

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Build builds debrief into a folder, unless DEBRIEF_BIN names a binary.
func Build(ctx context.Context, dir string) (program string, err error) {
	if program := os.Getenv("DEBRIEF_BIN"); program != "" {
		return filepath.Abs(program)
	}
	program = filepath.Join(dir, "debrief")
	return program, Compile(ctx, program)
}

// Compile builds this clone's debrief with further flags of go build.
func Compile(ctx context.Context, program string, flags ...string) error {
	root, err := Root()
	if err != nil {
		return err
	}
	args := append([]string{"-C", root, "build", "-o", program}, flags...)
	if out, err := exec.CommandContext(ctx, "go", append(args, "./cmd/debrief")...).CombinedOutput(); err != nil {
		return fmt.Errorf("building debrief: %w\n%s", err, out)
	}
	return nil
}

// Root is the folder of the product's module.
func Root() (string, error) {
	_, self, _, ok := runtime.Caller(0)
	if !ok {
		return "", errors.New("finding the product: no caller information in this binary")
	}
	return filepath.Dir(filepath.Dir(filepath.Dir(self))), nil
}
