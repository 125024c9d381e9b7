package output

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
)

// TestPictures: the Markdown shows each picture that there is a file of, by
// the file's name.
func TestPictures(t *testing.T) {
	story := storyOf()
	d, _, err := New(templates.Default(), story, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	pictures := Pictures(d.Report)
	if len(pictures) == 0 {
		t.Fatal("nothing was drawn")
	}
	for _, p := range pictures {
		if !strings.HasPrefix(p.File, story.Name+"-") || !bytes.Contains(d.Markdown, []byte("]("+p.File+")")) {
			t.Errorf("the Markdown does not show %s", p.File)
		}
		var file bytes.Buffer
		if err := p.Write(&file); err != nil {
			t.Fatal(err)
		}
		for decoder := xml.NewDecoder(&file); ; {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", p.File, err)
			}
		}
	}
}

func TestLoneDocumentsShowNoPicture(t *testing.T) {
	d, err := Lone(templates.Default(), storyOf())
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(d.Markdown, []byte("![")) || bytes.Contains(d.Markdown, []byte(".svg")) {
		t.Error("it shows a picture")
	}
}

func TestNoPictures(t *testing.T) {
	if pictures := Pictures(report.Report{Name: "2026-11-22-x"}); len(pictures) > 0 {
		t.Errorf("drawn: %v", pictures)
	}
}
