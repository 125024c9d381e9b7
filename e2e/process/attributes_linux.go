package process

import "syscall"

// childAttributes give a server its own process group, and have the kernel end
// it when its parent dies without the chance to do so.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
