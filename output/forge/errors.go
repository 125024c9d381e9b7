package forge

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// What an error may mean, for errors.Is.
var (
	ErrUnauthorized = errors.New("the token is not accepted")
	ErrScope        = errors.New("the token lacks a scope")
	ErrForbidden    = errors.New("the token may not do this")
	ErrNotFound     = errors.New("not found, or not for this token to see")
	ErrArchived     = errors.New("the repository is archived")
	ErrExists       = errors.New("there is an open request for this branch already")
	ErrInvalid      = errors.New("the forge refuses this")
	ErrLimited      = errors.New("the forge limits requests")
	ErrUnavailable  = errors.New("the forge does not answer")
)

// errSilent is the cause of an attempt's end.
var errSilent = errors.New("no answer in time")

// Error is a refusal by a forge, or its silence.
type Error struct {
	Reason  error    // one of the errors above
	Status  int      // of the HTTP answer; 0 if there was none
	Message string   // the server's words, or empty
	Scopes  []string // of ErrScope: any of these would do, as far as the server says

	cause error         // of silence
	wait  time.Duration // that the server asks for; 0 if it does not
}

func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString(e.Reason.Error())
	if e.Status != 0 {
		fmt.Fprintf(&text, " (HTTP %d)", e.Status)
	}
	if len(e.Scopes) > 0 {
		fmt.Fprintf(&text, ", give it %s", strings.Join(e.Scopes, " or "))
	}
	if e.Message != "" {
		text.WriteString(": " + e.Message)
	}
	if e.cause != nil {
		text.WriteString(": " + oneLine(e.cause.Error()))
	}
	return text.String()
}

// Unwrap gives the reason, and what it comes from.
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.cause}
}

// plain takes out of an error what the clients have wrapped around it: they
// repeat addresses and whole answers.
func plain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if refusal, ok := errors.AsType[*Error](err); ok {
		return refusal
	}
	return withoutURL(err)
}

func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

const longestMessage = 300 // characters of the server's words

// oneLine makes a server's text fit to be shown: no control or invisible
// characters, no more than enough of it.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		default:
			return r
		}
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > longestMessage {
		s = string(runes[:longestMessage]) + "..."
	}
	return s
}
