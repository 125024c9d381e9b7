package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"gocloud.dev/gcerrors"
)

// What an error may be, told with errors.Is.
var (
	ErrNotFound = errors.New("the bucket, or the bundle in it, does not exist")
	ErrDenied   = errors.New("the store refuses the credentials")
	ErrDamaged  = errors.New("the bytes are not the bundle's")
)

// apiError is how AWS's library, which has many types of errors, tells the
// service's own code and words.
type apiError interface {
	error
	ErrorCode() string
	ErrorMessage() string
}

// httpError is how it tells the answer's status.
type httpError interface {
	error
	HTTPStatusCode() int
}

// denied tells whether a store refused the credentials: by the driver's
// judgement, by the status, or by those of S3's codes that come with another one.
func denied(err error) bool {
	var (
		api    apiError
		answer httpError
	)
	switch {
	case gcerrors.Code(err) == gcerrors.PermissionDenied:
		return true
	case errors.As(err, &answer) && (answer.HTTPStatusCode() == http.StatusUnauthorized || answer.HTTPStatusCode() == http.StatusForbidden):
		return true
	default:
		return errors.As(err, &api) && slices.Contains([]string{"ExpiredToken", "InvalidToken", "TokenRefreshRequired"}, api.ErrorCode())
	}
}

// failure puts an error of a driver into few words that hold no secret.
func failure(doing string, err error) error {
	switch {
	case errors.Is(err, ErrDamaged), errors.Is(err, ErrDenied): // already in our words
		return fmt.Errorf("%s: %w", doing, err)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", doing, context.Canceled)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", doing, context.DeadlineExceeded)
	case strings.Contains(err.Error(), "get credentials"):
		return fmt.Errorf("%s: %w: none were found in the environment or in files", doing, ErrDenied)
	case strings.Contains(err.Error(), "Invalid region"), strings.Contains(err.Error(), "Missing Region"):
		return fmt.Errorf("%s: the bucket's region is not known: write ?region= or set AWS_REGION", doing)
	case denied(err):
		return fmt.Errorf("%s: %w (%s)", doing, ErrDenied, reason(err))
	case gcerrors.Code(err) == gcerrors.NotFound:
		return fmt.Errorf("%s: %w (%s)", doing, ErrNotFound, reason(err))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: the connection was lost", doing)
	default:
		return fmt.Errorf("%s: %s", doing, reason(err))
	}
}

// wrapping is what blob puts before each error: we have said what we did.
var wrapping = regexp.MustCompile(`^blob (\(key "[^"]*"\) )?\(code=\w+\): `)

// secretParts are what an address in an error may hold besides the place:
// userinfo, and a query with a signature.
var secretParts = regexp.MustCompile(`(://)[^/\s"@]*@|\?[^\s"]+`)

// reason is what went wrong below all that libraries wrap around it.
func reason(err error) string {
	const longest = 300
	var (
		api     apiError
		request *url.Error
	)
	words := wrapping.ReplaceAllString(err.Error(), "")
	switch {
	case errors.As(err, &api):
		words = api.ErrorCode() + ": " + api.ErrorMessage()
	case errors.As(err, &request):
		words = request.Err.Error()
	}
	words = secretParts.ReplaceAllString(strings.Join(strings.Fields(words), " "), "$1")
	if len(words) > longest {
		words = strings.ToValidUTF8(words[:longest], "") + "…"
	}
	return words
}

// lostRace tells whether S3 refused an upload because of another one of the
// same key at the same time: it asks to try again.
func lostRace(err error) bool {
	var api apiError
	return errors.As(err, &api) && api.ErrorCode() == "ConditionalRequestConflict"
}
