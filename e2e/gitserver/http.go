package gitserver

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
)

// An HTTP serves the repositories of a folder by git http-backend to one user.
type HTTP struct {
	User, Password string

	root   string
	server *httptest.Server
}

// StartHTTP serves the repositories below a folder on loopback. Close ends it.
func StartHTTP(root string) (*HTTP, error) {
	path, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("starting git http-backend: %w", err)
	}
	h := &HTTP{User: "publisher", Password: "a password", root: root}
	backend := &cgi.Handler{
		Path: path,
		Args: []string{"http-backend"},
		Env: append(environment(),
			"GIT_PROJECT_ROOT="+root,
			"GIT_HTTP_EXPORT_ALL=1",
			"REMOTE_USER="+h.User,
		),
	}
	h.server = httptest.NewServer(h.guard(backend))
	return h, nil
}

// guard lets only the user in, with the password.
func (h *HTTP) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		if subtle.ConstantTimeCompare([]byte(password), []byte(h.Password)) != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// URL is where a repository of the folder is served.
func (h *HTTP) URL(r *Repository) (string, error) {
	path, err := filepath.Rel(h.root, r.Dir)
	if err != nil {
		return "", fmt.Errorf("serving a repository: %w", err)
	}
	return h.server.URL + "/" + filepath.ToSlash(path), nil
}

// URLWithPassword is the same with the user's name and password in it, for git.
func (h *HTTP) URLWithPassword(r *Repository) (string, error) {
	plain, err := h.URL(r)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(plain)
	if err != nil {
		return "", err
	}
	u.User = url.UserPassword(h.User, h.Password)
	return u.String(), nil
}

// Close ends the server.
func (h *HTTP) Close() { h.server.Close() }
