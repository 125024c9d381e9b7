package repository

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Why a remote was of no use. The text of an error has the server's own words.
var (
	// ErrCredentials means that the server does not know us by what it was shown.
	ErrCredentials = errors.New("wrong or missing git credentials")
	// ErrHostKey means that an ssh server is not, or not provably, the known one.
	ErrHostKey = errors.New("the ssh server's host key is not among the known ones")
	// ErrNotFound means that there is no such repository, or none for us.
	ErrNotFound = errors.New("no such git repository, or no permission to see it")
	// ErrNoBranch means that a branch to start from is missing.
	ErrNoBranch = errors.New("no such branch")
	// ErrPermission means that we may read and not push.
	ErrPermission = errors.New("no permission to push")
	// ErrReadOnly means that nobody may push: the repository is archived.
	ErrReadOnly = errors.New("the git repository is archived or read-only")
	// ErrRefused means that the server took the commit and refused it: the
	// branch is protected, or a hook did not like it.
	ErrRefused = errors.New("the git server refused the push")
	// ErrConflict means that others pushed to the branch each time we tried.
	ErrConflict = errors.New("the branch moved each time")
	// ErrInTheWay means that a file is where a folder is needed, or the reverse.
	ErrInTheWay = errors.New("something else is in the way")
	// ErrUnreachable means that the server did not answer, or not sensibly.
	ErrUnreachable = errors.New("the git server cannot be reached")
)

// statusError is an HTTP answer that is none.
type statusError struct {
	code  int
	words string
	after time.Duration // to wait before asking again, if the server said
}

func (e *statusError) Error() string {
	text := fmt.Sprintf("HTTP %d %s", e.code, http.StatusText(e.code))
	if e.words != "" {
		text += ": " + e.words
	}
	return text
}

func retryAfter(err error) time.Duration {
	if status, ok := errors.AsType[*statusError](err); ok {
		return min(status.after, time.Minute)
	}
	return 0
}

// remoteError is what a remote did not do, in a text fit for people: without
// secrets, control characters and the server's pages.
type remoteError struct {
	text    string
	meaning error // of the list above, if it is one of them
	again   bool  // it may work the next time
	cause   error
}

func (e *remoteError) Error() string { return e.text }

func (e *remoteError) Unwrap() []error {
	if e.meaning == nil {
		return []error{e.cause}
	}
	return []error{e.meaning, e.cause}
}

// mayPass says whether the same may work a little later.
func mayPass(err error) bool {
	e, ok := errors.AsType[*remoteError](err)
	return ok && e.again
}

// settled is an error that has been given its chances.
func settled(err error) error {
	if e, ok := errors.AsType[*remoteError](err); ok {
		final := *e
		final.again = false
		return &final
	}
	return err
}

// explain says what an error means. One that is explained stays as it is.
func (r *remote) explain(ctx context.Context, err error) error {
	if explained, ok := errors.AsType[*remoteError](err); ok {
		return explained
	}
	// These two of go-git's hide what they wrap.
	if hidden, ok := errors.AsType[*plumbing.UnexpectedError](err); ok {
		err = hidden.Err
	}
	if hidden, ok := errors.AsType[*plumbing.PermanentError](err); ok {
		err = hidden.Err
	}
	e := &remoteError{cause: err}
	detail := ""
	if ctx.Err() != nil {
		e.cause = context.Cause(ctx)
		detail = e.cause.Error()
	} else {
		e.meaning, e.again = meaning(err)
		detail = r.clean(bare(err))
	}
	e.text = r.String() + ": " + detail
	if e.meaning != nil {
		e.text = fmt.Sprintf("%s: %v (%s)", r, e.meaning, detail)
	}
	return e
}

// bare is an error's text without what go-git and net/http put before it.
func bare(err error) string {
	if status, ok := errors.AsType[*statusError](err); ok {
		return status.Error()
	}
	if request, ok := errors.AsType[*url.Error](err); ok {
		return request.Err.Error()
	}
	return strings.TrimPrefix(err.Error(), "unknown error: ")
}

// refused is the error of a push that the server took and did not like.
func (r *remote) refused(branch, why string) error {
	e := &remoteError{meaning: ErrRefused, cause: errors.New("push refused"), again: locked.MatchString(why)}
	if readOnly.MatchString(why) {
		e.meaning = ErrReadOnly
	}
	e.text = fmt.Sprintf("%s: %v: branch %q (%s)", r, e.meaning, branch, r.clean(why))
	return e
}

// What servers say, in no code that could be compared.
var (
	readOnly   = regexp.MustCompile(`(?i)\barchived\b|repository is (currently )?read[- ]only|read-only (mode|state)`)
	forbidden  = regexp.MustCompile(`(?i)permission|denied|not allowed|forbidden|marked as read[- ]only`)
	notFound   = regexp.MustCompile(`(?i)not found|could not be found|does not exist|does not appear to be a git repository`)
	badLogin   = regexp.MustCompile(`(?i)unable to authenticate|ssh agent|no supported methods remain`)
	broken     = regexp.MustCompile(`(?i)\bEOF\b|connection reset|broken pipe|timeout exceeded`) // go-git wraps some errors as text
	badHostKey = regexp.MustCompile(`(?i)knownhosts:|known_hosts|no common algorithm for host key`)
	locked     = regexp.MustCompile(`(?i)cannot lock ref|failed to lock|failed to update ref|unable to create .*\.lock`)
)

// meaning tells which of the known errors an error is, and whether it may pass.
func meaning(err error) (known error, again bool) {
	if status, ok := errors.AsType[*statusError](err); ok {
		return status.meaning()
	}
	if _, ok := errors.AsType[*knownhosts.KeyError](err); ok {
		return ErrHostKey, false
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return ErrUnreachable, false
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return ErrUnreachable, !dns.IsNotFound
	}
	words := err.Error()
	_, isNetwork := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return ErrNotFound, false
	case badHostKey.MatchString(words):
		return ErrHostKey, false
	case badLogin.MatchString(words):
		return ErrCredentials, false
	case isNetwork, errors.Is(err, errNoReport), broken.MatchString(words):
		return ErrUnreachable, true
	case readOnly.MatchString(words):
		return ErrReadOnly, false
	case forbidden.MatchString(words):
		return ErrPermission, false
	case notFound.MatchString(words):
		return ErrNotFound, false
	default:
		return nil, false
	}
}

func (e *statusError) meaning() (known error, again bool) {
	switch {
	case e.code == http.StatusUnauthorized:
		return ErrCredentials, false
	case readOnly.MatchString(e.words):
		return ErrReadOnly, false
	case e.code == http.StatusForbidden:
		return ErrPermission, false
	case e.code == http.StatusNotFound, e.code == http.StatusGone:
		return ErrNotFound, false
	case e.code == http.StatusTooManyRequests, e.code == http.StatusRequestTimeout, e.code >= 500:
		return ErrUnreachable, true
	default:
		return nil, false
	}
}

// clean makes a server's words fit for an error: no credential that it repeats,
// one line, not too long.
func (r *remote) clean(words string) string {
	for _, secret := range r.secrets {
		words = strings.ReplaceAll(words, secret, "<secret>")
	}
	const longest = 400
	words = oneLine(words)
	if runes := []rune(words); len(runes) > longest {
		words = string(runes[:longest]) + "..."
	}
	return words
}

// oneLine leaves what can be seen: no control character and no override of the
// direction of writing.
func oneLine(text string) string {
	text = escape.ReplaceAllString(text, "")
	return strings.Join(strings.FieldsFunc(text, func(c rune) bool {
		return unicode.IsSpace(c) || unicode.In(c, unicode.Cc, unicode.Cf) || c == unicode.ReplacementChar
	}), " ")
}

// escape is what colors the output of terminals.
var escape = regexp.MustCompile(`\x1b\[[0-9;?]*[ -/]*[@-~]`)
