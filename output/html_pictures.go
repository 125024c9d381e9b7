package output

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// placePictures puts our own pictures in the place of the paragraphs that show
// them. Every other image stays an image in the tree, and is rendered as its
// alternative text: a page that fetches nothing has none.
func (s *sheet) placePictures() {
	for _, n := range s.all(ast.KindParagraph) {
		names := s.shownIn(n)
		for _, name := range names {
			figure := &markup{html: s.pictures[name].Inline()}
			delete(s.pictures, name) // a second copy would have the same ids
			n.Parent().InsertBefore(n.Parent(), n, figure)
			s.placed = append(s.placed, figure)
			for _, match := range markID.FindAllStringSubmatch(figure.html, -1) {
				s.marks[match[1]], s.ids[match[1]] = true, true
			}
		}
		if len(names) > 0 {
			n.Parent().RemoveChild(n.Parent(), n)
		}
	}
}

var (
	markID  = regexp.MustCompile(` id="(mark-[A-Za-z0-9_-]+)"`)
	rowLink = regexp.MustCompile(` href="#(row-[A-Za-z0-9_-]+)"`)
)

// shownIn are our pictures in a paragraph that holds nothing else.
func (s *sheet) shownIn(paragraph ast.Node) []string {
	var names []string
	for n := paragraph.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Image:
			name, err := url.PathUnescape(strings.TrimPrefix(string(n.Destination), "./"))
			if _, ours := s.pictures[name]; err != nil || !ours || len(names) > 0 && names[len(names)-1] == name {
				return nil
			}
			names = append(names, name)
		case *ast.Text:
			if strings.TrimSpace(string(n.Value(s.source))) != "" {
				return nil
			}
		default:
			return nil
		}
	}
	return names
}

// linkPictures takes back the links to rows that are not in the document.
func (s *sheet) linkPictures() {
	for _, figure := range s.placed {
		linked := rowLink.ReplaceAllStringFunc(figure.html, func(link string) string {
			if s.ids[rowLink.FindStringSubmatch(link)[1]] {
				return link
			}
			return ""
		})
		figure.html = "<figure>\n" + linked + "\n</figure>\n"
	}
}
