package config

import (
	"fmt"
	"strings"
)

// instead ends a message about a word that is not known with those that are.
func instead(message, word string, known []string) string {
	if near := nearest(word, known); near != "" {
		message += fmt.Sprintf("; did you mean %q?", near)
	}
	return message + " (allowed: " + strings.Join(known, ", ") + ")"
}

// nearest is the known word that was most likely meant: one with at most a
// third of its letters wrong, or one that begins with it. It is empty when none
// is near.
func nearest(word string, known []string) string {
	best, least := "", len(word)/3+1
	for _, candidate := range known {
		if d := distance(plain(word), plain(candidate)); d < least {
			best, least = candidate, d
		}
	}
	for _, candidate := range known {
		if best == "" && len(word) >= 4 && strings.HasPrefix(plain(candidate), plain(word)) {
			best = candidate
		}
	}
	return best
}

// plain leaves out what people do not remember: case and separators.
func plain(s string) string { return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(s)) }

// distance is how many letters must be put in, left out, replaced or swapped
// with their neighbour to make one word of another.
func distance(a, b string) int {
	before, previous := []int(nil), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := range len(a) {
		current := make([]int, len(b)+1)
		current[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			current[j+1] = min(previous[j]+cost, previous[j+1]+1, current[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				current[j+1] = min(current[j+1], before[j-1]+1)
			}
		}
		before, previous = previous, current
	}
	return previous[len(b)]
}
