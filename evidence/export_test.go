package evidence

// WriteRaw lets tests put into an entry what Append would not.
func (f *File) WriteRaw(p []byte) (int, error) { return f.write(p) }
