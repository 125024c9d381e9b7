//go:build unix && !linux

package process

import "syscall"

// childAttributes give a server its own process group. Only Linux can tie its
// life to its parent's as well.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
