package output

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// A document is shared: debrief owns the blocks between
//
//	<!-- debrief:begin NAME -->
//	<!-- debrief:end NAME sum=... -->
//
// and people own everything else. The sum is over the block's lines, so that a
// block that somebody edited is known as such. Markers stand alone on their
// line; inside fenced code they are text.

// part is a stretch of a document: a block, or what stands between blocks.
type part struct {
	name  string // empty for what people own
	begin string // the marker's line as it is
	body  string // the lines between the markers, or the text itself
	end   string
	sum   string // as the end marker states it
	line  int    // where it begins, from 1
}

var marker = regexp.MustCompile(`^<!-- debrief:(begin|end) ([a-z0-9-]+)(?: sum=([0-9a-f]+))? -->$`)

// parseBlocks splits a document. Markers that are missing, reversed, nested or
// duplicate are errors that name the line.
func parseBlocks(document []byte) ([]part, error) {
	var parts []part
	seen := map[string]int{}
	current := part{line: 1}
	fence := ""
	number, offset, bodyAt := 0, 0, 0
	whole := string(document)
	for line := range strings.Lines(whole) {
		number++
		offset += len(line)
		text := strings.TrimRight(line, "\r\n")
		fence = fenceAfter(fence, text)
		match := marker.FindStringSubmatch(strings.TrimSpace(text))
		switch {
		case fence != "" || match == nil:
			if current.body == "" {
				bodyAt = offset - len(line)
			}
			current.body = whole[bodyAt:offset] // the lines of a body are next to each other
		case match[1] == "begin":
			if current.name != "" {
				return nil, fmt.Errorf("line %d: block %q begins inside block %q, which has no end marker before it", number, match[2], current.name)
			}
			if at := seen[match[2]]; at > 0 {
				return nil, fmt.Errorf("line %d: block %q stands twice; the first begins in line %d", number, match[2], at)
			}
			seen[match[2]] = number
			if current.body != "" {
				parts = append(parts, current)
			}
			current = part{name: match[2], begin: line, line: number}
		default:
			if current.name != match[2] {
				return nil, fmt.Errorf("line %d: block %q ends here but does not begin before", number, match[2])
			}
			current.end, current.sum = line, match[3]
			parts = append(parts, current)
			current = part{line: number + 1}
		}
	}
	if current.name != "" {
		return nil, fmt.Errorf("line %d: block %q has no end marker", current.line, current.name)
	}
	if current.body != "" {
		parts = append(parts, current)
	}
	return parts, nil
}

var fenceMark = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})(.*)$")

// fenceAfter follows fenced code: it returns the fence that is open after a
// line, or nothing.
func fenceAfter(open, line string) string {
	match := fenceMark.FindStringSubmatch(line)
	switch {
	case match == nil:
		return open
	case open == "":
		if match[1][0] == '`' && strings.Contains(match[2], "`") {
			return "" // inline code, not a fence
		}
		return match[1]
	case match[1][0] == open[0] && len(match[1]) >= len(open) && strings.TrimSpace(match[2]) == "":
		return ""
	default:
		return open
	}
}

// sumOf is a block's checksum: over its lines with plain line breaks, so that
// an editor that changes those alone changes nothing.
func sumOf(body string) string {
	sum := sha256.Sum256([]byte(strings.ReplaceAll(body, "\r\n", "\n")))
	return hex.EncodeToString(sum[:8])
}

// seal writes the checksums into a freshly rendered document's end markers.
func seal(document []byte) ([]byte, error) {
	parts, err := parseBlocks(document)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	var out bytes.Buffer
	for _, p := range parts {
		if p.name != "" {
			p.end = endMarker(p.name, p.body) + "\n"
		}
		out.WriteString(p.begin + p.body + p.end)
	}
	return out.Bytes(), nil
}

func endMarker(name, body string) string {
	return fmt.Sprintf("<!-- debrief:end %s sum=%s -->", name, sumOf(body))
}

// EditedError says that people edited blocks that debrief owns.
type EditedError struct {
	Blocks []string
	Lines  []int // where each begins
}

func (e *EditedError) Error() string {
	at := make([]string, len(e.Blocks))
	for i, name := range e.Blocks {
		at[i] = fmt.Sprintf("%s (line %d)", name, e.Lines[i])
	}
	return "these blocks were edited by hand: " + strings.Join(at, ", ") +
		"; move your words outside the block, or use --force to replace it and keep the edited text beside the document"
}

// Edited is a block as people left it.
type Edited struct{ Name, Body string }

// Update brings an existing document up to date with a fresh one: the blocks
// that stand in both are renewed and everything else is kept byte for byte.
// Blocks that people deleted stay deleted. Edited blocks are an *EditedError,
// or, with force, replaced and returned.
func Update(existing, fresh []byte, force bool) (updated []byte, replaced []Edited, err error) {
	old, err := parseBlocks(existing)
	if err != nil {
		return nil, nil, err
	}
	parts, err := parseBlocks(fresh)
	if err != nil {
		return nil, nil, fmt.Errorf("fresh document: %w", err)
	}
	renewed := map[string]string{}
	for _, p := range parts {
		if p.name != "" {
			renewed[p.name] = p.body
		}
	}
	edited := &EditedError{}
	var out bytes.Buffer
	for _, p := range old {
		body, known := renewed[p.name]
		if p.name == "" || !known {
			out.WriteString(p.begin + p.body + p.end)
			continue
		}
		if sumOf(p.body) != p.sum {
			edited.Blocks, edited.Lines = append(edited.Blocks, p.name), append(edited.Lines, p.line)
			replaced = append(replaced, Edited{p.name, p.body})
		}
		out.WriteString(p.begin + lineBreaksLike(p.begin, body) + renewEnd(p, body))
	}
	if len(edited.Blocks) > 0 && !force {
		return nil, nil, edited
	}
	return out.Bytes(), replaced, nil
}

// lineBreaksLike gives text the line breaks of the document it goes into.
func lineBreaksLike(line, text string) string {
	if strings.HasSuffix(line, "\r\n") {
		return strings.ReplaceAll(text, "\n", "\r\n")
	}
	return text
}

// renewEnd is the block's end marker with the sum of its new body.
func renewEnd(p part, body string) string {
	ending := p.end[len(strings.TrimRight(p.end, "\r\n")):]
	return endMarker(p.name, body) + ending
}

// Block is the text of a block that a document has.
func Block(document []byte, name string) (text string, found bool) {
	parts, err := parseBlocks(document)
	if err != nil {
		return "", false
	}
	for _, p := range parts {
		if p.name == name {
			return p.body, true
		}
	}
	return "", false
}

// Seal writes the checksums into the end markers of a document that was made
// otherwise than by [New]. [Update] then brings it up to date.
func Seal(document []byte) ([]byte, error) { return seal(document) }

// Verify tells how many blocks of debrief's a document has. Blocks that were
// edited by hand are an [*EditedError], markers out of order another error.
func Verify(document []byte) (blocks int, err error) {
	parts, err := parseBlocks(document)
	if err != nil {
		return 0, err
	}
	edited := &EditedError{}
	for _, p := range parts {
		if p.name == "" {
			continue
		}
		blocks++
		if sumOf(p.body) != p.sum {
			edited.Blocks, edited.Lines = append(edited.Blocks, p.name), append(edited.Lines, p.line)
		}
	}
	if len(edited.Blocks) > 0 {
		return blocks, edited
	}
	return blocks, nil
}
