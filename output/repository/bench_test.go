package repository

import (
	"context"
	"fmt"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/debrief-sre/debrief/internal/gittest"
)

// BenchmarkUpdate5000 is one update of a repository with 5,000 files, from
// opening to closing, beside a bare fetch of the same.
func BenchmarkUpdate5000(b *testing.B) {
	s := gittest.New(b)
	s.Commit("main", manyFiles(5000)...)
	n := 0
	for name, do := range map[string]func(context.Context, *Repository) error{
		"fetch": func(ctx context.Context, r *Repository) error {
			_, err := r.fetch(ctx, func(now refs) plumbing.Hash { return now.branches["main"] })
			return err
		},
		"update": func(ctx context.Context, r *Repository) error {
			n++
			_, err := r.Update(ctx, Update{Branch: "main", Change: write(textFile("team-07/2026/a.md", fmt.Sprint(n)))})
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r, err := Open(b.Context(), settings(s.URL))
				if err != nil {
					b.Fatal(err)
				}
				if err := do(b.Context(), r); err != nil {
					b.Fatal(err)
				}
				if err := r.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
