package publish_test

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/e2e/gitserver"
)

// promptMark ends what debrief asks people to fill in.
const promptMark = "<!-- debrief:prompt -->"

func TestOpen(t *testing.T) {
	t.Parallel()
	repo, p := newRepository(t, withReadme, "formats: [html, json]", "bundle: true",
		"request: {labels: [postmortem, availability], reviewers: [carol], draft: true}")
	if err := repo.AddLabel(t.Context(), "postmortem"); err != nil { // the other one is new
		t.Fatal(err)
	}
	if err := repo.AddCollaborator(t.Context(), carol); err != nil {
		t.Fatal(err)
	}
	main := branches(t, &repo.Repository)["main"]
	url := p.done(t, recorded)

	request := onlyRequest(t, repo)
	type brief struct {
		URL, State, Branch, Base, Author string
		Draft                            bool
		Labels, Reviewers                []string
	}
	got := brief{request.URL, request.State, request.Head.Branch, request.Base.Branch, request.User.Login, request.Draft, nil, nil}
	for _, label := range request.Labels {
		got.Labels = append(got.Labels, label.Name)
	}
	slices.Sort(got.Labels)
	for _, reviewer := range request.Reviewers {
		got.Reviewers = append(got.Reviewers, reviewer.Login)
	}
	want := brief{url, "open", head, "main", bot, true, []string{"availability", "postmortem"}, []string{carol}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the request (-want +got):\n%s", diff)
	}
	if !strings.Contains(request.Title, "Postmortem: ") || !strings.Contains(request.Title, "checkout") {
		t.Errorf("the request's title is %q", request.Title)
	}
	for _, words := range []string{document, "Open questions", "budget"} {
		if !strings.Contains(request.Body, words) {
			t.Errorf("the request's description has no %q:\n%s", words, request.Body)
		}
	}

	now := branches(t, &repo.Repository)
	if want := []string{"main", head}; cmp.Diff(want, sorted(now)) != "" || now["main"] != main {
		t.Errorf("branches %v, want %v and main still at %s", now, want, main)
	}
	commits, err := repo.Log(t.Context(), "main.."+head)
	if err != nil {
		t.Fatal(err)
	}
	if len(commits) != 1 || commits[0].Author != "Debrief Bot" || !strings.HasPrefix(commits[0].Subject, "Postmortem: ") {
		t.Errorf("commits on the branch: %+v", commits)
	}
	published := files(t, &repo.Repository, head, "main")
	stem := strings.TrimSuffix(document, ".md")
	for _, file := range []string{document, stem + ".html", stem + ".json", stem + ".bundle.zip"} {
		if published[file] == "" {
			t.Errorf("%s is not on the branch: %v", file, sorted(published))
		}
	}
	if !strings.HasPrefix(published[document], "---\n") || !strings.Contains(published[document], promptMark) {
		t.Errorf("the document is not whole:\n%s", published[document])
	}
	checkLinks(t, published)

	if again := p.done(t, recorded); again != url {
		t.Errorf("a second run prints %q, want %q", again, url)
	}
	if diff := cmp.Diff(now, branches(t, &repo.Repository)); diff != "" {
		t.Errorf("a second run with the same facts moved branches:\n%s", diff)
	}
	if second := onlyRequest(t, repo); second.Body != request.Body || second.Title != request.Title {
		t.Error("a second run with the same facts changed the request")
	}
}

// localLink is a link or a picture of Markdown.
var localLink = regexp.MustCompile(`\]\(([^)#\s]+)`)

// checkLinks checks that what the document links to lies beside it.
func checkLinks(t *testing.T, published map[string]string) {
	t.Helper()
	pictures := 0
	for _, match := range localLink.FindAllStringSubmatch(published[document], -1) {
		target := strings.Trim(match[1], "<>")
		if strings.Contains(target, ":") {
			continue // elsewhere
		}
		if _, ok := published[path.Join(path.Dir(document), target)]; !ok {
			t.Errorf("the document links to %s, which is not there: %v", target, sorted(published))
		}
		if path.Ext(target) == ".svg" {
			pictures++
		}
	}
	if pictures == 0 {
		t.Error("the document shows no picture")
	}
}

func TestKeepsWhatPeopleDo(t *testing.T) {
	t.Parallel()
	repo, p := newRepository(t, withReadme)
	url := p.done(t, recorded)

	alices := person(t, repo, head)
	text, err := repo.File(t.Context(), head, document)
	if err != nil {
		t.Fatal(err)
	}
	const answer = "Because the pool size was a default nobody had chosen."
	commit := push(t, alices, map[string]string{
		document:                      answered(t, text, answer),
		"postmortems/2026/sketch.txt": "on the whiteboard\n",
	})
	request := onlyRequest(t, repo)
	const before, after = "Please read until Friday.\n\n", "\nSee also #12.\n"
	if err := repo.EditBody(t.Context(), request.Number, before+request.Body+after); err != nil {
		t.Fatal(err)
	}
	if err := repo.EditTitle(t.Context(), request.Number, "Checkout ran out of connections"); err != nil {
		t.Fatal(err)
	}

	if again := p.done(t, collectedAgain(t)); again != url {
		t.Errorf("the second run prints %q, want %q", again, url)
	}
	published := files(t, &repo.Repository, head, "main")
	for _, words := range []string{answer, note} {
		if !strings.Contains(published[document], words) {
			t.Errorf("the document has no %q", words)
		}
	}
	if got := published["postmortems/2026/sketch.txt"]; got != "on the whiteboard\n" {
		t.Errorf("alice's file is %q", got)
	}
	if !repo.Contains(t.Context(), head, commit) {
		t.Error("alice's commit is gone from the branch")
	}
	now := onlyRequest(t, repo)
	if now.Title != "Checkout ran out of connections" {
		t.Errorf("the request's title is %q: alice's is lost", now.Title)
	}
	if !strings.HasPrefix(now.Body, before) || !strings.HasSuffix(strings.TrimSpace(now.Body), strings.TrimSpace(after)) {
		t.Errorf("the request's description has lost what alice wrote:\n%s", now.Body)
	}
	if now.Body == before+request.Body+after {
		t.Error("the request's description was not updated")
	}
}

// answered is a document with its first question answered.
func answered(t *testing.T, document, answer string) string {
	t.Helper()
	lines := strings.SplitAfter(document, "\n")
	i := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, promptMark) })
	if i < 0 {
		t.Fatalf("the document asks nothing:\n%s", document)
	}
	lines[i] = answer + "\n"
	return strings.Join(lines, "")
}

// TestEditedBlock: what people wrote inside a block of debrief's is not replaced
// unless they say so, and is kept then.
func TestEditedBlock(t *testing.T) {
	t.Parallel()
	repo, p := newRepository(t, withReadme)
	p.done(t, recorded)
	text, err := repo.File(t.Context(), head, document)
	if err != nil {
		t.Fatal(err)
	}
	begin := strings.Index(text, "<!-- debrief:begin summary")
	end := strings.Index(text, "<!-- debrief:end summary")
	if begin < 0 || end < begin {
		t.Fatalf("the document has no block named summary:\n%s", text)
	}
	const better = "A better summary than any machine's.\n"
	commit := push(t, person(t, repo, head), map[string]string{document: text[:end] + better + text[end:]})

	again := collectedAgain(t)
	p.fails(t, again, "summary", "--force")
	if now := branches(t, &repo.Repository)[head]; now != commit {
		t.Errorf("the branch moved from %s to %s", commit, now)
	}
	p.done(t, again, "--force")
	published := files(t, &repo.Repository, head, "main")
	if strings.Contains(published[document], better) || !strings.Contains(published[document], note) {
		t.Error("--force did not renew the block")
	}
	delete(published, document)
	kept := false
	for _, content := range published {
		kept = kept || strings.Contains(content, better)
	}
	if !kept || !repo.Contains(t.Context(), head, commit) {
		t.Errorf("what alice wrote is not kept beside the document: %v", sorted(published))
	}
}

// TestMerged: a merged request is followed by another only if the facts
// changed, and that builds on what was merged, people's edits included.
func TestMerged(t *testing.T) {
	t.Parallel()
	for _, deleted := range []bool{false, true} {
		name := "branch kept"
		if deleted {
			name = "branch deleted"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repo, p := newRepository(t, withReadme)
			url := p.done(t, recorded)
			request := onlyRequest(t, repo)
			if err := repo.Merge(t.Context(), request.Number); err != nil {
				t.Fatal(err)
			}
			onMain := person(t, repo, "main")
			if deleted {
				if _, err := onMain.Git(t.Context(), "push", "--quiet", "origin", ":"+head); err != nil {
					t.Fatal(err)
				}
			}
			before := branches(t, &repo.Repository)
			if again := p.done(t, recorded); again != url {
				t.Errorf("publishing what was merged prints %q, want %q", again, url)
			}
			onlyRequest(t, repo)
			if diff := cmp.Diff(before, branches(t, &repo.Repository)); diff != "" {
				t.Errorf("publishing what was merged moved branches:\n%s", diff)
			}

			text, err := repo.File(t.Context(), "main", document)
			if err != nil {
				t.Fatal(err)
			}
			const answer = "Reviewed by everybody."
			push(t, onMain, map[string]string{document: answered(t, text, answer)})
			later := collectedAgain(t)
			second := p.done(t, later)
			if second == url {
				t.Errorf("new facts went to the merged request %s", url)
			}
			requests, err := repo.Requests(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			if len(requests) != 2 || requests[0].URL != second || requests[0].State != "open" || requests[0].Head.Branch == head {
				t.Fatalf("requests after new facts: %v", requests)
			}
			published := files(t, &repo.Repository, requests[0].Head.Branch, "")
			for _, words := range []string{answer, note} {
				if !strings.Contains(published[document], words) {
					t.Errorf("the new request's document has no %q", words)
				}
			}
			if third := p.done(t, later); third != second {
				t.Errorf("a third run prints %q, want %q", third, second)
			}
			if requests, err = repo.Requests(t.Context(), ""); err != nil || len(requests) != 2 {
				t.Errorf("there are %d requests, want 2 (%v)", len(requests), err)
			}
		})
	}
}

// TestClosed: a request that people closed stays closed, and is updated again
// when they reopen it.
func TestClosed(t *testing.T) {
	t.Parallel()
	repo, p := newRepository(t, withReadme)
	url := p.done(t, recorded)
	request := onlyRequest(t, repo)
	if err := repo.Close(t.Context(), request.Number); err != nil {
		t.Fatal(err)
	}
	before := branches(t, &repo.Repository)
	later := collectedAgain(t)
	if again := p.done(t, later); again != url {
		t.Errorf("publishing to a closed request prints %q, want %q", again, url)
	}
	if now := onlyRequest(t, repo); now.State != "closed" || now.Body != request.Body {
		t.Errorf("the closed request is now %+v", now)
	}
	if diff := cmp.Diff(before, branches(t, &repo.Repository)); diff != "" {
		t.Errorf("publishing to a closed request moved branches:\n%s", diff)
	}

	if err := repo.Reopen(t.Context(), request.Number); err != nil {
		t.Fatal(err)
	}
	p.done(t, later)
	if text := files(t, &repo.Repository, head, "main")[document]; !strings.Contains(text, note) {
		t.Error("the reopened request was not updated")
	}
	onlyRequest(t, repo)
}

// TestMovedBase: a base branch that went on meanwhile is no reason to touch it,
// or to leave the branch alone.
func TestMovedBase(t *testing.T) {
	t.Parallel()
	repo, p := newRepository(t, withReadme)
	url := p.done(t, recorded)
	moved := push(t, person(t, repo, "main"), map[string]string{"README.md": "# All our postmortems\n"})
	if again := p.done(t, collectedAgain(t)); again != url {
		t.Errorf("the second run prints %q, want %q", again, url)
	}
	if now := branches(t, &repo.Repository)["main"]; now != moved {
		t.Errorf("main moved from %s to %s", moved, now)
	}
	if err := repo.Merge(t.Context(), onlyRequest(t, repo).Number); err != nil {
		t.Fatal(err)
	}
	published := files(t, &repo.Repository, "main", "")
	if published["README.md"] != "# All our postmortems\n" || !strings.Contains(published[document], note) {
		t.Error("the merge has not brought both together")
	}
}

// TestTwoIncidents: each has its request.
func TestTwoIncidents(t *testing.T) {
	t.Parallel()
	repo, p := newRepository(t, withReadme)
	first, second := p.done(t, recorded), p.done(t, another)
	requests, err := repo.Requests(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(requests) != 2 || requests[0].URL != second || requests[1].URL != first {
		t.Errorf("requests %v, want %s and %s", requests, second, first)
	}
}

func TestDefaultBranch(t *testing.T) {
	t.Parallel()
	repo, p := newRepository(t, gitserver.Options{DefaultBranch: "trunk", Files: withReadme.Files})
	p.done(t, recorded)
	if request := onlyRequest(t, repo); request.Base.Branch != "trunk" {
		t.Errorf("the request goes to %q, want trunk", request.Base.Branch)
	}
	if want, got := []string{head, "trunk"}, sorted(branches(t, &repo.Repository)); cmp.Diff(want, got) != "" {
		t.Errorf("branches %v, want %v", got, want)
	}
}
