package templates

import (
	"errors"
	"io"
	"reflect"
	"time"

	"github.com/debrief-sre/debrief/timeline"
)

// check renders reports in which everything and nothing is known, to find names
// that do not exist before any work is done. Other errors are left to the real
// report: a template may refuse some.
func (s *Set) check() error {
	for _, v := range []View{{}, sample()} {
		err := s.root.ExecuteTemplate(io.Discard, Entry, v)
		if err == nil {
			continue
		}
		if mistake, ok := errors.AsType[*Error](s.explain(err)); ok && mistake.certain {
			return mistake
		}
	}
	return nil
}

// sample is a view in which every field has a value.
func sample() View {
	var v View
	fill(reflect.ValueOf(&v).Elem(), "x")
	return v
}

// fill sets every field below v: strings to s, numbers, flags and times to
// something, pointers and lists to a thing and two things. The vocabularies
// that debrief itself writes keep to their words.
func fill(v reflect.Value, s string) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, time.November, 22, 19, 55, 8, 0, time.UTC)))
		return
	case timeline.Cause, timeline.Confidence:
		v.SetString("unknown")
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(3)
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), s)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), s)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), s)
		}
	}
}
