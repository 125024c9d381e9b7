package collectors

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/debrief-sre/debrief/evidence"
)

// statusError is an HTTP answer that is no success, for sources that are asked
// over plain HTTP.
type statusError struct {
	code    int
	message string // the source's words, without secrets
}

func (e *statusError) Error() string {
	text := http.StatusText(e.code)
	if e.message != "" {
		text += ": " + e.message
	}
	return text
}

// classify tells what kind of gap an error leaves.
func classify(err error) evidence.Status {
	var status *statusError
	var unasked *unaskedError
	switch {
	case errors.As(err, &unasked):
		return classify(unasked.err)
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return evidence.StatusDenied
	case meta.IsNoMatchError(err), apierrors.IsNotFound(err):
		return evidence.StatusAbsent
	case errors.As(err, &status) && (status.code == http.StatusUnauthorized || status.code == http.StatusForbidden):
		return evidence.StatusDenied
	default:
		return evidence.StatusUnreachable
	}
}

// reason puts an error into the words of a coverage record: without the
// address that a *url.Error repeats, which may carry credentials.
func reason(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		if errors.Is(u.Err, context.DeadlineExceeded) {
			return "no answer in time"
		}
		return oneLine(u.Err.Error())
	}
	return oneLine(err.Error())
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// withoutUserInfo drops a name and password from an address. What does not
// parse is no address that could be asked, and may hold anything.
func withoutUserInfo(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.User = nil
	return u.String()
}
