package output

import "io"

// File is one file of an incident's documents.
type File struct {
	Name   string // without a folder
	Render func(io.Writer) error
	Stable bool // the same bytes each time
}

// Files are the document in the given formats, with the pictures that those
// show. They belong into one folder.
func (d Document) Files(formats []Format) []File {
	var files []File
	for _, format := range formats {
		files = append(files, File{
			Name: d.Report.Name + format.Extension, Stable: !format.OnRequest,
			Render: func(w io.Writer) error { return format.Render(w, d) },
		})
		if !format.Pictures {
			continue
		}
		for _, p := range Pictures(d.Report) {
			files = append(files, File{Name: p.File, Render: p.Write, Stable: true})
		}
	}
	return files
}
