package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// The name of a lab's folder tells whose it is: debrief-lab-PID-RANDOM.
const dirPrefix = "debrief-lab-"

// privateDir makes a lab's folder inside parent, and removes those whose lab
// was killed before it could do so itself.
func privateDir(parent string) (string, error) {
	if parent == "" {
		parent = os.TempDir()
	}
	if err := removeOrphans(parent); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(parent, fmt.Sprintf("%s%d-", dirPrefix, os.Getpid()))
	if err != nil {
		return "", fmt.Errorf("making the lab's folder: %w", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "logs"), 0o700); err != nil {
		return "", fmt.Errorf("making the folder for logs: %w", err)
	}
	return filepath.Abs(dir)
}

// removeOrphans removes the folders of labs whose process is no more.
func removeOrphans(parent string) error {
	dirs, err := filepath.Glob(filepath.Join(parent, dirPrefix+"*"))
	if err != nil {
		return fmt.Errorf("looking for folders of dead labs: %w", err)
	}
	for _, dir := range dirs {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), dirPrefix), "-")
		pid, err := strconv.Atoi(owner)
		if err != nil || alive(pid) {
			continue
		}
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("removing the folder of a dead lab: %w", err)
		}
	}
	return nil
}

// alive tells whether a process exists, whoever owns it.
func alive(pid int) bool {
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
