package repository

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	longestName    = 100 // of what SafeName gives
	longestRef     = 200 // servers keep branches as files, some below long paths
	longestPath    = 1024
	longestElement = 255 // of file names, nearly everywhere
)

// SafeName turns any text into a name that can be one element of a branch and
// of a path, in every repository and on every file system: letters, digits,
// dots, underscores and hyphens of ASCII, at most 100 of them. A text that is
// such a name stays as it is. Any other keeps what is readable of it and gets
// eight digits of its hash, so that texts which look alike keep apart.
func SafeName(text string) string {
	if isSafe(text) {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	suffix := "-" + hex.EncodeToString(sum[:4])
	readable := strings.Trim(unsafeRun.ReplaceAllString(text, "-"), "-._")
	if len(readable) > longestName-len(suffix) {
		readable = strings.TrimRight(readable[:longestName-len(suffix)], "-._")
	}
	switch {
	case readable == "":
		readable = "unnamed"
	case isReserved(readable): // con.txt is still the device
		readable = strings.ReplaceAll(readable, ".", "-")
	}
	return readable + suffix
}

var (
	safe      = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)
	unsafeRun = regexp.MustCompile(`[^A-Za-z0-9._-]+|\.{2,}`)
	reserved  = regexp.MustCompile(`(?i)^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])[ ]*(\..*)?$`)
	dotGit    = regexp.MustCompile(`(?i)^(\.git|git~[0-9]+)[ .]*(:.*)?$`)
)

func isSafe(name string) bool {
	return len(name) <= longestName && safe.MatchString(name) && checkElement(name) == "" && refElement(name) == "" && name != "HEAD"
}

// isReserved says whether Windows takes a file name for a device.
func isReserved(name string) bool { return reserved.MatchString(name) }

// isDotGit says whether some file system takes a name for git's own folder:
// NTFS ignores what trails and has short names, and what HFS+ ignores is gone
// already where this is asked. Letter case is ignored by both.
func isDotGit(name string) bool {
	name = strings.Map(func(c rune) rune {
		if unicode.Is(unicode.Cf, c) {
			return -1
		}
		return c
	}, name)
	return dotGit.MatchString(name)
}

// CheckRef refuses what is no name of a branch, by the rules of git
// check-ref-format and a few more: names that look like options, full
// references or HEAD, and what cannot be seen. The name is without refs/heads/.
func CheckRef(branch string) error {
	problem := ""
	switch {
	case branch == "":
		problem = "it is empty"
	case len(branch) > longestRef:
		problem = fmt.Sprintf("it is longer than %d bytes", longestRef)
	case strings.HasPrefix(branch, "-"):
		problem = "it begins like an option"
	case branch == "HEAD" || branch == "@" || strings.HasPrefix(branch, "refs/"):
		problem = "it means something else"
	case strings.Contains(branch, "@{"):
		problem = "it has @{ in it"
	case strings.ContainsAny(branch, " ~^:?*[\\"):
		problem = "it has a character in it that git keeps for itself"
	default:
		problem = firstProblem(branch, refElement)
	}
	if problem != "" {
		return fmt.Errorf("%s is no name of a branch: %s", shown(branch), problem)
	}
	return nil
}

// refElement says what is wrong with a part of a branch's name between slashes.
func refElement(element string) string {
	switch {
	case element == "":
		return "a part of it is empty"
	case strings.HasPrefix(element, ".") || strings.HasSuffix(element, ".") || strings.Contains(element, ".."):
		return "it has a dot where git allows none"
	case strings.HasSuffix(strings.ToLower(element), ".lock"):
		return "it ends like a lock file of git"
	default:
		return ""
	}
}

// CheckPath refuses what is no path of a file in a repository, everywhere and
// for everybody: what is absolute or leads out, what git keeps for itself, and
// what some system cannot check out.
func CheckPath(name string) error {
	problem := ""
	switch {
	case name == "":
		problem = "it is empty"
	case len(name) > longestPath:
		problem = fmt.Sprintf("it is longer than %d bytes", longestPath)
	case strings.HasPrefix(name, "/"):
		problem = "it is absolute"
	case strings.ContainsAny(name, `<>:"|?*\`):
		problem = "it has a character in it that file systems keep for themselves"
	default:
		problem = firstProblem(name, checkElement)
	}
	if problem != "" {
		return fmt.Errorf("%s is no path in a git repository: %s", shown(name), problem)
	}
	return nil
}

// checkElement says what is wrong with a part of a path between slashes.
func checkElement(element string) string {
	switch {
	case element == "":
		return "a part of it is empty"
	case element == "." || element == "..":
		return "it leads elsewhere"
	case len(element) > longestElement:
		return fmt.Sprintf("a part of it is longer than %d bytes", longestElement)
	case isDotGit(element):
		return "it leads into git's own folder"
	case strings.HasSuffix(element, ".") || strings.HasSuffix(element, " ") || strings.HasPrefix(element, " "):
		return "a part of it has a dot or a space at its end, or a space at its beginning"
	case isReserved(element):
		return "it is a device of Windows"
	default:
		return ""
	}
}

func firstProblem(name string, check func(element string) string) string {
	if !utf8.ValidString(name) || strings.ContainsFunc(name, func(c rune) bool { return unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }) {
		return "it has something in it that cannot be seen"
	}
	for element := range strings.SplitSeq(name, "/") {
		if problem := check(element); problem != "" {
			return problem
		}
	}
	return ""
}

// shown quotes a name for an error.
func shown(name string) string { return fmt.Sprintf("%.120q", name) }
